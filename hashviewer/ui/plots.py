"""A thin layer over pyqtgraph: plots in the theme's colours with our own menu, keys and zoom.

Importing this module imports pyqtgraph, which takes about half a second: views import it when they first draw,
and `hashviewer.ui.views.warm_up` does it in a worker before.
"""

from collections.abc import Callable
from math import ceil, floor, log10

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QLabel, QWidget

from hashviewer.ui.snapshot import picture_menu
from hashviewer.ui.theme import Theme, tabular, theme

LOG_FLOOR = log10(0.5)
"""Where log-scaled bars stand: one photo is then a bar that can be seen."""

# Bars beyond this are thinner than a pixel in a narrow dock and get an outline of their own colour.
MANY = 256
LABELLED = 110  # px of height from which there is room for the y axis's name


def log_heights(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """Tops of log-scaled bars for counts (n,): log10, NaN where there is nothing above the floor."""
    values = np.asarray(counts, dtype=np.float64)
    tops = np.full(values.shape, np.nan)
    np.log10(values, out=tops, where=values > 0.5)
    return tops


class WholeAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis of whole numbers with ticks at multiples of a power of two, as bits are counted.

    Attributes:
        last: The greatest number that there is; nothing beyond it, or below 0, gets a tick.
    """

    last = 0

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:  # noqa: N803
        room = max(size / 36, 1)
        step = 1
        while (maxVal - minVal) / step > room:
            step *= 2
        return [(step, 0)]

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        levels = super().tickValues(minVal, maxVal, size)
        return [(step, [value for value in values if 0 <= value <= self.last]) for step, values in levels]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:.0f}" for value in values]


class DecadeAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis of log10 values that is labelled 1, 10, 100, 1k."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        first, last = ceil(minVal), floor(maxVal)
        step = max(1, ceil((last - first + 1) / max(size / 18, 1)))
        return [(float(step), [float(v) for v in range(max(first, 0), last + 1, step)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [_short(round(10**value)) for value in values]


def _short(count: int) -> str:
    for size, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count // size}{sign}"
    return str(count)


class Plot(pg.PlotWidget):  # type: ignore[misc]
    """One plot: wheel zooms along x, double-click shows all again, right-click copies or saves.

    Args:
        x_label: Name and unit of the x axis.
        y_label: Name and unit of the y axis.
        log: Whether y holds log10 of counts.
        whole_y: Whether y counts whole things too, as in a heat map of bits.
        y_axis: A y axis of another kind than these.
        x_axis: The axis below, where it does not count whole things.

    Signals:
        clicked: Place in plot coordinates and keyboard modifiers of a click that dragged nothing.
        stepped: -1 or +1 for the left and right arrow keys, times 8 with Shift.
    """

    clicked = Signal(QPointF, object)
    stepped = Signal(int)

    def __init__(
        self,
        *,
        x_label: str,
        y_label: str,
        log: bool = False,
        whole_y: bool = False,
        x_axis: pg.AxisItem | None = None,
        y_axis: pg.AxisItem | None = None,
    ) -> None:
        axes = {"bottom": WholeAxis("bottom") if x_axis is None else x_axis}
        if y_axis is not None:
            axes["left"] = y_axis
        elif log:
            axes["left"] = DecadeAxis("left")
        elif whole_y:
            axes["left"] = WholeAxis("left")
        super().__init__(axisItems=axes, enableMenu=False)
        self.describe: Callable[[float, float], str] = _nothing
        self._styled: Theme | None = None
        self._whole = QRectF(0, 0, 1, 1)
        self._readout = Readout(self)
        self._labels = {"bottom": x_label, "left": y_label}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.hideButtons()
        self.getPlotItem().layout.setContentsMargins(1, 4, 10, 1)  # room for the last tick's half
        self.getViewBox().setMouseEnabled(x=True, y=whole_y)
        self.setAntialiasing(True)
        self.setMinimumSize(120, 80)
        for axis in (self.getAxis(name) for name in self._labels):
            axis.enableAutoSIPrefix(enable=False)
            axis.setStyle(tickLength=-4, tickTextOffset=3, hideOverlappingLabels=False)
        self.scene().sigMouseClicked.connect(self._on_clicked)
        # a scene whose changes are listened to waits for the window's next frame; else each plot would have the whole
        # window repainted at once
        self.scene().changed.connect(self.viewport().update)
        self.restyle()

    def restyle(self) -> None:
        """Take the colours of the present theme."""
        present = theme()
        if present is self._styled:
            return
        self._styled = present
        self.setBackground(present.background)
        font = tabular(self.font())
        font.setPointSizeF(max(font.pointSizeF() * 0.85, 7))
        for name, text in self._labels.items():
            axis = self.getAxis(name)
            axis.setPen(pg.mkPen(present.border))
            axis.setTextPen(pg.mkPen(present.muted))
            axis.setTickFont(font)
            axis.label.setFont(font)
            axis.setLabel(text, color=present.muted.name())
        self.getAxis("bottom").setHeight(2 * QFontMetrics(font).height() + 6)
        self._readout.restyle(present)

    def show_range(self, whole: QRectF) -> None:
        """Set what "all" is, in plot coordinates, and show it when it is another than before."""
        if whole == self._whole:
            return
        self._whole = whole
        for axis in (self.getAxis(name) for name in self._labels):
            if isinstance(axis, WholeAxis):
                axis.last = floor(whole.right())
        box = self.getViewBox()
        if not box.state["aspectLocked"]:  # a square map in an oblong view shows more than its range
            box.setLimits(
                xMin=whole.left(), xMax=whole.right(), minXRange=min(4.0, whole.width()),
                yMin=whole.top(), yMax=whole.bottom(),
            )  # fmt: skip
        self.show_all()

    def show_all(self) -> None:
        """Undo all zooming."""
        self.getViewBox().setRange(self._whole, padding=0)

    def sizeHint(self) -> QSize:
        return QSize(280, 170)

    @property
    def readout(self) -> str:
        """What is said about the place under the pointer; empty when there is nothing to say."""
        return self._readout.text() if not self._readout.isHidden() else ""

    def say(self, text: str) -> None:
        """Show a readout in the upper right corner, or none."""
        self._readout.say(text)

    def _on_clicked(self, event: object) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or event.double():  # type: ignore[attr-defined]
            return
        box = self.getViewBox()
        place = event.scenePos()  # type: ignore[attr-defined]
        if box.sceneBoundingRect().contains(place):
            self.clicked.emit(box.mapSceneToView(place), event.modifiers())  # type: ignore[attr-defined]

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        place = self.mapToScene(event.position().toPoint())
        box = self.getViewBox()
        if box.sceneBoundingRect().contains(place):
            at = box.mapSceneToView(place)
            self.say(self.describe(at.x(), at.y()))
        else:
            self.say("")

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.say("")

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        self.show_all()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if event is not None:  # pyqtgraph calls it without one
            self.getAxis("left").showLabel(show=event.size().height() >= LABELLED)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = picture_menu(self)
        menu.addSeparator()
        menu.addAction("Show all", self.show_all)
        menu.popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.stepped.emit(step * 8 if far else step)
        event.accept()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        super().drawForeground(painter, rect)
        if self.hasFocus():
            painter.save()
            painter.resetTransform()
            painter.setPen(QPen(theme().selection, 1))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
            painter.restore()


def _nothing(x: float, y: float) -> str:
    return ""


class Readout(QLabel):
    """A line of text in the upper right corner of a plot that lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._plot = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def restyle(self, present: Theme) -> None:
        """Take the colours of a theme."""
        self.setFont(tabular(self.font()))
        self.setStyleSheet(
            f"background: {present.raised.name()}; color: {present.text.name()}; padding: 1px 4px; border-radius: 3px"
        )

    def say(self, text: str) -> None:
        """Show `text`, or nothing."""
        self.setVisible(bool(text))
        if text:
            self.setText(text)
            self.adjustSize()
            self.move(max(0, self._plot.width() - self.width() - 4), 2)
            self.raise_()


class Bars:
    """Bars of one colour, one for each whole number from 0."""

    def __init__(self, plot: Plot, *, width: float = 0.8, above: int = 0) -> None:
        self.tops: NDArray[np.float64] = np.empty(0)
        self.color = QColor()
        self._width = width
        self._item = pg.BarGraphItem(x=np.empty(0), height=np.empty(0), width=width, pen=None)
        self._item.setZValue(above)
        plot.addItem(self._item)

    def draw(self, tops: NDArray[np.float64], color: QColor, *, floor: float = 0.0) -> None:
        """Bars from `floor` to `tops` (n,); NaN is no bar."""
        self.tops, self.color = tops, color
        places = np.flatnonzero(np.isfinite(tops))
        pen = pg.mkPen(color) if len(tops) > MANY else pg.mkPen(None)
        self._item.setOpts(
            x=places, y0=np.full(len(places), floor), height=tops[places] - floor, width=self._width,
            brush=pg.mkBrush(color), pen=pen,
        )  # fmt: skip


class Dots:
    """Round marks of one colour and a size in pixels."""

    def __init__(self, plot: Plot, *, size: float = 6.0, above: int = 0) -> None:
        self.places: NDArray[np.float64] = np.empty(0)
        self._item = pg.ScatterPlotItem(size=size, pxMode=True)
        self._item.setZValue(above)
        plot.addItem(self._item)

    def draw(
        self, x: NDArray[np.float64], y: NDArray[np.float64], color: QColor, *, hollow: bool = False
    ) -> None:
        """Marks at the places x (n,), y (n,)."""
        self.places = x
        brush = pg.mkBrush(None) if hollow else pg.mkBrush(color)
        self._item.setData(
            x=x, y=y, pen=pg.mkPen(color, width=1.5) if hollow else pg.mkPen(None), brush=brush
        )


class Area:
    """A line over x with the ground below it tinted."""

    def __init__(self, plot: Plot, *, floor: float, above: int = 0) -> None:
        self._floor = floor
        self._item = pg.PlotCurveItem()
        self._item.setZValue(above)
        plot.addItem(self._item)

    def draw(self, x: NDArray[np.float64], y: NDArray[np.float64], line: QColor, ground: QColor) -> None:
        """The line through x (n,), y (n,); below the floor it lies on it."""
        heights = np.maximum(np.nan_to_num(y, nan=self._floor, neginf=self._floor), self._floor)
        self._item.setData(
            x=x, y=heights, pen=pg.mkPen(line, width=1.5), fillLevel=self._floor, brush=pg.mkBrush(ground)
        )


class RadiusLine(pg.InfiniteLine):  # type: ignore[misc]
    """An upright line that is dragged from one whole number and a half to the next."""

    def __init__(self, plot: Plot) -> None:
        self._last = 0
        super().__init__(
            pos=0.5, angle=90, movable=True, label="", labelOpts={"position": 0.95, "anchors": [(0, 0.5), (1, 0.5)]}
        )  # fmt: skip
        self.setZValue(20)
        plot.addItem(self)

    def limit(self, last: int) -> None:
        """Allow the radii 0…last."""
        self._last = last
        self.setBounds((0.5, last + 0.5))

    def draw(self, radius: int, color: QColor) -> None:
        """Stand behind `radius`."""
        self.setPen(pg.mkPen(color, width=2))
        self.setHoverPen(pg.mkPen(color, width=4))
        self.label.setColor(color)
        self.label.setFormat(f"radius {radius}")
        self.setPos(radius + 0.5)

    @property
    def radius(self) -> int:
        """The whole number below the line."""
        return round(float(self.value()) - 0.5)

    def setPos(self, pos: float | QPointF | list[float]) -> None:
        place = pos.x() if isinstance(pos, QPointF) else pos[0] if isinstance(pos, list | tuple) else pos
        super().setPos(min(max(floor(place), 0), self._last) + 0.5)
