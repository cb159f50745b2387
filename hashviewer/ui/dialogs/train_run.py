"""A training under way: its terms as curves, the latest numbers, how long it will take, and what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from hashviewer.networks import Card
from hashviewer.ui.dialogs.model_card import rows_of
from hashviewer.ui.dialogs.train_fields import breakable
from hashviewer.ui.theme import tabular, theme_watcher
from hashviewer.ui.training import State, Training
from hashviewer.ui.training_record import Epoch, in_words

if TYPE_CHECKING:
    from hashviewer.ui.training_plots import Curve, CurvePlot

SIDE = 280  # px
_TOTAL = "sum of the terms"


class Swatch(QWidget):
    """A piece of a curve's line."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self._place = place

    def sizeHint(self) -> QSize:
        return QSize(28, 16)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        from hashviewer.ui.training_plots import look_of

        look = look_of(self._place)
        painter = QPainter(self)
        painter.setPen(QPen(look.color, 2, look.style))
        painter.drawLine(0, self.height() // 2, self.width(), self.height() // 2)


class TrainRun(QWidget):
    """Follows a training; the dialog's buttons steer it."""

    def __init__(self, training: Training) -> None:
        super().__init__()
        self._training = training
        self._names: tuple[str, ...] = ()
        self._shown: tuple[Epoch, ...] | None = None  # the epochs that the curves show
        self.title = QLabel()
        self.sentence = QLabel()
        self.bar = QProgressBar()
        self.log = QCheckBox("&Logarithmic axis")
        self.terms: CurvePlot | None = None
        self.measured: CurvePlot | None = None
        self.legend = QFormLayout()
        self.numbers = QFormLayout()
        self.card = QFormLayout()
        self.waiting = QLabel("The terms appear after the first epoch.")
        self._values: dict[str, QLabel] = {}
        self._plots = QVBoxLayout()
        self._build()
        training.changed.connect(self.refresh)
        theme_watcher().changed.connect(self._dress)

    def _build(self) -> None:
        self.title.setObjectName("paneTitle")
        for label in (self.title, self.sentence):  # a long path must not widen the window
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.sentence.setWordWrap(True)
        self.sentence.setFont(tabular(self.sentence.font()))
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the training")
        self.log.toggled.connect(self._on_log_toggled)
        column = QWidget()
        side = QVBoxLayout(column)
        side.setContentsMargins(0, 0, 8, 0)
        side.setSpacing(12)
        for form in (self.legend, self.numbers, self.card):
            form.setContentsMargins(0, 0, 0, 0)
            form.setHorizontalSpacing(12)
            form.setVerticalSpacing(4)
            side.addLayout(form)
        self.waiting.setObjectName("muted")
        side.insertWidget(0, self.waiting)
        side.insertWidget(2, self.log)
        side.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(column)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(SIDE)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addLayout(self._plots, stretch=1)
        middle.addWidget(scroll)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.title, self.sentence, self.bar):
            layout.addWidget(widget)
        layout.addLayout(middle, stretch=1)

    def refresh(self) -> None:
        """Show what the training is now; unseen, it waits until it is shown."""
        training = self._training
        plan = training.plan
        if plan is None or training.state is State.NONE or not self.isVisible():
            return
        self.title.setText(f"{self._method_title()} · {plan.bits} bits · {plan.data}")
        self.title.setToolTip(f"{plan.data}\n{plan.output}")
        self.sentence.setText(breakable(said_of(training)))
        done, total, _ = training.step
        finished = training.state is State.DONE
        self.bar.setRange(0, 1 if finished else (total or 0) if training.running else max(total or 1, 1))
        self.bar.setValue(1 if finished else done if total else (-1 if training.running else 0))
        if training.epochs is not self._shown or self.terms is None:
            self._shown = training.epochs
            self._draw()
            self._write()

    def show_card(self, card: Card | None) -> None:
        """Show the card of the model that was made, or none."""
        while self.card.rowCount():
            self.card.removeRow(0)
        for name, value in () if card is None else rows_of(card):
            label = QLabel(breakable(value))
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self.card.addRow(name, label)

    # Inside

    def _method_title(self) -> str:
        training = self._training
        plan, choices = training.plan, training.choices
        method = choices.method(plan.method) if choices is not None and plan is not None else None
        return method.title if method is not None else plan.method if plan is not None else ""

    def _draw(self) -> None:
        training = self._training
        if self.terms is None or self.measured is None:
            from hashviewer.ui.training_plots import CurvePlot

            self.terms, self.measured = (
                CurvePlot(y_label="terms"),
                CurvePlot(y_label="mAP held out", from_zero=False),
            )
            self.terms.set_log(log=self.log.isChecked())
            self._plots.addWidget(self.terms, stretch=3)
            self._plots.addWidget(self.measured, stretch=2)
        last = max(training.all_epochs, 1)
        self.terms.draw(term_curves(training.epochs), last=last)
        self.measured.draw(measured_curve(training.epochs), last=last)

    def _write(self) -> None:
        epochs = self._training.epochs
        names = names_of(epochs)
        if names != self._names:
            self._name(names)
        last = epochs[-1] if epochs else None
        self.waiting.setVisible(last is None)
        values = dict(last.terms) if last is not None else {}
        for name, label in self._values.items():
            label.setText(f"{values[name]:.4g}" if name in values else "–")
        self._number(last)

    def _name(self, names: tuple[str, ...]) -> None:
        """Lay the legend out anew."""
        self._names = names
        self._values.clear()
        while self.legend.rowCount():
            self.legend.removeRow(0)
        for place, name in enumerate(names):
            value = QLabel()
            value.setFont(tabular(value.font()))
            line = QHBoxLayout()
            line.setSpacing(8)
            line.addWidget(Swatch(place))
            line.addWidget(QLabel(name.replace("_", " ")), stretch=1)
            line.addWidget(value)
            self.legend.addRow(line)
            self._values[name] = value

    def _number(self, last: Epoch | None) -> None:
        while self.numbers.rowCount():
            self.numbers.removeRow(0)
        if last is None:
            return
        held_out = next((e for e in reversed(self._training.epochs) if e.held_out is not None), None)
        rows = [
            (_TOTAL, f"{sum(value for _, value in last.terms):.4g}"),
            ("learning rate", f"{last.learning_rate:.3g}"),
            ("an epoch takes", f"{last.seconds:.3g} s"),
        ]
        if held_out is not None:
            rows.append((f"mAP held out, epoch {held_out.number:,}", f"{held_out.held_out:.4f}"))
        for name, value in rows:
            label = QLabel(value)
            label.setFont(tabular(label.font()))
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
            self.numbers.addRow(name, label)

    def _dress(self) -> None:
        for plot in (self.terms, self.measured):
            if plot is not None:
                plot.dress()

    def _on_log_toggled(self, log: bool) -> None:  # noqa: FBT001 - a slot
        if self.terms is not None:
            self.terms.set_log(log=log)

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()


