"""The keys of the photo grid: arrows, pages, ends, Enter, Space."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QPainter

from hashviewer.selection import Selection
from hashviewer.ui.theme import theme

if TYPE_CHECKING:
    from hashviewer.ui.grid import PhotoGrid

Key = Qt.Key


def press_key(grid: "PhotoGrid", event: QKeyEvent) -> bool:
    """Do what a key means; False when it means nothing here."""
    if grid.cells.count == 0:
        return False
    key, modifiers = event.key(), event.modifiers()
    if modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier) and key not in (
        Key.Key_Home,
        Key.Key_End,
    ):
        return False
    row = grid.explorer.selection.current
    if key in (Key.Key_Return, Key.Key_Enter) and row is not None:
        grid.opened.emit(row)
        return True
    if key == Key.Key_Space and row is not None:
        grid.explorer.row_asked.emit(row)
        return True
    target = _target(grid, key)
    if target is None:
        return False
    move_to(grid, target, extend=bool(modifiers & Qt.KeyboardModifier.ShiftModifier))
    return True


def draw_focus(painter: QPainter, grid: "PhotoGrid") -> None:
    """Frame the grid where Tab has led to it and no photo is the current one yet."""
    by_key = grid.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    if by_key and grid.hasFocus() and grid.explorer.selection.current is None:
        painter.setPen(theme().selection)
        painter.drawRect(grid.viewport().rect().adjusted(0, 0, -1, -1))


def move_to(grid: "PhotoGrid", place: int, *, extend: bool) -> None:
    """Make a place the current one and show it; `extend` selects all from the anchor to it."""
    rows = grid.arrangement.rows
    anchor = grid.gestures.anchor
    if extend and anchor is not None and anchor < len(rows):
        low, high = sorted((anchor, place))
        grid.select(Selection.of(rows[low : high + 1].tolist(), current=int(rows[place])))
    else:
        grid.gestures.anchor = place
        grid.select(Selection.of([int(rows[place])]))
    grid.reveal(place)


def _target(grid: "PhotoGrid", key: int) -> int | None:
    """The place that a key leads to."""
    cells = grid.cells
    if key == Key.Key_Home:
        return 0
    if key == Key.Key_End:
        return cells.count - 1
    steps = _steps(grid, key)
    if steps is None:
        return None
    present = grid.place_of(grid.explorer.selection.current)
    if present is None:
        visible = grid.visible_places()
        return visible.start if len(visible) else 0
    columns, rows = steps
    return cells.beside(present, columns=columns, rows=rows)


def _steps(grid: "PhotoGrid", key: int) -> tuple[int, int] | None:
    """Columns and rows that a key moves."""
    page = max(1, grid.viewport().height() // grid.cells.pitch)
    return {
        Key.Key_Left: (-1, 0),
        Key.Key_Right: (1, 0),
        Key.Key_Up: (0, -1),
        Key.Key_Down: (0, 1),
        Key.Key_PageUp: (0, -page),
        Key.Key_PageDown: (0, page),
    }.get(Key(key))
