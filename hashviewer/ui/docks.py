"""The docks around the photo grid: one for each view, and their arrangements (presets)."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow

from hashviewer.ui.views.base import View

Area = Qt.DockWidgetArea


@dataclass(frozen=True, slots=True)
class Preset:
    """An arrangement of docks.

    Attributes:
        left: Keys of the views at the left, from the top; `right` and `bottom` likewise.
        widths: Share of the window's width of the left and the right column.
        bottom_height: Share of the window's height.
    """

    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    bottom: tuple[str, ...] = ()
    widths: tuple[float, float] = (0.17, 0.25)
    bottom_height: float = 0.24


PRESETS = {
    "browse": Preset(left=("query",), right=("radius", "photo"), widths=(0.17, 0.27)),
    "bits": Preset(left=("query",), right=("bits", "buckets"), widths=(0.17, 0.45)),
    "plan": Preset(left=("query",), right=("plan",), widths=(0.17, 0.4)),
    "all": Preset(left=("query",), right=("radius", "buckets", "bits"), bottom=("photo",)),
}


class Docks:
    """The docks of a window."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._docks: dict[str, QDockWidget] = {}
        window.setCorner(Qt.Corner.BottomRightCorner, Area.RightDockWidgetArea)
        window.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )

    def add(self, key: str, title: str, view: View, area: Area) -> None:
        """Make the dock of a view, hidden until an arrangement shows it."""
        dock = QDockWidget(title.upper(), self._window)
        dock.setObjectName(f"dock {key}")
        dock.setWidget(view)
        dock.setAccessibleName(title)
        self._window.addDockWidget(area, dock)
        dock.hide()
        self._docks[key] = dock

    def __contains__(self, key: str) -> bool:
        return key in self._docks

    def __getitem__(self, key: str) -> QDockWidget:
        return self._docks[key]

    def toggles(self) -> list[QAction]:
        """The actions that show and hide each dock, for the menu."""
        return [dock.toggleViewAction() for dock in self._docks.values()]

    def show(self, key: str) -> None:
        """Show a dock and bring it to the front of its tabs."""
        if key in self._docks:
            self._docks[key].show()
            self._docks[key].raise_()

    def has_focus(self, key: str) -> bool:
        """Whether the keyboard is in a dock."""
        focus = self._window.focusWidget()
        return focus is not None and self._docks[key].isAncestorOf(focus)

    def hide_all(self) -> None:
        """Hide every dock: there is nothing to show."""
        for dock in self._docks.values():
            dock.hide()

    def arrange(self, preset: Preset) -> None:
        """Put the docks where a preset has them and hide the others."""
        columns = self._place(preset)
        if columns:
            width = self._window.width()
            self._window.resizeDocks(
                [dock for dock, _ in columns],
                [round(width * share) for _, share in columns],
                Qt.Orientation.Horizontal,
            )
        height = self._window.height()
        right = [self._docks[key] for key in preset.right if key in self._docks]
        if len(right) > 1:
            self._window.resizeDocks(right, [height // len(right)] * len(right), Qt.Orientation.Vertical)
        bottom = [self._docks[key] for key in preset.bottom if key in self._docks]
        if bottom:
            heights = [round(height * preset.bottom_height)] * len(bottom)
            self._window.resizeDocks(bottom, heights, Qt.Orientation.Vertical)

    def _place(self, preset: Preset) -> list[tuple[QDockWidget, float]]:
        """Move every dock to its area; gives the first dock of each column with its share of the width."""
        for dock in self._docks.values():
            dock.setFloating(False)
            self._window.removeDockWidget(dock)
        columns: list[tuple[QDockWidget, float]] = []
        for keys, area, share in (
            (preset.left, Area.LeftDockWidgetArea, preset.widths[0]),
            (preset.right, Area.RightDockWidgetArea, preset.widths[1]),
            (preset.bottom, Area.BottomDockWidgetArea, 0.0),
        ):
            docks = [self._docks[key] for key in keys if key in self._docks]
            for dock in docks:
                self._window.addDockWidget(area, dock)
                dock.show()
            if docks and share:
                columns.append((docks[0], share))
        for dock in self._docks.values():
            if self._window.dockWidgetArea(dock) is Area.NoDockWidgetArea:  # a saved state must know it, too
                self._window.addDockWidget(Area.RightDockWidgetArea, dock)
                dock.hide()
        return columns
