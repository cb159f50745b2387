"""What stands where nothing is yet: a sentence that says what would fill the place, and the button that does."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class EmptyState(QWidget):
    """A sentence and, if something can be done, one button.

    Signals:
        pressed: The button was pressed.
    """

    pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._sentence = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._sentence.setObjectName("emptySentence")
        self._button = QPushButton()
        self._button.clicked.connect(self.pressed)
        layout = QVBoxLayout(self)
        layout.addStretch()
        layout.addWidget(self._sentence)
        layout.addWidget(self._button, alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addStretch()

    def say(self, sentence: str, *, button: str = "") -> None:
        """Show a sentence and a button; no button without a text."""
        self._sentence.setText(sentence)
        self._button.setText(button)
        self._button.setVisible(bool(button))

    @property
    def sentence(self) -> str:
        """What is said."""
        return self._sentence.text()

    @property
    def button(self) -> QPushButton:
        """The button."""
        return self._button
