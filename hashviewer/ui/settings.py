"""What the window remembers between runs, in an ini file of the user's."""

import json
from pathlib import Path
from typing import TypeVar

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

from hashviewer.search import DISTANCES, MODES, ORDERS
from hashviewer.ui.explorer import Options
from hashviewer.ui.opening import from_anywhere
from hashviewer.ui.theme import Mode

RECENT = 10
Choice = TypeVar("Choice", bound=str)


class Settings:
    """Typed access to the settings file."""

    def __init__(self, path: Path | None = None) -> None:
        file = path or platformdirs.user_config_path("hashviewer", appauthor=False) / "window.ini"
        self._store = QSettings(str(file), QSettings.Format.IniFormat)

    def sync(self) -> None:
        """Write everything to the file now."""
        self._store.sync()

    @property
    def geometry(self) -> QByteArray:
        """The window's place; empty at first."""
        return self._bytes("window/geometry")

    @geometry.setter
    def geometry(self, state: QByteArray) -> None:
        self._store.setValue("window/geometry", state)

    @property
    def layout(self) -> QByteArray:
        """Docks and tool bars; empty at first."""
        return self._bytes("window/layout")

    @layout.setter
    def layout(self, state: QByteArray) -> None:
        self._store.setValue("window/layout", state)

    @property
    def theme(self) -> Mode:
        """The theme chosen."""
        return Mode(self._text("theme", Mode.SYSTEM.value, allowed={mode.value for mode in Mode}))

    @theme.setter
    def theme(self, mode: Mode) -> None:
        self._store.setValue("theme", mode.value)

    @property
    def options(self) -> Options:
        """How queries are answered."""
        usual = Options()
        reach = self._text("search/reach", "")
        return Options(
            k=max(1, self._number("k", usual.k)),
            rerank=self._number("rerank", usual.rerank),
            mode=self._one_of("search/mode", MODES, usual.mode),
            distance=self._one_of("search/distance", DISTANCES, usual.distance),
            probe=self._number("search/probe", usual.probe),
            probing=self._one_of("search/probing", ORDERS, usual.probing),
            tables=max(1, self._number("search/tables", usual.tables)),
            reach=int(reach) if reach.isdecimal() else None,
            by_mean=self._text("search/by mean", "") == "yes",
            turned=self._text("search/turned", "") == "yes",
            rerank_by=self._text("search/re-rank by", usual.rerank_by),
        )

    @options.setter
    def options(self, options: Options) -> None:
        self._store.setValue("k", options.k)
        self._store.setValue("rerank", options.rerank)
        self._store.setValue("search/mode", options.mode)
        self._store.setValue("search/distance", options.distance)
        self._store.setValue("search/probe", options.probe)
        self._store.setValue("search/probing", options.probing)
        self._store.setValue("search/tables", options.tables)
        self._store.setValue("search/reach", "" if options.reach is None else str(options.reach))
        self._store.setValue("search/by mean", "yes" if options.by_mean else "no")
        self._store.setValue("search/turned", "yes" if options.turned else "no")
        self._store.setValue("search/re-rank by", options.rerank_by)

    @property
    def suggests_radius(self) -> bool:
        """Whether the radius is suggested at every query."""
        return self._text("radius", "suggested") == "suggested"

    @property
    def radius(self) -> int:
        """The radius kept when none is suggested, in bits."""
        kept = self._text("radius", "0")
        return int(kept) if kept.isdecimal() else 0

    def keep_radius(self, radius: int | None) -> None:
        """Remember a radius; None: suggest one at every query."""
        self._store.setValue("radius", "suggested" if radius is None else str(radius))

    @property
    def cell_size(self) -> int:
        """Edge of the grid's cells, px; 0 when none was chosen."""
        return self._number("cell size", 0)

    @cell_size.setter
    def cell_size(self, size: int) -> None:
        self._store.setValue("cell size", size)

    @property
    def training(self) -> str:
        """The training begun last, as JSON; empty when there was none."""
        return self._text("training", "")

    @training.setter
    def training(self, plan: str) -> None:
        self._store.setValue("training", plan)

    @property
    def recent(self) -> list[Path]:
        """The libraries opened last, the latest first."""
        try:
            names = json.loads(self._text("recent", "[]"))
        except json.JSONDecodeError:
            return []
        return [Path(name) for name in names if isinstance(name, str)] if isinstance(names, list) else []

    def add_recent(self, path: Path) -> None:
        """A library was opened."""
        kept = from_anywhere(path)
        paths = [kept, *(known for known in self.recent if known != kept)]
        self._store.setValue("recent", json.dumps([str(known) for known in paths[:RECENT]]))

    def forget_recent(self, path: Path) -> None:
        """A library is no longer there."""
        self._store.setValue("recent", json.dumps([str(known) for known in self.recent if known != path]))

    def _bytes(self, name: str) -> QByteArray:
        value = self._store.value(name)
        return value if isinstance(value, QByteArray) else QByteArray()

    def _text(self, name: str, default: str, *, allowed: set[str] | None = None) -> str:
        value = self._store.value(name, default)
        return value if isinstance(value, str) and (allowed is None or value in allowed) else default

    def _one_of(self, name: str, known: tuple[Choice, ...], default: Choice) -> Choice:
        """What was chosen among strings; the usual one where the file says something else."""
        value = self._store.value(name, default)
        return next((choice for choice in known if choice == value), default)

    def _number(self, name: str, default: int) -> int:
        value = str(self._store.value(name, default))
        return int(value) if value.isdecimal() else default
