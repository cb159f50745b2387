"""The photo grid: draws the visible cells of any number of photos, without one widget or item per photo."""

from collections.abc import Callable
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QStyle, QToolTip

from hashviewer.selection import Selection
from hashviewer.ui.arrangement import EMPTY, Arrangement
from hashviewer.ui.explorer import Explorer
from hashviewer.ui.grid_geometry import MARGIN, GridGeometry
from hashviewer.ui.grid_gestures import GridGestures
from hashviewer.ui.grid_keys import draw_focus, press_key
from hashviewer.ui.grid_looks import CellLooks
from hashviewer.ui.grid_painting import CellPainter, draw_radius_line
from hashviewer.ui.photo_text import describe
from hashviewer.ui.theme import theme, theme_watcher
from hashviewer.ui.thumbnails import Thumbnails

FADE_SECONDS = 0.1
FRAME_MS = 16
SMALLEST, LARGEST = 48, 256  # px, edge of a cell
DEFAULT_SIZE = 144
HOVER_INTERVAL_MS = 33


class PhotoGrid(QAbstractScrollArea):
    """A virtual grid of photos, linked to the explorer's selection, hover, query and radius.

    Signals:
        opened: A row is to be looked at closely (Enter).
        menu_asked: The context menu, at a global point.
        size_changed: The wanted edge of a cell, px.
    """

    opened = Signal(int)
    menu_asked = Signal(QPoint)
    size_changed = Signal(int)

    def __init__(self, explorer: Explorer, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.explorer = explorer
        self.thumbnails = thumbnails
        self.arrangement: Arrangement = EMPTY
        self.stale = False
        self.gestures = GridGestures(self)
        self._size = DEFAULT_SIZE
        self._painter = CellPainter(self.font())
        self._geometry = GridGeometry(0, 1, DEFAULT_SIZE)
        self._shape = 1.0
        self._places: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self._selected: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        self._own_selection: Selection | None = None
        self._fading: dict[int, float] = {}
        self.relevant_label = -1  # the query's, in the library's labels; -1 for none
        self._looked_at = range(0)
        self._changed = QRect()  # what is to be repainted because thumbnails have come
        self._fader = QTimer(self, interval=FRAME_MS)
        self._fader.timeout.connect(self._fade_on)
        self._looker = QTimer(self, interval=0, singleShot=True)  # decoding would slow the rest of the frame
        self._looker.timeout.connect(self._look_around)
        self._hover_timer = QTimer(self, interval=HOVER_INTERVAL_MS, singleShot=True)
        self._hover_timer.timeout.connect(self._publish_hover)
        self._hovered: int | None = None
        self._set_up()

    def _set_up(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Photos")
        self.explorer.selection_changed.connect(self._on_selection_changed)
        self.explorer.hover_changed.connect(self.viewport().update)
        self.explorer.radius_changed.connect(self._on_radius_changed)
        self.explorer.query_changed.connect(self._on_query_changed)
        self.thumbnails.ready.connect(self._on_thumbnail_ready)
        theme_watcher().changed.connect(self.viewport().update)

    # What is shown

    def show_arrangement(self, arrangement: Arrangement, *, keep_scroll: bool) -> None:
        """Show other photos, or the same in another order; from the top unless the scroll is kept."""
        self.arrangement = arrangement
        rows = arrangement.rows
        self._places = np.full(int(rows.max()) + 1 if len(rows) else 0, -1, dtype=np.int32)
        self._places[rows] = np.arange(len(rows), dtype=np.int32)
        self._fading.clear()
        self._mark_selected()
        self._update_geometry()
        if not keep_scroll:
            self.verticalScrollBar().setValue(0)
        self.viewport().update()

    def set_shape(self, shape: float) -> None:
        """Give the cells the shape of most pictures: height divided by width."""
        if shape != self._shape:
            self._shape = shape
            self._keeping_top(lambda: None)

    def set_stale(self, *, stale: bool) -> None:
        """Dim what is shown while the answer to a newer question is awaited."""
        if stale != self.stale:
            self.stale = stale
            self.viewport().update()

    def set_cell_size(self, size: int) -> None:
        """Set the wanted edge of the cells, px; the photo at the top stays there."""
        size = min(max(size, SMALLEST), LARGEST)
        if size == self._size:
            return
        self._keeping_top(lambda: self._take_size(size))
        self.size_changed.emit(size)

    @property
    def cell_size(self) -> int:
        """The wanted edge of the cells, px."""
        return self._size

    @property
    def cells(self) -> GridGeometry:
        """Where the cells are, in content coordinates."""
        return self._geometry

    def place_of(self, row: int | None) -> int | None:
        """Where a row stands; None when it is not shown."""
        if row is None or not 0 <= row < len(self._places):
            return None
        place = int(self._places[row])
        return place if place >= 0 else None

    def row_at(self, position: QPoint) -> int | None:
        """The row under a point of the viewport."""
        place = self._geometry.at(position.x(), position.y() + self.scrolled)
        return None if place is None else int(self.arrangement.rows[place])

    @property
    def selects_itself(self) -> bool:
        """Whether the selection was made in this grid."""
        return self._own_selection is not None

    @property
    def fading(self) -> bool:
        """Whether thumbnails are still fading in."""
        return bool(self._fading)

    @property
    def scrolled(self) -> int:
        """Height of the content above the viewport, px."""
        return self.verticalScrollBar().value()

    def rect_of(self, place: int) -> QRect:
        """The cell at a place, in the viewport's coordinates."""
        rect = self._geometry.rect(place)
        return QRect(rect.x, rect.y - self.scrolled, rect.width, rect.height)

    def reveal(self, place: int) -> None:
        """Scroll just as far as needed to show a place."""
        rect = self._geometry.rect(place)
        bar = self.verticalScrollBar()
        if rect.y < bar.value():
            bar.setValue(rect.y - 8)
        elif rect.y + rect.height > bar.value() + self.viewport().height():
            bar.setValue(rect.y + rect.height + 8 - self.viewport().height())

    def visible_places(self) -> range:
        """The places on the screen."""
        return self._geometry.range_in(self.scrolled, self.scrolled + self.viewport().height())

    def select(self, selection: Selection) -> None:
        """Select by a gesture in this grid: the rest is not greyed."""
        self._own_selection = selection
        self.explorer.selection = selection

    # Following the explorer

    def _on_selection_changed(self) -> None:
        selection = self.explorer.selection
        self._mark_selected()
        if selection is not self._own_selection:
            self._own_selection = None
            self._reveal_selection()
        self.setAccessibleDescription(
            "" if selection.current is None else describe(self.explorer, selection.current)
        )
        self.viewport().update()

    def _mark_selected(self) -> None:
        selection = self.explorer.selection
        rows = np.fromiter(selection.rows, dtype=np.int64, count=len(selection.rows))
        self._selected = np.zeros(len(self._places), dtype=np.bool_)
        self._selected[rows[rows < len(self._selected)]] = True

    def _reveal_selection(self) -> None:
        place = self.place_of(self.explorer.selection.current)
        if place is not None and not any(
            self.is_selected(int(self.arrangement.rows[p])) for p in self.visible_places()
        ):
            self.reveal(place)

    def _on_radius_changed(self) -> None:
        self._update_geometry()
        self.viewport().update()

    def _on_query_changed(self) -> None:
        query, workspace = self.explorer.query, self.explorer.workspace
        self.relevant_label = -1
        if query is not None and query.row is not None and workspace is not None:
            labels = workspace.library.labels
            self.relevant_label = int(labels[query.row]) if query.row < len(labels) else -1
        self.viewport().update()

    def _on_thumbnail_ready(self, row: int) -> None:
        place = self.place_of(row)
        if place is None or place not in self.visible_places():
            return
        if self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0:
            self._fading[row] = monotonic()
            self._fader.start()
        self._update_area(self.rect_of(place))

    def _update_area(self, area: QRect) -> None:
        """Repaint one rectangle around all that has changed: in a ragged region every cell is clipped, slowly."""
        self._changed = self._changed.united(area)
        self.viewport().update(self._changed)

    def _fade_on(self) -> None:
        now, area = monotonic(), QRect()
        for row, start in list(self._fading.items()):
            place = self.place_of(row)
            if now - start > FADE_SECONDS or place is None:
                del self._fading[row]
            if place is not None:
                area = area.united(self.rect_of(place))
        self._update_area(area & self.viewport().rect())
        if not self._fading:
            self._fader.stop()

    # Geometry

    def _update_geometry(self) -> None:
        self._geometry = GridGeometry(
            count=len(self.arrangement.rows),
            width=self.viewport().width(),
            wanted=self._size,
            cut=self.arrangement.cut(self.explorer.radius),
            shape=self._shape,
        )
        height = self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._geometry.height - height))
        bar.setPageStep(height)
        bar.setSingleStep(max(16, self._geometry.pitch // 3))
        self.thumbnails.fill(
            QSize(self._geometry.edge, self._geometry.cell_height) * self.devicePixelRatioF()
        )
        self._looked_at = range(0)

    def _keeping_top(self, change: Callable[[], None]) -> None:
        """Change the geometry; the photo at the top of the viewport stays there."""
        visible = self.visible_places()
        top = visible.start if self.scrolled > 0 and len(visible) else None
        change()
        self._update_geometry()
        if top is not None and top < self._geometry.count:
            self.verticalScrollBar().setValue(self._geometry.rect(top).y - MARGIN)
        self.viewport().update()

    def _take_size(self, size: int) -> None:
        self._size = size

    # Drawing

    def _draw_cells(self, painter: QPainter, area: QRect) -> None:
        rows, scroll = self.arrangement.rows, self.scrolled
        peek, rect_of, looks = self.thumbnails.peek, self._geometry.rect, CellLooks(self)
        for place in self._geometry.range_in(area.top() + scroll, area.bottom() + 1 + scroll):
            row = int(rows[place])
            rect = rect_of(place)
            cell = QRect(rect.x, rect.y - scroll, rect.width, rect.height)
            self._painter.draw(painter, cell, peek(row), looks.look(place, row))

    def _draw_line(self, painter: QPainter) -> None:
        top = self._geometry.cut_y
        if top is None or self._geometry.cut is None:
            return
        radius, within = self.explorer.radius, self._geometry.cut
        text = f"radius {radius} · {within:,} {'photo' if within == 1 else 'photos'}"
        draw_radius_line(painter, top - self.scrolled, self.viewport().width(), text, self.font())

    def _look_around(self) -> None:
        """Ask for the thumbnails on the screen first, then for those a page below and above."""
        visible = self.visible_places()
        if visible == self._looked_at:
            return
        self._looked_at = visible
        rows, page = self.arrangement.rows, len(visible)
        below = rows[visible.stop : visible.stop + page]
        above = rows[max(0, visible.start - page) : visible.start][::-1]
        wanted = np.concatenate([rows[visible.start : visible.stop], below, above])
        self.thumbnails.look_at(wanted.tolist())

    def is_selected(self, row: int) -> bool:
        """Whether a row belongs to the selection."""
        return row < len(self._selected) and bool(self._selected[row])

    def fade_of(self, row: int) -> float:
        """How far a thumbnail that has just come is faded in, 0 to 1."""
        start = self._fading.get(row)
        return 1.0 if start is None else min(1.0, (monotonic() - start) / FADE_SECONDS)

    def _publish_hover(self) -> None:
        self.explorer.hover = self._hovered

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        self._changed = QRect()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme().background)
        self._draw_cells(painter, event.rect())
        self._draw_line(painter)
        self.gestures.draw_band(painter)
        draw_focus(painter, self)
        painter.end()
        self._looker.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keeping_top(lambda: None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_cell_size(self._size + (16 if event.angleDelta().y() > 0 else -16))
            event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_key(self, event):
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.gestures.move(event)
        self._hovered = self.row_at(event.position().toPoint())
        if not self._hover_timer.isActive():
            self._hover_timer.start()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.gestures.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        row = self.row_at(event.position().toPoint())
        if row is not None and event.button() is Qt.MouseButton.LeftButton:
            self.explorer.row_asked.emit(row)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        row = self.row_at(event.pos())
        if row is not None and row not in self.explorer.selection:
            self.select(Selection.of([row]))
        self.menu_asked.emit(event.globalPos())

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Leave:
            self._hovered = None
            self._hover_timer.start()
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            row = self.row_at(event.pos())
            QToolTip.showText(event.globalPos(), "" if row is None else describe(self.explorer, row), self)
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()
