"""Pieces of the Train form: a path with its buttons, a sentence below a field, a wheel that scrolls only."""

import re

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

LONG = 40  # letters of a word that may be broken


def line_of(*widgets: QWidget) -> QHBoxLayout:
    """Widgets side by side, the first as wide as it can be."""
    line = QHBoxLayout()
    line.setSpacing(8)
    for place, widget in enumerate(widgets):
        line.addWidget(widget, stretch=0 if place else 1)
    return line


def label_of(text: str, field: QWidget) -> QLabel:
    """A label whose underlined letter goes to a field."""
    label = QLabel(text)
    label.setBuddy(field)
    return label


def button(text: str, tip: str = "") -> QPushButton:
    """A button that Enter does not press."""
    made = QPushButton(text)
    made.setAutoDefault(False)
    made.setToolTip(tip)
    return made


def breakable(text: str) -> str:
    """A text whose longest words, which are paths, may be broken after a separator."""
    return " ".join(
        re.sub(r"([/\\\\_.-])", "\\1\u200b", word) if len(word) > LONG else word for word in text.split(" ")
    )


class Said(QLabel):
    """A sentence below a field; takes no room while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.say("")

    def say(self, text: str, *, is_problem: bool = False) -> None:
        """Show a sentence, or none."""
        self.setObjectName("problem" if is_problem else "muted")
        self.style().unpolish(self)
        self.style().polish(self)
        self.setText(breakable(text))
        self.setVisible(bool(text))


def with_said(line: QHBoxLayout, said: Said) -> QVBoxLayout:
    """Fields with a sentence below them."""
    column = QVBoxLayout()
    column.setSpacing(2)
    column.addLayout(line)
    column.addWidget(said)
    return column


class WheelScrolls(QObject):
    """Keeps the wheel from changing a value that has no focus: it scrolls the form instead."""

    def watch(self, parent: QWidget) -> None:
        """Look after all fields inside a widget."""
        for kind in (QAbstractSpinBox, QComboBox):
            for field in parent.findChildren(kind):
                field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                field.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def path_field(placeholder: str, name: str) -> QLineEdit:
    """A field for a path."""
    field = QLineEdit()
    field.setPlaceholderText(placeholder)
    field.setAccessibleName(name)
    return field