def names_of(epochs: tuple[Epoch, ...]) -> tuple[str, ...]:
    """The terms in the order in which they appear; some come only later in a run."""
    return tuple(dict.fromkeys(name for epoch in epochs for name, _ in epoch.terms))


def term_curves(epochs: tuple[Epoch, ...]) -> list["Curve"]:
    """A curve for each term; NaN where it was not there."""
    from hashviewer.ui.training_plots import Curve

    numbers = np.array([epoch.number for epoch in epochs], dtype=np.float64)
    by_epoch = [dict(epoch.terms) for epoch in epochs]
    return [
        Curve(name, numbers, np.array([terms.get(name, np.nan) for terms in by_epoch]))
        for name in names_of(epochs)
    ]


def measured_curve(epochs: tuple[Epoch, ...]) -> list["Curve"]:
    """The mAP of what was held out, where it was measured."""
    from hashviewer.ui.training_plots import Curve

    measured = [(epoch.number, epoch.held_out) for epoch in epochs if epoch.held_out is not None]
    if not measured:
        return []
    numbers, values = zip(*measured, strict=True)
    return [Curve("mAP", np.array(numbers, dtype=np.float64), np.array(values, dtype=np.float64))]


def said_of(training: Training) -> str:
    """Where a training is, in a sentence."""
    plan, epochs = training.plan, len(training.epochs)
    if plan is None:
        return ""
    name = Path(plan.output).name
    whole = f"epoch {epochs:,} of {training.all_epochs:,}" if epochs else "the first epoch"
    kept = (
        f"The {epochs:,} {'epoch' if epochs == 1 else 'epochs'} done are kept beside {name}: “Resume” goes on there, "
        "also after the program was closed."
        if epochs
        else "Features that were written are kept."
    )
    if training.state is State.RUNNING:
        return _under_way(training)
    if training.state is State.STOPPING:
        return "Stopping at the next step…"
    if training.state is State.STOPPED:
        return f"Stopped after {whole}. {kept}" if epochs else f"Stopped before {whole} was done. {kept}"
    if training.state is State.FAILED:
        return f"{training.problem} {kept if epochs else ''}".strip()
    held = next((e.held_out for e in reversed(training.epochs) if e.held_out is not None), None)
    figure = f" mAP of what was held out: {held:.4f}." if held is not None else ""
    return f"Done: {name} was written.{figure}"


def _under_way(training: Training) -> str:
    done, total, message = training.step
    if total is None:
        return "Starting: reading the data…"
    left = training.seconds_left()
    words = f" · about {in_words(left)} left" if left is not None else ""
    what = message[:1].upper() + message[1:]
    return f"{what} · {'step ' if message.startswith('epoch') else ''}{done:,} of {total:,}{words}"
