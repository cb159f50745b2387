"""Constants of a method, of the added blocks, of the training: a folded section with a line for each."""

from collections.abc import Sequence
from math import ceil, floor

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from hashviewer.ui.training_choices import Constant, Value

FIELD = 136  # px
_MOST = 2**31 - 1  # of a spin box
Control = QCheckBox | QComboBox | QSpinBox | QLineEdit


class ConstantField(QWidget):
    """The control for one constant; empty text means that it is left alone.

    Signals:
        changed: The value is another one.
    """

    changed = Signal()

    def __init__(self, constant: Constant) -> None:
        super().__init__()
        self.constant = constant
        self.control = self._made()
        self.control.setFixedWidth(FIELD)
        self.control.setAccessibleName(constant.name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.control)

    def _made(self) -> Control:
        constant = self.constant
        if constant.kind == "bool" and not constant.optional:
            box = QCheckBox("yes")
            box.setChecked(bool(constant.default))
            box.toggled.connect(self.changed)
            return box
        if constant.choices:
            choice = QComboBox()
            choice.addItems([*constant.choices, *(["none"] if constant.optional else [])])
            choice.setCurrentText(as_text(constant.default))
            choice.currentIndexChanged.connect(self.changed)
            return choice
        if constant.kind == "int" and not constant.optional:
            number = QSpinBox()
            low = -_MOST if constant.low is None else ceil(constant.low)
            number.setRange(low, _MOST if constant.high is None else min(floor(constant.high), _MOST))
            number.setGroupSeparatorShown(True)
            number.setValue(int(constant.default or 0))
            number.valueChanged.connect(self.changed)
            return number
        line = QLineEdit()
        line.setPlaceholderText(as_text(constant.default))
        line.textChanged.connect(self.changed)
        return line

    def given(self) -> str:
        """What ``--set`` gets; "" where the constant is as it was."""
        control = self.control
        if isinstance(control, QCheckBox):
            text = as_text(control.isChecked())
        elif isinstance(control, QComboBox):
            text = control.currentText()
        elif isinstance(control, QSpinBox):
            text = str(control.value())
        else:
            text = control.text().strip()
        return "" if text == as_text(self.constant.default) else text

    def put(self, text: str) -> None:
        """Set the value of a text for ``--set``; "" sets it back."""
        control, wanted = self.control, text or as_text(self.constant.default)
        if isinstance(control, QCheckBox):
            control.setChecked(wanted == "yes")
        elif isinstance(control, QComboBox):
            control.setCurrentText(wanted)
        elif isinstance(control, QSpinBox):
            control.setValue(
                int(wanted) if wanted.lstrip("-").isdecimal() else int(self.constant.default or 0)
            )
        else:
            control.setText(text)


class Folded(QWidget):
    """A heading with an arrow that shows or hides what is below it."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.heading = QToolButton()
        self.heading.setObjectName("fold")
        self.heading.setText(title)
        self.heading.setCheckable(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.inside = QWidget()
        self.inside.hide()
        self.heading.toggled.connect(self._unfold)
        self._unfold(unfolded=False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.heading)
        layout.addWidget(self.inside)

    def _unfold(self, unfolded: bool) -> None:  # noqa: FBT001 - a slot
        self.heading.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self.inside.setVisible(unfolded)


class ConstantsSection(Folded):
    """The constants of one kind.

    Args:
        title: What they belong to.
        prefix: Of their names in ``--set``.

    Signals:
        changed: A value is another one.
    """

    changed = Signal()

    def __init__(self, title: str, *, prefix: str = "") -> None:
        super().__init__(title)
        self._title, self._prefix = title, prefix
        self.fields: dict[str, ConstantField] = {}
        self._labels: dict[str, QLabel] = {}
        self._grid = QGridLayout(self.inside)
        self._grid.setContentsMargins(20, 0, 0, 8)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(2, 1)
        self.changed.connect(self._count)

    def show_constants(self, constants: Sequence[Constant], *, title: str = "") -> None:
        """Offer these in place of those before."""
        self._title = title or self._title
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.fields = {constant.name: ConstantField(constant) for constant in constants}
        self._labels = {}
        for row, (name, field) in enumerate(self.fields.items()):
            label = QLabel(name)
            label.setBuddy(field.control)
            meaning = QLabel(described(field.constant))
            meaning.setWordWrap(True)
            meaning.setObjectName("muted")
            for column, widget in enumerate((label, field, meaning)):
                self._grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignVCenter)
            self._labels[name] = label
            field.changed.connect(self.changed)
        self.setVisible(bool(constants))
        self._count()

    def given(self) -> tuple[tuple[str, str], ...]:
        """Names and texts for ``--set`` of what was changed."""
        return tuple(
            (self._prefix + name, text) for name, field in self.fields.items() if (text := field.given())
        )

    def put(self, settings: Sequence[tuple[str, str]]) -> None:
        """Set what these settings say and everything else back."""
        texts = dict(settings)
        for name, field in self.fields.items():
            field.put(texts.get(self._prefix + name, ""))

    def _count(self) -> None:
        given = {name.removeprefix(self._prefix) for name, _ in self.given()}
        for name, label in self._labels.items():
            label.setProperty("changed", name in given)
            label.style().unpolish(label)
            label.style().polish(label)
        self.heading.setText(f"{self._title} · {len(given)} changed" if given else self._title)


def as_text(value: Value) -> str:
    """A value as ``--set`` takes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def described(constant: Constant) -> str:
    """What a constant is, within which limits, and what it is if left alone."""
    low, high = constant.low, constant.high
    limits = ""
    if low is not None and high is not None:
        limits = f"{as_text(low)} to {as_text(high)}"
    elif low is not None:
        limits = f"at least {as_text(low)}"
    elif high is not None:
        limits = f"at most {as_text(high)}"
    parts = [constant.meaning, limits, f"default {as_text(constant.default)}"]
    return " · ".join(part for part in parts if part)
