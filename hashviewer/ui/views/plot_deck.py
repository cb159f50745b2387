"""Several plots in one view: one at a time behind tabs, all of them where there is height."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTabBar, QVBoxLayout, QWidget

ENOUGH = 170  # px of height for each plot, from which all are shown


class PlotDeck(QWidget):
    """Tabs over plots, or plots below one another.

    Signals:
        changed: Other plots are in sight than before.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._plots: list[QWidget] = []
        self._tall = False
        self.tabs = QTabBar(drawBase=False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.currentChanged.connect(self._arrange)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)
        self._box.addWidget(self.tabs)

    def add(self, plot: QWidget, title: str) -> None:
        """Put a plot behind a new tab."""
        self._plots.append(plot)
        plot.setVisible(False)
        self._box.addWidget(plot, stretch=1)
        self.tabs.addTab(title)
        self._tall = self._has_room(self.height())
        self._arrange()

    @property
    def in_sight(self) -> tuple[QWidget, ...]:
        """The plots that are shown."""
        if self._tall:
            return tuple(self._plots)
        return tuple(self._plots[self.tabs.currentIndex() : self.tabs.currentIndex() + 1])

    def _has_room(self, height: int) -> bool:
        return height >= ENOUGH * len(self._plots)

    def _arrange(self) -> None:
        self.tabs.setVisible(not self._tall)
        for plot in self._plots:
            plot.setVisible(plot in self.in_sight)
        self.changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        tall = self._has_room(event.size().height())
        if tall is not self._tall:
            self._tall = tall
            self._arrange()
