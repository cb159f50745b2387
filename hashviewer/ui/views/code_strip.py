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

SMALLEST, LARGEST = 4, 20  # px, edge of a cell
MARGIN_HEIGHT = 4  # px, the bar of a margin of twice the median or more
BORDER = 2  # px around the strip, for the frame of the focus


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """What a strip shows.

    Attributes:
        ones: (bits,) the code.
        outputs: (bits,) the outputs before the sign, or None.
        margins: (bits,) their sizes, 1 = the median, or None.
        differing: Bits that are marked, ascending.
    """

    ones: NDArray[np.bool_]
    outputs: NDArray[np.float32] | None = None
    margins: NDArray[np.float32] | None = None
    differing: tuple[int, ...] = ()


class CodeStrip(QWidget):
    """The bits of a code in rows of 8, 16, 32 or 64; arrow keys and clicks choose the bit in focus.

    Signals:
        bit_picked: The bit that was clicked or reached by an arrow key.
        bit_pointed: The bit under the pointer, or None.
    """

    bit_picked = Signal(int)
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
            text += f", output {strip.outputs[bit]:+.2f}"
        if strip.margins is not None:
            text += f" (margin {strip.margins[bit]:.1f} × median)"
        return text + (", differs ●" if bit in strip.differing else "")

    def columns(self, width: int | None = None) -> int:
        """Cells in a row: the fewest of 8, 16, 32, 64 that keep a row of the code in sight."""
        room = (self.width() if width is None else width) - 2 * BORDER - self._gutter()
        wanted = 8 if self.bits <= 16 else 16 if self.bits <= 256 else 32 if self.bits <= 1024 else 64
        while wanted > 8 and room // wanted < SMALLEST:
            wanted //= 2
        while self.bits <= 256 and self.bits > wanted * 2 and room // (wanted * 2) >= LARGEST - 4:
            wanted *= 2
        return wanted

    def cell_rect(self, bit: int) -> QRect:
        """Where the cell of a bit is, without its margin bar."""
        columns, edge = self.columns(), self._edge(self.width())
        row, column = divmod(bit, columns)
        return QRect(
            BORDER + self._gutter() + column * edge, BORDER + row * self._row_height(edge), edge - 2, edge - 2
        )

    def bit_at(self, point: QPoint) -> int | None:
        """The bit whose cell or margin bar is at `point`."""
        columns, edge = self.columns(), self._edge(self.width())
        column = (point.x() - BORDER - self._gutter()) // edge
        row = (point.y() - BORDER) // self._row_height(edge)
        bit = row * columns + column
        return bit if 0 <= column < columns and row >= 0 and bit < self.bits else None

    def _edge(self, width: int) -> int:
        room = width - 2 * BORDER - self._gutter()
        return max(SMALLEST, min(LARGEST, room // self.columns(width)))

    def _row_height(self, edge: int) -> int:
        has_margins = self._strip is not None and self._strip.margins is not None
        return edge + (MARGIN_HEIGHT + 2 if has_margins else 1)

    def _gutter(self) -> int:
        return self.fontMetrics().horizontalAdvance("0" * len(str(max(self.bits - 1, 0)))) + 6

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows = -(-self.bits // self.columns(width)) if self.bits else 1
        return rows * self._row_height(self._edge(width)) + 2 * BORDER

    def sizeHint(self) -> QSize:
        return QSize(260, self.heightForWidth(260))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 24)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        bit = self.bit_at(event.position().toPoint())
        if bit is not None and event.button() is Qt.MouseButton.LeftButton:
            self.bit_picked.emit(bit)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.bit_pointed.emit(self.bit_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self.bit_pointed.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns = self.columns()
        steps = {
            Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns,
        }  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self.bits:
            super().keyPressEvent(event)
            return
        reached = 0 if self._bit is None else self._bit + step
        if 0 <= reached < self.bits:
            self.bit_picked.emit(reached)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            bit = self.bit_at(event.pos())
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
        present = theme()
        columns = self.columns()
        self._paint_gutter(painter, present, columns)
        self._paint_cells(painter, present, self._strip)
        self._paint_marks(painter, present, self._strip)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(present.selection, 1, Qt.PenStyle.DotLine))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_gutter(self, painter: QPainter, present: Theme, columns: int) -> None:
        painter.setPen(present.muted)
        line = self.fontMetrics().height()
        free = -line  # the lowest pixel that is written on so far
        for bit in range(0, self.bits, columns):
            cell = self.cell_rect(bit)
            top = cell.center().y() - line // 2
            if top >= free:
                right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                painter.drawText(QRect(BORDER, top, self._gutter() - 5, line), right, str(bit))
                free = top + line

    def _paint_cells(self, painter: QPainter, present: Theme, strip: Strip) -> None:
        color = present.dim if self._stale else present.accent
        for bit in range(self.bits):
            cell = self.cell_rect(bit)
            if strip.ones[bit]:
                painter.fillRect(cell, color)
            elif cell.width() > 3:
                painter.setPen(QPen(color, 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(cell.adjusted(0, 0, -1, -1))
            if strip.margins is not None:
                share = min(float(strip.margins[bit]) / 2, 1.0)
                track = QRect(cell.left(), cell.bottom() + 2, cell.width(), MARGIN_HEIGHT - 1)
                painter.fillRect(track, present.raised)
                track.setWidth(max(1, round(cell.width() * share)))
                painter.fillRect(track, present.muted)

    def _paint_marks(self, painter: QPainter, present: Theme, strip: Strip) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for bit in strip.differing:
            cell = self.cell_rect(bit)
            size = max(3, min(cell.width() // 2, 8))
            painter.setPen(QPen(present.background, 1.5))
            painter.setBrush(present.selection)
            spot = QRect(0, 0, size, size)
            spot.moveCenter(cell.center())
            painter.drawEllipse(spot.adjusted(-1, -1, 1, 1))
        if self._bit is not None and self._bit < self.bits:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(present.text, 2))
            painter.drawRect(self.cell_rect(self._bit).adjusted(-1, -1, 1, 1))
