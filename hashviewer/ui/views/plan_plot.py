"""Time against recall: a curve for each kind of search, measured and predicted."""

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor

from hashviewer.ui.plots import Plot
from hashviewer.ui.theme import Theme, theme
from hashviewer.ui.views.plan_words import FAMILY_WORDS, point_text

if TYPE_CHECKING:
    from hashviewer.planner import Figures, Option, Plan

LEFT, RIGHT = -3.0, 150.0  # % of recall; names stand right of 100
NAMES = 104.0
APART_X, APART_Y = 24.0, 13.0  # px between numbers
NEAR = 24.0  # px from a click to the point that is meant
SHAPES = {
    "flat": "star",
    "table": "o",
    "confidence": "d",
    "multi": "s",
    "ivf": "t",
    "hash": "t1",
    "multihash": "+",
}
COLORS = {"table": 1, "confidence": 2, "multi": 0, "ivf": 6, "hash": 7, "multihash": 5}  # of the labels


class PercentAxis(pg.AxisItem):  # type: ignore[misc]
    """Recall in per cent; nothing beyond 100."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        step = 25.0 if (maxVal - minVal) > 60 else 10.0
        return [(step, [float(v) for v in np.arange(0, 101, step) if minVal <= v <= maxVal])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:.0f}" for value in values]


@dataclass(slots=True)
class _Curve:
    """The drawing of one family."""

    line: pg.PlotCurveItem
    measured: pg.ScatterPlotItem
    predicted: pg.ScatterPlotItem
    name: pg.TextItem


class PlanPlot(Plot):
    """Filled points are measured, hollow ones predicted; rings mark the recommended and the picked way."""

    def __init__(self) -> None:
        super().__init__(
            x_label="recall (%)", y_label="µs per query (log)", log=True, x_axis=PercentAxis("bottom")
        )
        self.setAccessibleName("Time and recall of each way to search")
        self.setToolTip(
            "Each point is one way to search: right is more complete, low is faster.\n"
            "Filled: measured. Hollow: predicted from the distances. Click a point to pick it."
        )
        self.setMinimumHeight(150)
        self._plan: Plan | None = None
        self._curves: dict[str, _Curve] = {}
        self._labels_of_points: list[pg.TextItem] = []
        self.best = pg.ScatterPlotItem(size=19, pxMode=True)
        self.picked = pg.ScatterPlotItem(size=15, pxMode=True)
        self.query = pg.InfiniteLine(angle=0, label="this query", labelOpts={"position": 0.5})
        for item, depth in ((self.best, 8), (self.picked, 9), (self.query, 2)):
            item.setZValue(depth)
            self.addItem(item)
        self.getViewBox().sigResized.connect(self._write)
        self.getViewBox().sigRangeChanged.connect(self._write)

    def draw(self, plan: "Plan", *, picked: int, query_seconds: float | None) -> None:
        """Show a plan, the way that is picked, and how long the present query took."""
        self.restyle()
        present = theme()
        for family in sorted({str(option.family) for option in plan.options} - set(self._curves)):
            self._curves[family] = self._curve(family)
        if plan is not self._plan:
            self._plan = plan
            self._fit(plan)
        for key, curve in self._curves.items():
            ways = sorted((o for o in plan.options if o.family == key), key=lambda o: _spot(o.measured))
            self._draw_family(curve, ways, _color(key, present))
        self._write()
        self._ring(self.best, plan.choice, present.good)
        self._ring(self.picked, plan.options[picked], present.selection)
        self.query.setVisible(query_seconds is not None)
        if query_seconds is not None:
            self.query.setPen(pg.mkPen(present.accent, width=1, style=pg.QtCore.Qt.PenStyle.DashLine))
            self.query.label.setColor(present.accent)
            self.query.setPos(_log_micros(query_seconds))

    def nearest(self, place: QPointF) -> int | None:
        """The option whose point is nearest to a place; None if none is near."""
        if self._plan is None:
            return None
        box = self.getViewBox()
        click = box.mapViewToScene(place)
        spots = [box.mapViewToScene(QPointF(*_spot(option.measured))) for option in self._plan.options]
        distances = [(spot - click).manhattanLength() for spot in spots]
        index = int(np.argmin(distances))
        return index if distances[index] <= NEAR else None

    def _curve(self, family: str) -> _Curve:
        curve = _Curve(
            pg.PlotCurveItem(),
            pg.ScatterPlotItem(size=8, symbol=SHAPES[family], pxMode=True),
            pg.ScatterPlotItem(size=8, symbol=SHAPES[family], pxMode=True),
            pg.TextItem(FAMILY_WORDS[family], anchor=(0, 0.5)),
        )
        for item, depth in ((curve.line, 3), (curve.predicted, 4), (curve.measured, 5), (curve.name, 6)):
            item.setZValue(depth)
            self.addItem(item)
        return curve

    def _draw_family(self, curve: _Curve, options: list["Option"], color: QColor) -> None:
        measured = np.array([_spot(option.measured) for option in options]).reshape(-1, 2)
        predicted = np.array([_spot(option.predicted) for option in options]).reshape(-1, 2)
        pale = QColor(color)
        pale.setAlpha(140)
        curve.line.setData(x=measured[:, 0], y=measured[:, 1], pen=pg.mkPen(pale, width=1.5))
        curve.measured.setData(
            x=measured[:, 0], y=measured[:, 1], brush=pg.mkBrush(color), pen=pg.mkPen(color)
        )
        curve.predicted.setData(
            x=predicted[:, 0], y=predicted[:, 1], brush=None, pen=pg.mkPen(color, width=1.2)
        )
        curve.name.setColor(color)
        curve.name.setVisible(bool(options))

    def _fit(self, plan: "Plan") -> None:
        """Show all points, measured and predicted."""
        heights = [_log_micros(f.seconds) for o in plan.options for f in (o.measured, o.predicted)]
        low, high = floor(min(heights)), ceil(max(heights))
        self.show_range(QRectF(LEFT, low - 0.1, RIGHT - LEFT, max(high - low, 1) + 0.2))

    def _write(self) -> None:
        """Write the names of the families and the numbers of the points."""
        if self._plan is not None:
            self._name(self._plan)
            self._number(self._plan)

    @property
    def numbered(self) -> list[str]:
        """What is written beside points."""
        return [label.toPlainText() for label in self._labels_of_points if label.isVisible()]

    def _number(self, plan: "Plan") -> None:
        """Write r or m beside the points that have room for it."""
        box = self.getViewBox()
        taken: list[tuple[float, float]] = []
        wanted = [(option, text) for option in plan.options if (text := point_text(option))]
        while len(self._labels_of_points) < len(wanted):
            label = pg.TextItem(anchor=(1.25, 0.5))
            self.addItem(label)
            self._labels_of_points.append(label)
        for label in self._labels_of_points:
            label.hide()
        for label, (option, text) in zip(self._labels_of_points, wanted, strict=False):
            spot = QPointF(*_spot(option.measured))
            place = box.mapViewToScene(spot)
            if all(abs(place.x() - x) > APART_X or abs(place.y() - y) > APART_Y for x, y in taken):
                taken.append((place.x(), place.y()))
                label.setText(text, color=_color(option.family, theme()))
                label.setPos(spot)
                label.show()

    def _name(self, plan: "Plan") -> None:
        """Write each family's name at the height of its most complete point, none over another."""
        (low, high), room = self.getViewBox().viewRange()[1], max(self.getViewBox().height(), 1.0)
        apart = 1.05 * self.fontMetrics().height() * (high - low) / room
        ends: dict[str, Option] = {}
        for option in plan.options:
            best = ends.get(option.family)
            if best is None or option.measured.recall > best.measured.recall:
                ends[option.family] = option
        ranked = sorted(ends.items(), key=lambda item: item[1].measured.seconds)
        heights = _kept_apart([_log_micros(o.measured.seconds) for _, o in ranked], apart, low, high)
        for (family, _), height in zip(ranked, heights, strict=True):
            self._curves[family].name.setPos(NAMES, height)

    def _ring(self, item: pg.ScatterPlotItem, option: "Option", color: QColor) -> None:
        x, y = _spot(option.measured)
        item.setData(x=[x], y=[y], brush=None, pen=pg.mkPen(color, width=2))


def _kept_apart(heights: list[float], apart: float, low: float, high: float) -> list[float]:
    """Ascending heights moved up, and then down from the top, until no two are nearer than `apart`."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + apart if placed else low + apart / 2))
    ceiling = high - apart / 2
    for place in range(len(placed) - 1, -1, -1):
        placed[place] = ceiling = min(placed[place], ceiling)
        ceiling -= apart
    return placed


def _color(family: str, present: Theme) -> QColor:
    """The family's colour; in the light theme darker, to be legible as text."""
    if family == "flat":
        return present.text
    color = present.labels[COLORS[family]]
    return color if present.is_dark else color.darker(150)


def _spot(figures: "Figures") -> tuple[float, float]:
    return 100 * figures.recall, _log_micros(figures.seconds)


def _log_micros(seconds: float) -> float:
    return log10(max(seconds * 1e6, 0.1))
