"""Sliders over the ways of one table and of several, as a plan has measured them."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from hashviewer.ui.theme import tabular
from hashviewer.ui.views.plan_words import number_of, numbers_of, place_of, share

if TYPE_CHECKING:
    from hashviewer.planner import Plan

FAMILIES = (("table", "Radius r of one table"), ("multi", "Tables m of several"))


class PlanSliders(QWidget):
    """One slider for r, one for m; each says the recall at its place.

    Signals:
        picked: The place among the plan's options of the one that was slid to.
    """

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._plan: Plan | None = None
        self._drawing = False
        self.sliders = {family: QSlider(Qt.Orientation.Horizontal) for family, _ in FAMILIES}
        self.values = {family: QLabel() for family, _ in FAMILIES}
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.setColumnStretch(1, 1)
        for row, (family, name) in enumerate(FAMILIES):
            slider, value, label = self.sliders[family], self.values[family], QLabel(name)
            slider.setAccessibleName(name)
            slider.setPageStep(1)
            slider.setMinimumWidth(60)
            slider.valueChanged.connect(partial(self._on_slid, family))
            label.setBuddy(slider)
            value.setFont(tabular(self.font()))
            for column, widget in enumerate((label, slider, value)):
                layout.addWidget(widget, row, column)

    def draw(self, plan: "Plan", picked: int) -> None:
        """Stand at the option that is picked, where a slider has it."""
        self._plan = plan
        option = plan.options[picked]
        for family, slider in self.sliders.items():
            numbers = numbers_of(plan, family)
            slider.setEnabled(bool(numbers))
            if numbers:
                self._drawing = True
                slider.setRange(numbers[0], numbers[-1])
                if option.family == family:
                    slider.setValue(number_of(option) or 0)
                self._drawing = False
            place = place_of(plan, family, slider.value())
            recall = "" if place is None else f" · recall {share(plan.options[place].measured)}"
            self.values[family].setText(f"{slider.value()}{recall}")

    def _on_slid(self, family: str, number: int) -> None:
        place = None if self._drawing or self._plan is None else place_of(self._plan, family, number)
        if place is not None:
            self.picked.emit(place)
