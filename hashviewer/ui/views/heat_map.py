"""How the bits correlate, as a map of colours."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from hashviewer.ui.plots import Plot
from hashviewer.ui.theme import Theme, theme
from hashviewer.ui.views.shading import SHADES, Shaded


class HeatMap(Plot):
    """Correlation of every two bits; blue is opposite, orange the same, the ground is none."""

    def __init__(self) -> None:
        super().__init__(x_label="bit", y_label="bit", whole_y=True)
        self.setAccessibleName("Correlation of the bits")
        self.setToolTip(
            "Pearson correlation of every two bits over the library.\n"
            "Bits that repeat one another waste room in the code."
        )
        self.image = pg.ImageItem(axisOrder="row-major")
        self.addItem(self.image)
        self.column = pg.InfiniteLine(angle=90)
        self.line = pg.InfiniteLine(angle=0)
        for mark in (self.column, self.line):
            self.addItem(mark)
        self.getViewBox().setAspectLocked(True)
        self.getViewBox().invertY(b=True)
        self._shaded: Shaded | None = None
        self._coloured: Theme | None = None
        self.focused: int | None = None

    def draw(self, shaded: Shaded, *, bit: int | None) -> None:
        """Show a matrix, with cross hairs at the bit in focus."""
        self.restyle()
        present = theme()
        if self._coloured is not present:
            self._coloured = present
            self.image.setLookupTable(diverging(present))
        if self._shaded is not shaded:
            self._shaded = shaded
            bits = len(shaded.indices)
            self.image.setImage(shaded.indices, levels=(0, SHADES - 1), autoLevels=False)
            self.image.setRect(QRectF(-0.5, -0.5, bits, bits))
            self.show_range(QRectF(-0.5, -0.5, bits, bits))
        self.focused = bit
        for mark in (self.column, self.line):
            mark.setPen(pg.mkPen(present.selection, width=1))
            mark.setVisible(bit is not None)
            if bit is not None:
                mark.setPos(bit)


def diverging(present: Theme) -> NDArray[np.uint8]:
    """(255, 3) from blue through the theme's ground to orange: Okabe and Ito's two, told apart by all eyes."""
    ends = ((0, 114, 178), (230, 159, 0)) if not present.is_dark else ((86, 180, 233), (240, 170, 30))
    ground = (present.surface.red(), present.surface.green(), present.surface.blue())
    stops = np.array([ends[0], ground, ends[1]], dtype=np.float64)
    at = np.linspace(0, 2, SHADES)
    channels = [np.interp(at, (0, 1, 2), stops[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)
