"""The drawings of the bits view: balance and entropy, the query's margins."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from hashviewer.statistics import BitStatistics
from hashviewer.ui.plots import Bars, Dots, Plot
from hashviewer.ui.theme import theme


class BitPlot(Plot):
    """A plot over bits: the bit in focus stands on a band, differing bits have a dot at the top."""

    def __init__(self, *, y_label: str) -> None:
        super().__init__(x_label="bit", y_label=y_label)
        self.focus_band = pg.LinearRegionItem(values=(0, 0), movable=False, pen=pg.mkPen(None))
        self.focus_band.setZValue(-5)
        self.addItem(self.focus_band)
        self.marks = Dots(self, size=7, above=9)
        self.focused: int | None = None

    def show_bits(self, bits: int, lowest: float, highest: float) -> None:
        """Make room for `bits` bits, values from lowest to highest, and the dots above."""
        self._top = highest + (highest - lowest) * 0.07
        self.show_range(QRectF(-0.8, lowest, bits + 0.6, (highest - lowest) * 1.14))

    def draw_focus(self, bit: int | None, differing: tuple[int, ...], *, stale: bool) -> None:
        """Stand the bit in focus on its band and mark the differing ones."""
        present = theme()
        ground = QColor(present.selection)
        ground.setAlpha(70)
        self.focused = bit
        self.focus_band.setBrush(pg.mkBrush(ground))
        self.focus_band.setVisible(bit is not None)
        if bit is not None:
            self.focus_band.setRegion((bit - 0.5, bit + 0.5))
        x = np.array(differing, dtype=np.float64)
        self.marks.draw(x, np.full(len(x), self._top), present.dim if stale else present.selection)


class BalancePlot(BitPlot):
    """Share of ones as bars, entropy as dots; a dead bit is drawn in the warning's colour."""

    def __init__(self) -> None:
        super().__init__(y_label="ones · entropy")
        self.setAccessibleName("Balance and entropy of the bits")
        self.setToolTip(
            "Bars: the share p of photos whose bit is 1; best is one half.\n"
            "Dots: entropy −p·log₂ p − (1−p)·log₂(1−p), in bits; best is 1."
        )
        self.getAxis("left").setTicks([[(0.0, "0"), (0.5, "0.5"), (1.0, "1")]])
        self.half = pg.InfiniteLine(pos=0.5, angle=0)
        self.addItem(self.half)
        self.balance = Bars(self, above=1)
        self.dead = Bars(self, above=2)
        self.entropy = Dots(self, size=5, above=3)
        self.entropy_label = pg.TextItem("entropy", anchor=(1, 0))
        self.addItem(self.entropy_label)

    def draw(
        self,
        statistics: BitStatistics,
        *,
        bit: int | None,
        differing: tuple[int, ...],
        stale: bool,
    ) -> None:
        """Show the statistics of a code set."""
        self.restyle()
        present = theme()
        bits = statistics.bits
        self.show_bits(bits, 0.0, 1.0)
        dead = np.zeros(bits, dtype=np.bool_)
        dead[list(statistics.dead)] = True
        self.balance.draw(np.where(dead, np.nan, statistics.balance), present.dim)
        self.dead.draw(np.where(dead, 1.0, np.nan), present.warning)
        self.entropy.draw(
            np.arange(bits, dtype=np.float64), np.nan_to_num(statistics.entropy), present.text, hollow=False
        )
        self.half.setPen(pg.mkPen(present.muted, width=1))
        self.entropy_label.setColor(present.text)
        lowest = float(np.nan_to_num(statistics.entropy).min(initial=1.0))
        self.entropy_label.setPos(bits - 0.5, lowest - 0.02)
        self.entropy_label.setVisible(lowest > 0.75)  # elsewhere it would lie on the bars
        self.draw_focus(bit, differing, stale=stale)


class MarginPlot(BitPlot):
    """The query's outputs before the sign, and those of the selected photo."""

    def __init__(self) -> None:
        super().__init__(y_label="output")
        self.setAccessibleName("Margins of the query's bits")
        self.setToolTip(
            "The network's output of each bit; its sign is the bit, its size the margin.\n"
            "Short bars are undecided bits. Rings: the selected photo. ● at the top: the bits differ."
        )
        self.query = Bars(self, above=1)
        self.other = Dots(self, size=6, above=2)
        self.zero = pg.InfiniteLine(pos=0.0, angle=0)
        self.addItem(self.zero)

    def draw(
        self,
        outputs: NDArray[np.float32],
        other: NDArray[np.float32] | None,
        *,
        bit: int | None,
        differing: tuple[int, ...],
        stale: bool,
    ) -> None:
        """Show the outputs (bits,) of the query and, where there is one, of the selected photo."""
        self.restyle()
        present = theme()
        extent = float(np.abs(outputs).max(initial=0.0))
        if other is not None:
            extent = max(extent, float(np.abs(other).max(initial=0.0)))
        extent = extent or 1.0
        self.show_bits(len(outputs), -extent * 1.05, extent * 1.05)
        self.query.draw(outputs.astype(np.float64), present.accent)
        self.zero.setPen(pg.mkPen(present.muted, width=1))
        shown = np.empty(0) if other is None else other.astype(np.float64)
        self.other.draw(np.arange(len(shown), dtype=np.float64), shown, present.selection, hollow=True)
        self.draw_focus(bit, differing, stale=stale)
