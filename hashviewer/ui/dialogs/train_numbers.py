"""The short fields of the Train form: bits, epochs, seed, head, device, protocol, measuring."""

import dataclasses

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QSpinBox,
    QWidget,
)

from hashviewer.ui.training_choices import MethodChoice
from hashviewer.ui.training_plan import TrainingPlan

BITS, HOLDOUT, MEASURE_EVERY = 48, 0.1, 10  # where nothing was asked for
MAPS = (1, 4, 9, 16)
COLUMNS = 3
PROTOCOLS = {
    "": "all labelled items",
    "I": "I · 500 a class",
    "I'": "I' · 500 a class, apart from the database",
    "I-all": "I-all · the whole database",
    "II": "II · 1,000 queries a class apart",
    "III": "III · the official training part",
    "each": "each · all items",
}


class TrainNumbers(QWidget):
    """What most trainings leave as it is.

    Signals:
        changed: A value is another one.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._advised: MethodChoice | None = None
        self.bits = _whole(1, 4096, BITS)
        self.epochs = _whole(1, 100_000, 60)
        self.seed = _whole(0, 2**31 - 1, 0)
        self.head = QComboBox()
        self.device = QComboBox()
        self.protocol = QComboBox()
        self.holdout = QDoubleSpinBox()
        self.measure_every = _whole(1, 100_000, MEASURE_EVERY)
        self.image_size = _whole(0, 1024, 0)
        self.maps = QComboBox()
        self.mirrored = QCheckBox("Mirrored images, too")
        self._build()
        for number in (self.bits, self.epochs, self.seed, self.measure_every, self.image_size, self.holdout):
            number.valueChanged.connect(self.changed)
        for choice in (self.head, self.device, self.protocol, self.maps):
            choice.currentIndexChanged.connect(self.changed)
        self.mirrored.toggled.connect(self.changed)

    def _build(self) -> None:
        self.holdout.setRange(0, 0.9)
        self.holdout.setSingleStep(0.05)
        self.holdout.setValue(HOLDOUT)
        self.image_size.setSpecialValueText("its own")
        self.image_size.setSuffix(" px")
        for places in MAPS:
            self.maps.addItem(f"{places:,} places" if places > 1 else "pooled", places)
        self.mirrored.setToolTip("A frozen backbone sees every image mirrored as well: twice the features")
        self.head.setMinimumContentsLength(12)
        self.device.setMinimumContentsLength(8)
        self.protocol.setMinimumContentsLength(14)
        self.protocol.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        for place, (text, field, tip) in enumerate(self._rows()):
            label = QLabel(text)
            label.setBuddy(field)
            field.setToolTip(tip)
            row, column = divmod(place, COLUMNS)
            grid.addWidget(label, row, 2 * column)
            grid.addWidget(field, row, 2 * column + 1)
        grid.addWidget(self.mirrored, row, 3, 1, 3)
        for column in range(COLUMNS):
            grid.setColumnStretch(2 * column + 1, 1)

    def _rows(self) -> tuple[tuple[str, QWidget, str], ...]:
        """Label, field and what it is."""
        return (
            ("&Bits", self.bits, "Bits of a code"),
            ("&Epochs", self.epochs, "Passes over the items"),
            ("&Seed", self.seed, "The same seed gives the same model"),
            ("&Head", self.head, "The hash layer: one linear map, or one hidden layer before it"),
            ("De&vice", self.device, "Where the network runs"),
            ("Trains &on", self.protocol, "The training items of a protocol, the queries left apart"),
            ("Hold ou&t", self.holdout, "Share of the items that the run is measured on"),
            (
                "&Measure every",
                self.measure_every,
                "Epochs between two measurements; the last is always measured",
            ),
            ("Image si&ze", self.image_size, "Edge of the backbone's input"),
            (
                "Ma&p",
                self.maps,
                "What an attention method sees of the backbone's last map; others see it pooled",
            ),
        )

    def show_choices(self, devices: tuple[str, ...], protocols: tuple[str, ...]) -> None:
        """Offer devices and protocols."""
        self.device.clear()
        self.device.addItems(devices)
        self.protocol.clear()
        for name in ("", *protocols):
            self.protocol.addItem(PROTOCOLS.get(name, name), name)

    def show_advice(self, method: MethodChoice) -> None:
        """Take a method's advice, unless another value was chosen."""
        before, head = self._advised, self.head.currentData()
        kept_epochs = before is not None and self.epochs.value() != before.advised("epochs")
        kept_head = before is not None and head != before.advised("head")
        self._advised = method
        advised = str(method.advised("head"))
        self.head.clear()
        for kind in ("linear", "mlp"):
            self.head.addItem(f"{kind} (advised)" if kind == advised else kind, kind)
        self.head.setCurrentIndex(self.head.findData(head if kept_head else advised))
        self.maps.setEnabled(method.attends)
        if not kept_epochs:
            self.epochs.setValue(int(method.advised("epochs") or 1))

    def show_plan(self, plan: TrainingPlan) -> None:
        """Take over a plan."""
        method = self._advised
        self.bits.setValue(plan.bits)
        self.seed.setValue(plan.seed)
        if method is not None:
            self.epochs.setValue(plan.epochs or int(method.advised("epochs") or 1))
            self.head.setCurrentIndex(self.head.findData(plan.head or method.advised("head")))
        self.device.setCurrentText(plan.device)
        self.protocol.setCurrentIndex(max(0, self.protocol.findData(plan.protocol)))
        self.holdout.setValue(HOLDOUT if plan.holdout is None else plan.holdout)
        self.measure_every.setValue(plan.measure_every or MEASURE_EVERY)
        self.image_size.setValue(plan.size)
        self.mirrored.setChecked(plan.mirrored)
        self.maps.setCurrentIndex(max(0, self.maps.findData(plan.maps)))

    def put_into(self, plan: TrainingPlan) -> TrainingPlan:
        """The plan with what differs from the advice."""
        method = self._advised
        epochs, head = self.epochs.value(), self.head.currentData() or ""
        holdout = round(self.holdout.value(), 2)
        return dataclasses.replace(
            plan,
            bits=self.bits.value(),
            epochs=0 if method is not None and epochs == method.advised("epochs") else epochs,
            seed=self.seed.value(),
            head="" if method is not None and head == method.advised("head") else head,
            device=self.device.currentText() or "auto",
            protocol=self.protocol.currentData() or "",
            holdout=None if holdout == HOLDOUT else holdout,
            measure_every=0 if self.measure_every.value() == MEASURE_EVERY else self.measure_every.value(),
            size=self.image_size.value(),
            mirrored=self.mirrored.isChecked(),
            maps=self.maps.currentData() if method is not None and method.attends else 1,
        )


def _whole(low: int, high: int, value: int) -> QSpinBox:
    made = QSpinBox()
    made.setRange(low, high)
    made.setValue(value)
    made.setGroupSeparatorShown(True)
    return made
