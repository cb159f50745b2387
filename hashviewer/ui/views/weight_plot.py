"""The weights of the bits as bars that are dragged."""

from math import floor

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent

from hashviewer.ui.plots import Bars
from hashviewer.ui.theme import theme
from hashviewer.ui.views.bit_plots import BitPlot

USUAL, HIGHEST = 1.0, 2.0  # a bit's weight when none is chosen; what the plot shows at least
STEP = 0.1  # of the keys
GRAIN = 20  # steps to 1 that a drag knows


class WeightPlot(BitPlot):
    """One bar for each bit; a press or a drag sets the bars that it passes to its height.

    Signals:
        weighed: Bits (n,) and their new weights (n,).
    """

    weighed = Signal(object, object)

    def __init__(self) -> None:
        super().__init__(y_label="weight")
        self.setAccessibleName("Weights of the bits")
        self.setToolTip(
            "How much each bit counts: distance = sum of the weights of the bits that differ.\n"
            "Drag over the bars to set them; ↑ ↓ change the bit in focus, 0 and 1 set it."
        )
        self.bars = Bars(self, above=1)
        self.changed = Bars(self, above=2)
        self.one = pg.InfiniteLine(pos=USUAL, angle=0)
        self.addItem(self.one)
        self._weights: NDArray[np.float64] = np.empty(0)
        self._last: QPointF | None = None  # of the drag

    def draw(
        self, weights: NDArray[np.float64], *, bit: int | None, differing: tuple[int, ...], stale: bool
    ) -> None:
        """Show the weights (bits,); those that are not 1 in the selection's colour."""
        self.restyle()
        present = theme()
        self._weights = weights
        if self._last is None:  # while dragging the scale stays
            self.show_bits(len(weights), 0.0, max(HIGHEST, float(weights.max(initial=0.0))))
        changed = np.abs(weights - USUAL) > 1e-9
        self.bars.draw(np.where(changed, np.nan, weights), present.dim)
        self.changed.draw(np.where(changed, np.maximum(weights, 0.02), np.nan), present.selection)
        self.one.setPen(pg.mkPen(present.muted, width=1))
        self.draw_focus(bit, differing, stale=stale)

    @property
    def is_dragged(self) -> bool:
        """Whether a drag is under way."""
        return self._last is not None

    def _place(self, event: QMouseEvent) -> QPointF | None:
        """Where the pointer is, in bits and weight; None outside the bars."""
        box, spot = self.getViewBox(), self.mapToScene(event.position().toPoint())
        return box.mapSceneToView(spot) if self.is_dragged or box.sceneBoundingRect().contains(spot) else None

    def _weigh(self, place: QPointF) -> None:
        """Set the bars from where the drag was to where it is."""
        start = place if self._last is None else self._last
        self._last = place
        first, last = floor(start.x() + 0.5), floor(place.x() + 0.5)
        bits = np.arange(min(first, last), max(first, last) + 1)
        heights = np.full(len(bits), place.y())
        if first != last:
            heights = np.interp(bits, *_ascending(start, place))
        inside = (bits >= 0) & (bits < len(self._weights))
        weights = np.maximum(np.rint(heights[inside] * GRAIN) / GRAIN, 0.0)
        if inside.any():
            self.weighed.emit(bits[inside], weights)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place(event)
        if event.button() is Qt.MouseButton.LeftButton and not event.modifiers() and place is not None:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._weigh(place)
            event.accept()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._place(event)
        if self._last is not None and event.buttons() & Qt.MouseButton.LeftButton and place is not None:
            self._weigh(place)
            self.say(self.describe(place.x(), place.y()))
            event.accept()
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            super().mouseReleaseEvent(event)
        self._last = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A second press soon after the first is a press, too: bars are set quickly one after another."""
        self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bit = self.focused
        wanted = None if bit is None or bit >= len(self._weights) else self._by_key(event, self._weights[bit])
        if wanted is None or bit is None:
            super().keyPressEvent(event)
            return
        self.weighed.emit(np.array([bit]), np.array([wanted]))
        event.accept()

    def _by_key(self, event: QKeyEvent, weight: float) -> float | None:
        step = 5 * STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
        return {
            Qt.Key.Key_Up: round(weight + step, 6),
            Qt.Key.Key_Down: max(round(weight - step, 6), 0.0),
            Qt.Key.Key_0: 0.0,
            Qt.Key.Key_1: USUAL,
        }.get(Qt.Key(event.key()))


def _ascending(start: QPointF, end: QPointF) -> tuple[tuple[float, float], tuple[float, float]]:
    """The x and the y of two points, the left one first."""
    left, right = (start, end) if start.x() <= end.x() else (end, start)
    return (left.x(), right.x()), (left.y(), right.y())
