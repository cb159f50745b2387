"""A code as a strip of bits: filled cells are ones, the bar below each is its margin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from hashviewer.ui.snapshot import picture_menu
from hashviewer.ui.theme import Theme, tabular, theme
from hashviewer.ui.views.reading import signed

SMALLEST, LARGEST = 4, 20  # px, edge of a cell
ROOMY = 8  # px of an edge from which margins and gaps have room
MARGIN_HEIGHT = 4  # px, the bar of a margin of twice the median or more
BORDER = 2  # px around the strip, for the frame of the focus


@dataclass(frozen=True, slots=True)
class Cells:
    """Where the cells of a strip lie.

    Attributes:
        bits: How many there are.
        columns: Cells in a row.
        edge: px from one cell to the next.
        height: px from one row to the next.
        left: px from the widget's edge to the first cell.
    """

    bits: int
    columns: int
    edge: int
    height: int
    left: int

    @classmethod
    def fitting(cls, width: int, *, bits: int, gutter: int, has_margins: bool) -> "Cells":
        """The cells of a strip that is `width` px wide: the fewest of 8, 16, 32, 64 columns that keep it short."""
        room = width - 2 * BORDER - gutter
        columns = 8 if bits <= 16 else 16 if bits <= 256 else 32 if bits <= 1024 else 64
        while columns > 8 and room // columns < SMALLEST:
            columns //= 2
        while 2 * columns < bits <= 256 and room // (2 * columns) >= LARGEST - 4:
            columns *= 2
        edge = max(SMALLEST, min(LARGEST, room // columns))
        below = MARGIN_HEIGHT + 2 if has_margins and edge >= ROOMY else 1
        return cls(bits, columns, edge, edge + below, BORDER + gutter)

    @property
    def total_height(self) -> int:
        """Px of all rows."""
        return max(1, -(-self.bits // self.columns)) * self.height + 2 * BORDER

    def rect(self, bit: int) -> QRect:
        """Where the cell of a bit is, without its margin bar."""
        row, column = divmod(bit, self.columns)
        edge = self.edge - (2 if self.edge >= ROOMY else 1)
        return QRect(self.left + column * self.edge, BORDER + row * self.height, edge, edge)

    def at(self, point: QPoint) -> int | None:
        """The bit whose cell or margin bar is at `point`."""
        column, row = (point.x() - self.left) // self.edge, (point.y() - BORDER) // self.height
        bit = row * self.columns + column
        return bit if 0 <= column < self.columns and row >= 0 and bit < self.bits else None


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """What a strip shows.

    Attributes:
        ones: (bits,) the code.
        outputs: (bits,) the outputs before the sign, or None.
        margins: (bits,) their sizes, 1 = the median, or None.
        differing: Bits that are marked, ascending.
        flipped: Bits that the user has turned over, ascending.
    """

    ones: NDArray[np.bool_]
    outputs: NDArray[np.float32] | None = None
    margins: NDArray[np.float32] | None = None
    differing: tuple[int, ...] = ()
    flipped: tuple[int, ...] = ()


class CodeStrip(QWidget):
    """The bits of a code in rows of 8, 16, 32 or 64; arrow keys and clicks choose the bit in focus.

    Signals:
        bit_picked: The bit that was clicked or reached by an arrow key.
        bit_turned: The bit that is to be turned over: it was clicked without Ctrl, or Space pressed on it.
        bit_pointed: The bit under the pointer, or None.
    """

    bit_picked = Signal(int)
    bit_turned = Signal(int)
    bit_pointed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._strip: Strip | None = None
        self._bit: int | None = None
        self._stale = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_strip(self, strip: Strip | None, *, bit: int | None, stale: bool) -> None:
        """Show a code, or nothing, with the bit in focus framed."""
        if strip is None or self._strip is None or len(strip.ones) != len(self._strip.ones):
            self.updateGeometry()
        self._strip, self._bit, self._stale = strip, bit, stale
        self.setAccessibleName("Code" if strip is None else f"Code of {len(strip.ones)} bits")
        self.setAccessibleDescription("" if bit is None else self.describe(bit))
        self.update()

    @property
    def strip(self) -> Strip | None:
        """What is shown."""
        return self._strip

    @property
    def bit(self) -> int | None:
        """The bit that is framed."""
        return self._bit

    @property
    def bits(self) -> int:
        """How many cells there are."""
        return 0 if self._strip is None else len(self._strip.ones)

    def describe(self, bit: int) -> str:
        """Such as "bit 17: 1, output +0.42 (margin 0.8 × median), differs"."""
        strip = self._strip
        if strip is None or not 0 <= bit < len(strip.ones):
            return ""
        text = f"bit {bit}: {int(strip.ones[bit])}"
        if strip.outputs is not None:
            text += f", output {signed(strip.outputs[bit])}"
        if strip.margins is not None:
            text += f" (margin {strip.margins[bit]:.1f} × median)"
        text += ", turned over" if bit in strip.flipped else ""
        return text + (", differs ●" if bit in strip.differing else "")

    def cells(self, width: int | None = None) -> Cells:
        """Where the cells lie in the present width, or in another."""
        has_margins = self._strip is not None and self._strip.margins is not None
        return Cells.fitting(
            self.width() if width is None else width,
            bits=self.bits, gutter=self._gutter(), has_margins=has_margins,
        )  # fmt: skip

    def _gutter(self) -> int:
        return self.fontMetrics().horizontalAdvance("0" * len(str(max(self.bits - 1, 0)))) + 6

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self.cells(width).total_height

    def sizeHint(self) -> QSize:
        return QSize(260, self.heightForWidth(260))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 24)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        bit = self.cells().at(event.position().toPoint())
        if bit is not None and event.button() is Qt.MouseButton.LeftButton:
            self.bit_picked.emit(bit)
            if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.bit_turned.emit(bit)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.bit_pointed.emit(self.cells().at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self.bit_pointed.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns = self.cells().columns
        steps = {
            Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns,
        }  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Space and self._bit is not None and self._bit < self.bits:
            self.bit_turned.emit(self._bit)
            return
        if step is None or not self.bits:
            super().keyPressEvent(event)
            return
        reached = 0 if self._bit is None else self._bit + step
        if 0 <= reached < self.bits:
            self.bit_picked.emit(reached)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            bit = self.cells().at(event.pos())
            if bit is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self.describe(bit), self)
            return True
        return super().event(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        picture_menu(self).popup(event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._strip is None:
            return
        painter = QPainter(self)
        painter.setFont(tabular(self.font()))
        present, cells = theme(), self.cells()
        rects = [cells.rect(bit) for bit in range(cells.bits)]
        self._paint_numbers(painter, present, cells)
        self._paint_cells(painter, present, self._strip, rects)
        if self._strip.margins is not None and cells.edge >= ROOMY:
            _paint_margins(painter, present, self._strip.margins, rects)
        self._paint_marks(painter, present, self._strip, rects)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(present.selection, 1, Qt.PenStyle.DotLine))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_numbers(self, painter: QPainter, present: Theme, cells: Cells) -> None:
        """The number of each row's first bit, where there is room for it."""
        painter.setPen(present.muted)
        line = self.fontMetrics().height()
        free = -line  # the lowest pixel that is written on so far
        flags = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for bit in range(0, cells.bits, cells.columns):
            top = cells.rect(bit).center().y() - line // 2
            if top >= free:
                painter.drawText(QRect(BORDER, top, cells.left - BORDER - 5, line), flags, str(bit))
                free = top + line

    def _paint_cells(self, painter: QPainter, present: Theme, strip: Strip, rects: list[QRect]) -> None:
        color = present.dim if self._stale else present.accent
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRects([rect for rect, one in zip(rects, strip.ones, strict=True) if one])
        if rects[0].width() > 3:
            painter.setPen(QPen(color, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            hollow = [rect for rect, one in zip(rects, strip.ones, strict=True) if not one]
            painter.drawRects([rect.adjusted(0, 0, -1, -1) for rect in hollow])

    def _paint_marks(self, painter: QPainter, present: Theme, strip: Strip, rects: list[QRect]) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = rects[0].width()
        size = max(2, min(width // 2, 8)) + (2 if width > 5 else 0)
        _paint_turned(painter, present, [rects[bit] for bit in strip.flipped])
        painter.setPen(QPen(present.background, 1.5) if width > 5 else Qt.PenStyle.NoPen)
        painter.setBrush(present.selection)
        for bit in strip.differing:
            spot = QRect(0, 0, size, size)
            spot.moveCenter(rects[bit].center())
            painter.drawEllipse(spot)
        if self._bit is not None and self._bit < len(rects):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(present.text, 2))
            painter.drawRect(rects[self._bit].adjusted(-1, -1, 1, 1))


def _paint_turned(painter: QPainter, present: Theme, rects: list[QRect]) -> None:
    """A corner cut off each bit that is turned over."""
    painter.setPen(QPen(present.background, 1))
    painter.setBrush(present.text)
    for rect in rects:
        size = max(2, rect.width() // 2)
        corner = rect.topRight() + QPoint(1, 0)
        painter.drawPolygon([corner, corner - QPoint(size, 0), corner + QPoint(0, size)])


def _paint_margins(
    painter: QPainter, present: Theme, margins: NDArray[np.float32], rects: list[QRect]
) -> None:
    """A bar below each cell: full at twice the median."""
    tracks = [QRect(rect.left(), rect.bottom() + 2, rect.width(), MARGIN_HEIGHT - 1) for rect in rects]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(present.raised)
    painter.drawRects(tracks)
    width = rects[0].width()
    lengths = np.maximum(1, np.rint(np.minimum(margins / 2, 1) * width)).astype(int).tolist()
    painter.setBrush(present.muted)
    painter.drawRects(
        [
            QRect(track.left(), track.top(), length, track.height())
            for track, length in zip(tracks, lengths, strict=True)
        ]
    )
