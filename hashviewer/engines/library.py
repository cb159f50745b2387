"""A library whose rows are at an engine: it reads like any other, and cannot be changed."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hashviewer.engines.originals import Thumbnails, find_original
from hashviewer.engines.protocol import Engine
from hashviewer.engines.pushed import Pushed
from hashviewer.engines.recent import Recent
from hashviewer.errors import LibraryError
from hashviewer.library import CodeSetInfo, Library, PhotoRecord, Problem
from hashviewer.library import paths as path_bytes
from hashviewer.library.row_states import RowStates
from hashviewer.library.state import State

AHEAD = 2000  # photos of an answer that are read with it
KEPT = 4 * AHEAD


class EngineLibrary(Library):
    """What the command line and the window read of a library, asked of an engine when it is first needed.

    Pictures, outputs and features are not at the engine: they come from the library that was pushed if it is where it
    was, and pictures else from the photos.

    Attributes:
        engine: That holds the rows.
        original: The library that was pushed; None where it is not here.
    """

    def __init__(self, engine: Engine) -> None:
        # Library's own __init__ reads files; there are none
        self.engine = engine
        self.original = find_original(engine.pushed)
        self.path = Path(engine.address)
        self.packed = False
        self._thumbnails = Thumbnails()
        self._asking = threading.RLock()
        self._columns: dict[tuple[int, str], NDArray[Any]] = {}  # by generation and column
        self._records: Recent[int, PhotoRecord] = Recent(KEPT)
        self._some_codes: Recent[tuple[str, int], NDArray[np.uint8]] = Recent(KEPT)

    def close(self) -> None:
        """Let the engine and the library that was pushed go."""
        self.engine.close()
        if self.original is not None:
            self.original.close()

    def refresh(self) -> bool:
        """Take in what was pushed since; True if anything was."""
        with self._asking:
            if not self.engine.refresh():
                return False
            self._columns.clear()
            self._records.clear()
            self._some_codes.clear()
            if self.original is not None:
                self.original.refresh()
            return True

    def __len__(self) -> int:
        return self._pushed.rows

    # What it is

    @property
    def root(self) -> Path | None:
        """Where the photos were when it was pushed; None if the library has no pictures."""
        return Path(self._pushed.root) if self._pushed.root else None

    @property
    def url(self) -> str:
        """The URL that the photos were behind when it was pushed; "" if they were behind none."""
        return self._pushed.url

    @property
    def writable(self) -> bool:
        """Never: the library is changed where it is, and pushed again."""
        return False

    @property
    def created(self) -> str:
        """When the library was made, ISO 8601."""
        return self._pushed.identity.created

    @property
    def damage(self) -> tuple[str, ...]:
        """None that an engine would know of."""
        return ()

    def problems(self) -> list[Problem]:
        """Files that could not be read, if the library itself is here."""
        return [] if self.original is None else self.original.problems()

    def setting(self, name: str, default: str = "") -> str:
        """What the library itself has kept under this name, if it is here."""
        return default if self.original is None else self.original.setting(name, default)

    # The photos

    @property
    def alive(self) -> NDArray[np.bool_]:
        """(N,) False: superseded by a newer row of a changed file."""
        return self._column("alive", "u1").view(np.bool_)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(N,) True: the file had vanished when the library was pushed."""
        return self._column("missing", "u1").view(np.bool_)

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels that `labels` counts."""
        return self._pushed.label_names

    @property
    def labels(self) -> NDArray[np.int32]:
        """(N,) Index into `label_names`, -1 = none."""
        return self._column("label", "<i4")

    def labels_of(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Labels of some photos: (len(rows),)."""
        return self.engine.numbers_of("label", "<i4", self._checked(rows))

    @property
    def taken(self) -> NDArray[np.float64]:
        """(N,) When the pictures were taken, s since 1970; NaN = unknown."""
        return self._column("taken", "<f8")

    @property
    def mtimes(self) -> NDArray[np.int64]:
        """(N,) Times of last change, ns since 1970."""
        return self._column("mtime_ns", "<i8")

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(N,) Bytes of the files."""
        return self._column("size", "<i8")

    @property
    def widths(self) -> NDArray[np.int32]:
        """(N,) px of the upright pictures, 0 = unknown."""
        return self._column("width", "<i4")

    @property
    def heights(self) -> NDArray[np.int32]:
        """(N,) px of the upright pictures, 0 = unknown."""
        return self._column("height", "<i4")

    def path_of(self, row: int) -> str:
        """A photo's path relative to the root; "" if it is lost."""
        return self.photo(row).path

    def paths(self, rows: ArrayLike) -> list[str]:
        """Paths of some photos, in the order asked for."""
        wanted = self._checked(rows)
        known = [self._records.get(row) for row in wanted.tolist()]
        paths = [record.path for record in known if record is not None]
        if len(paths) == len(known):
            return paths
        return [path_bytes.decode(path) for path in self.engine.texts("path", wanted)]

    def all_paths(self) -> list[str]:
        """Paths of all photos, by row."""
        return [path_bytes.decode(path) for path in self.engine.all_texts("path")]

    def photo(self, row: int) -> PhotoRecord:
        """All there is to know about one photo."""
        self._check(row)
        known = self._records.get(row)
        if known is None:
            (known,) = self.engine.photos(np.array([row]))
            self._records.put({row: known})
        return known

    def look_ahead(self, rows: NDArray[np.int64], *, codes: str) -> None:
        """Read what will be shown about some photos, so that pointing at one asks nothing."""
        wanted = self._checked(rows)[:AHEAD]
        if len(wanted):
            self._records.put({record.row: record for record in self.engine.photos(wanted)})
            self.codes_of(codes, wanted)

    def preload(self) -> None:
        """Read the columns that a window needs at once."""
        for column in (self.alive, self.missing, self.labels, self.widths, self.heights):
            column.flags.writeable = False

    def name_order(self) -> NDArray[np.int64]:
        """Rows sorted by the bytes of their paths: (N,)."""
        found = [path_bytes.encode(path) for path in self.all_paths()]
        return np.array(sorted(range(len(found)), key=found.__getitem__), dtype=np.int64)

    def thumbnail(self, row: int) -> bytes:
        """The library's own, or one made from the photo, where either is here; else b""."""
        if self.original is not None and row < len(self.original):
            return self.original.thumbnail(row)
        photo = self.full_path(row)
        return b"" if photo is None else self._thumbnails.of(photo)

    # The codes

    @property
    def code_sets(self) -> tuple[CodeSetInfo, ...]:
        """The code sets, by key."""
        return tuple(each.info for each in self._pushed.code_sets.values())

    def codes(self, key: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Packed codes (N, W) and which rows are encoded (N,), copied from the engine the first time; kept.

        Searches of the kinds that an engine has do not need them.
        """
        with self._asking:
            generation = self._pushed.generation
            names = ((generation, f"codes {key}"), (generation, f"encoded {key}"))
            if names[0] not in self._columns:
                self._columns[names[0]], self._columns[names[1]] = self.engine.all_codes(key)
            return self._columns[names[0]], self._columns[names[1]]

    def codes_of(self, key: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Packed codes of some photos: (len(rows), W)."""
        wanted = self._checked(rows)
        known = [self._some_codes.get((key, row)) for row in wanted.tolist()]
        there = [code for code in known if code is not None]
        if len(there) == len(known) and there:
            return np.stack(there)
        codes = self.engine.codes_of(key, wanted)[0]
        if len(wanted) <= AHEAD:
            self._some_codes.put({(key, row): code for row, code in zip(wanted.tolist(), codes, strict=True)})
        return codes

    def code_of(self, key: str, row: int) -> NDArray[np.uint8] | None:
        """The code (W,) of a photo; None if it has none."""
        known = self._some_codes.get((key, row))
        if known is None:
            codes, encoded = self.engine.codes_of(key, self._checked([row]))
            if not encoded[0]:
                return None
            known = codes[0]
            self._some_codes.put({(key, row): known})
        return known.copy()

    def outputs(self, key: str, rows: ArrayLike) -> NDArray[np.float32]:
        """Real-valued outputs (len(rows), bits), from the library itself; NaN where it is not here."""
        wanted = self._checked(rows)
        info = self.engine.pushed.code_sets[key].info
        if self.original is None or not self._has_same(info, wanted):
            return np.full((len(wanted), info.bits), np.nan, dtype=np.float32)
        return self.original.outputs(key, wanted)

    def features(self, key: str, rows: ArrayLike) -> NDArray[np.float32]:
        """Features for re-ranking (len(rows), feature_dim), from the library itself; NaN where it is not here."""
        wanted = self._checked(rows)
        info = self.engine.pushed.code_sets[key].info
        if self.original is None or not self._has_same(info, wanted):
            return np.full((len(wanted), info.feature_dim), np.nan, dtype=np.float32)
        return self.original.features(key, wanted)

    # What only a library of one's own can

    @property
    def state(self) -> State:
        """An engine has none."""
        self._refuse()

    def set_setting(self, name: str, value: str) -> None:
        """Not possible."""
        self._refuse()

    def set_root(self, root: Path) -> None:
        """Not possible."""
        self._refuse()

    def find_content(self, content: str) -> int | None:
        """Not possible: nothing is indexed into an engine."""
        self._refuse()

    def adopt_rows(self, rows: RowStates) -> None:
        """Not possible."""
        self._refuse()

    def adopt_segments(self, *, superseded: Iterable[int] = ()) -> None:
        """Not possible."""
        self._refuse()

    def unrecorded(self) -> list[tuple[int, int]]:
        """Not possible."""
        self._refuse()

    # Inside

    @property
    def _pushed(self) -> Pushed:
        return self.engine.pushed

    def _column(self, name: str, kind: str) -> NDArray[Any]:
        with self._asking:
            key = (self._pushed.generation, name)
            if key not in self._columns:
                self._columns[key] = self.engine.numbers(name, kind)
            return self._columns[key]

    def _has_same(self, info: CodeSetInfo, rows: NDArray[np.int64]) -> bool:
        """Whether the library that was pushed still has these rows' codes from the same model."""
        original = self.original
        if original is None or (len(rows) and int(rows.max()) >= len(original)):
            return False
        return any(
            (own.key, own.bits, own.model_sha256) == (info.key, info.bits, info.model_sha256)
            for own in original.code_sets
        )

    def _refuse(self) -> NoReturn:
        raise LibraryError(
            f"{self.engine.address} is an engine, which cannot do this. Do it with the library itself, {self._pushed.path}, and "
            "run “hashviewer push” again if that changes it."
        )
