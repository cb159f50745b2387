"""The pointer in the photo grid: clicks, ranges, the rubber band, dragging out."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QDrag, QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication

from hashviewer.selection import Combine, Selection
from hashviewer.ui.file_urls import to_url
from hashviewer.ui.grid_geometry import Rect
from hashviewer.ui.grid_painting import fitted
from hashviewer.ui.theme import theme

if TYPE_CHECKING:
    from hashviewer.ui.grid import PhotoGrid

DRAG_LIMIT = 5_000  # files handed over in one drag


class GridGestures:
    """What pointer gestures mean in a grid.

    A drag that begins on a picture carries the selected files out; one that begins beside pictures, or with Shift,
    draws a rubber band.

    Attributes:
        anchor: The place from which Shift selects; None before the first click.
    """

    def __init__(self, grid: "PhotoGrid") -> None:
        self.anchor: int | None = None
        self._grid = grid
        self._pressed: QPoint | None = None  # viewport
        self._band: QRect | None = None  # content
        self._origin = QPoint()  # content: where the band began
        self._before = Selection()
        self._may_drag = False
        self._click_on_release: int | None = (
            None  # row: a press on a selected photo selects it alone if not dragged
        )

    def press(self, event: QMouseEvent) -> None:
        """A button goes down."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        grid, position = self._grid, event.position().toPoint()
        self._pressed = position
        self._before = grid.explorer.selection
        self._click_on_release = None
        row = grid.row_at(position)
        modifiers = event.modifiers()
        self._may_drag = row is not None and self._on_picture(row, position) and not _shift(modifiers)
        if row is None:
            if not modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier):
                grid.select(Selection())
        elif row in self._before.rows and not _shift(modifiers) and not _control(modifiers):
            self._click_on_release = row
        else:
            self._click(row, modifiers)

    def move(self, event: QMouseEvent) -> None:
        """The pointer moves, perhaps with the button down."""
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        position = event.position().toPoint()
        if (
            self._band is None
            and (position - self._pressed).manhattanLength() < QApplication.startDragDistance()
        ):
            return
        if self._may_drag:
            self._drag_out()
        else:
            self._stretch(position, event.modifiers())

    def release(self, event: QMouseEvent) -> None:
        """The button goes up."""
        if self._click_on_release is not None and self._band is None and self._pressed is not None:
            self._click(self._click_on_release, Qt.KeyboardModifier.NoModifier)
        self._pressed = None
        self._click_on_release = None
        if self._band is not None:
            self._band = None
            self._grid.viewport().update()

    def draw_band(self, painter: QPainter) -> None:
        """The rubber band, if one is being drawn."""
        if self._band is None:
            return
        color = theme().selection
        ground = QColor(color)
        ground.setAlpha(40)
        painter.setPen(color)
        painter.setBrush(ground)
        painter.drawRect(self._band.translated(0, -self._grid.scrolled))

    def _click(self, row: int, modifiers: Qt.KeyboardModifier) -> None:
        grid = self._grid
        place = grid.place_of(row)
        if place is None:
            return
        if _shift(modifiers) and self.anchor is not None and self.anchor < grid.cells.count:
            low, high = sorted((self.anchor, place))
            rows = grid.arrangement.rows[low : high + 1].tolist()
            kept = grid.explorer.selection.rows if _control(modifiers) else ()
            grid.select(Selection.of([*kept, *rows], current=row))
            return
        self.anchor = place
        if _control(modifiers):
            grid.select(grid.explorer.selection.combined([row], Combine.TOGGLE))
        else:
            grid.select(Selection.of([row]))

    def _stretch(self, position: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        """Draw the band to a point, selecting what it touches; scroll at the edges."""
        grid = self._grid
        if self._pressed is None:
            return
        if self._band is None:
            start = self._pressed + QPoint(0, grid.scrolled)
            self._band = QRect(start, start)
            self._origin = start
        self._scroll_towards(position)
        self._band = QRect(self._origin, position + QPoint(0, grid.scrolled)).normalized()
        area = Rect(self._band.x(), self._band.y(), self._band.width(), self._band.height())
        rows = [int(grid.arrangement.rows[place]) for place in grid.cells.places_in(area)]
        kept = self._before.rows if _control(modifiers) else ()
        grid.select(Selection.of([*rows, *kept]))
        grid.viewport().update()

    def _scroll_towards(self, position: QPoint) -> None:
        bar, height = self._grid.verticalScrollBar(), self._grid.viewport().height()
        if position.y() < 0:
            bar.setValue(bar.value() + position.y())
        elif position.y() > height:
            bar.setValue(bar.value() + position.y() - height)

    def _on_picture(self, row: int, position: QPoint) -> bool:
        """Whether a point lies on the picture itself, not on the free space of its cell."""
        grid = self._grid
        place, pixmap = grid.place_of(row), grid.thumbnails.peek(row)
        if place is None:
            return False
        cell = grid.rect_of(place)
        return (cell if pixmap is None else fitted(pixmap.size(), cell)).contains(position)

    def _drag_out(self) -> None:
        """Hand the selected files to another program."""
        grid = self._grid
        workspace = grid.explorer.workspace
        self._pressed = None
        self._click_on_release = None
        if workspace is None:
            return
        rows = grid.explorer.selection.rows[:DRAG_LIMIT]
        paths = [path for path in map(workspace.library.full_path, rows) if path is not None]
        if not paths:
            return
        data = QMimeData()
        data.setUrls([to_url(path) for path in paths])
        data.setText("\n".join(map(str, paths)))
        drag = QDrag(grid)
        drag.setMimeData(data)
        pixmap = grid.thumbnails.peek(rows[0])
        if pixmap is not None:
            drag.setPixmap(pixmap.scaled(96, 96, Qt.AspectRatioMode.KeepAspectRatio))
        drag.exec(Qt.DropAction.CopyAction)


def _shift(modifiers: Qt.KeyboardModifier) -> bool:
    return bool(modifiers & Qt.KeyboardModifier.ShiftModifier)


def _control(modifiers: Qt.KeyboardModifier) -> bool:
    return bool(modifiers & Qt.KeyboardModifier.ControlModifier)
