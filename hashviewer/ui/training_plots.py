"""The curves of a training: named values over epochs, on a plain or a logarithmic axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor

from hashviewer.ui.plots import Plot
from hashviewer.ui.theme import contrast, theme

STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
LEAST_CONTRAST = 3.0  # of a line on its ground
_FEW = 12  # points up to which each gets a mark


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Values over epochs.

    Attributes:
        name: For the user.
        epochs: (n,) counted from 1, ascending.
        values: (n,).
    """

    name: str
    epochs: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """How a curve is drawn: never told apart by colour alone."""

    color: QColor
    style: Qt.PenStyle


def look_of(place: int) -> Look:
    """The look of a plot's n-th curve in the present theme."""
    colors = theme().labels[:3] + theme().labels[4:]  # yellow is too pale a line
    color = QColor(colors[place % len(colors)])
    ground = theme().background
    while contrast(color, ground) < LEAST_CONTRAST:
        color = color.lighter(112) if theme().is_dark else color.darker(112)
    return Look(color, STYLES[place % len(STYLES)])


class ValueAxis(pg.AxisItem):  # type: ignore[misc]
    """A y axis of values, or of their log10.

    Attributes:
        log: Whether places are log10 of values.
    """

    log = False

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        if not self.log:
            levels: list[tuple[float, list[float]]] = super().tickValues(minVal, maxVal, size)
            return levels
        steps = (1, 2, 5) if maxVal - minVal < 2 else (1,)
        decades = range(floor(minVal), ceil(maxVal) + 1)
        every = 1 if len(steps) > 1 else max(1, ceil(len(decades) * 18 / max(size, 1)))
        places = [decade + log10(step) for decade in decades[::every] for step in steps]
        return [(1.0, [place for place in places if minVal <= place <= maxVal])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.log:
            return [f"{10**value:.3g}" for value in values]
        strings: list[str] = super().tickStrings(values, scale, spacing)
        return strings


class CurvePlot(Plot):
    """Curves over epochs.

    Args:
        y_label: Name of the values.
        from_zero: Whether a plain axis begins at 0, or below.
    """

    def __init__(self, *, y_label: str, from_zero: bool = True) -> None:
        self._from_zero = from_zero
        self._axis = ValueAxis("left")
        super().__init__(x_label="epoch", y_label=y_label, y_axis=self._axis)
        self.curves: tuple[Curve, ...] = ()
        self._items: list[pg.PlotDataItem] = []
        self._last = 1
        self.describe = self._described
        self.getPlotItem().showGrid(x=False, y=True, alpha=0.25)
        self._axis.setWidth(56)  # nothing jumps when labels get longer

    @property
    def log(self) -> bool:
        """Whether the axis is logarithmic."""
        return self._axis.log

    def set_log(self, *, log: bool) -> None:
        """Draw on a logarithmic axis, which shows no value of 0 or below, or on a plain one."""
        self._axis.log = log
        self._axis.picture = None
        self.draw(self.curves, last=self._last)

    def draw(self, curves: Sequence[Curve], *, last: int) -> None:
        """Show curves, from epoch 0 to `last`."""
        self.curves, self._last = tuple(curves), last
        while len(self._items) < len(curves):
            item = pg.PlotDataItem()
            self._items.append(item)
            self.addItem(item)
        for place, item in enumerate(self._items):
            if place < len(curves):
                self._draw_one(item, curves[place], look_of(place))
            else:
                item.setData([], [])
        low, high = self._limits()
        self.show_range(QRectF(0, low, max(last, 1), high - low))

    def _draw_one(self, item: pg.PlotDataItem, curve: Curve, look: Look) -> None:
        heights = self._heights(curve.values)
        if not np.isfinite(heights).any():
            item.setData([], [])
            return
        few = len(heights) <= _FEW
        item.setData(
            curve.epochs, heights, pen=pg.mkPen(look.color, width=2, style=look.style), connect="finite",
            symbol="o" if few else None, symbolSize=5, symbolBrush=look.color, symbolPen=None,
        )  # fmt: skip

    def _heights(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.log:
            return values
        heights = np.full(values.shape, np.nan)
        np.log10(values, out=heights, where=values > 0)
        return heights

    def _limits(self) -> tuple[float, float]:
        """Round limits around all heights, so that they seldom change while curves grow."""
        heights = np.concatenate([self._heights(curve.values) for curve in self.curves] or [np.empty(0)])
        heights = heights[np.isfinite(heights)]
        if not len(heights):
            return 0.0, 1.0
        low, high = float(heights.min()), float(heights.max())
        if self.log:
            return floor(2 * low) / 2, ceil(2 * high + 0.01) / 2
        low = min(low, 0.0) if self._from_zero else low
        step: float = 10 ** floor(log10(max(high - low, abs(high) / 10, 1e-12))) / 2
        return floor(low / step) * step, ceil(high / step + 0.01) * step

    def _described(self, x: float, y: float) -> str:
        """The values at the epoch nearest to the pointer."""
        del y
        epoch = round(x)
        parts = []
        for curve in self.curves:
            at = np.flatnonzero(curve.epochs == epoch)
            if len(at) and isfinite(curve.values[at[0]]):
                parts.append(f"{curve.name} {curve.values[at[0]]:.4g}")
        return f"epoch {epoch}: {' · '.join(parts)}" if parts else ""

    def dress(self) -> None:
        """Take the colours of the present theme."""
        self.restyle()
        self.draw(self.curves, last=self._last)
