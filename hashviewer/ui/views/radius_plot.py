"""The drawing of the radius view: log-scaled bars, the curve of random codes, the radius line."""

from math import log10

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from hashviewer.ui.plots import LOG_FLOOR, Area, Bars, Plot, RadiusLine, log_heights
from hashviewer.ui.theme import theme

INNER = (4, 6, -4, -6)  # px from the edges of a label to its letters


class RadiusPlot(Plot):
    """Photos at each distance: within the radius in the accent, beyond it dim, selected ones over them."""

    def __init__(self) -> None:
        super().__init__(x_label="distance to the query (bits)", y_label="photos (log)", log=True)
        self.setAccessibleName("Distances to the query")
        self.setToolTip(
            "Hamming distance: the number of bits in which two codes differ.\n"
            "Drag the line, or press ← and →, to set the radius; click a bar to select its photos."
        )
        self.random = Area(self, floor=LOG_FLOOR, above=0)
        self.beyond = Bars(self, above=1)
        self.within = Bars(self, above=2)
        self.selected = Bars(self, above=3)
        self.hovered = pg.InfiniteLine(angle=90)
        self.hovered.setZValue(15)
        self.hovered.setVisible(False)
        self.addItem(self.hovered)
        self.line = RadiusLine(self)
        self._has_random = False
        self._highest = 0.0  # log10 of the highest bar
        self.random_label = pg.TextItem("random codes", anchor=(0.5, 1))
        self.random_label.setZValue(10)
        self.addItem(self.random_label)
        self.line.sigPositionChanged.connect(self._keep_labels_apart)
        self.getViewBox().sigResized.connect(self._keep_labels_apart)

    def show_counts(self, bits: int, highest: float) -> None:
        """Make room for distances 0…bits and for up to `highest` photos."""
        top = log10(highest)
        self._highest = top
        self.line.limit(bits)
        self.show_range(QRectF(-0.6, LOG_FLOOR, bits + 1.2, (top - LOG_FLOOR) * 1.3 + 0.1))

    def draw(
        self,
        histogram: NDArray[np.int64],
        expected: NDArray[np.float64],
        selected: NDArray[np.int64],
        *,
        radius: int,
        stale: bool,
    ) -> None:
        """Show counts (bits + 1,), those expected of random codes and those selected, cut at `radius`."""
        self.restyle()
        present = theme()
        tops = log_heights(histogram)
        inside = np.arange(len(tops)) <= radius
        self.beyond.draw(np.where(inside, np.nan, tops), present.dim, floor=LOG_FLOOR)
        near = present.dim if stale else present.accent
        self.within.draw(np.where(inside, tops, np.nan), near, floor=LOG_FLOOR)
        chosen = present.dim if stale else present.selection
        self.selected.draw(log_heights(selected), chosen, floor=LOG_FLOOR)
        self._draw_random(log_heights(expected))
        self.line.draw(radius, near)
        self._keep_labels_apart()

    def draw_hover(self, distance: int | None) -> None:
        """Mark the distance of the photo under the pointer elsewhere in the window."""
        self.hovered.setVisible(distance is not None)
        if distance is not None:
            self.hovered.setPen(pg.mkPen(theme().text, width=1))
            self.hovered.setPos(distance)

    def _draw_random(self, tops: NDArray[np.float64]) -> None:
        present = theme()
        ground = QColor(present.muted)
        ground.setAlpha(36)
        self.random.draw(np.arange(len(tops), dtype=np.float64), tops, present.muted, ground)
        shown = np.flatnonzero(np.isfinite(tops))
        if len(shown):
            peak = int(np.nanargmax(tops))
            self.random_label.setColor(present.muted)
            self.random_label.setPos(peak, max(float(tops[peak]), self._highest))
        self._has_random = bool(len(shown))

    def _keep_labels_apart(self) -> None:
        """In a low plot the line's own label may come to lie over the curve's, which then gives way."""
        own, other = (
            label.sceneBoundingRect().adjusted(*INNER) for label in (self.line.label, self.random_label)
        )
        self.random_label.setVisible(self._has_random and not own.intersects(other))
