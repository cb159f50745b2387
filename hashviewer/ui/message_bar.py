"""One sentence at the top of the photos: what happened and the way out. Nothing stops meanwhile."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton

from hashviewer.ui.theme import icon, theme_watcher


class MessageBar(QFrame):
    """Shows the latest message until it is closed or the next one comes."""

    def __init__(self, show_details: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("messageBar")
        self._way_out: Callable[[], None] | None = None
        self._text = QLabel(wordWrap=True, textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._action = QPushButton()
        self._action.clicked.connect(self._on_action)
        self._details = QPushButton("Log file", toolTip="Open the file with the details")
        self._details.clicked.connect(show_details)
        self._close = QToolButton(toolTip="Close this message (Esc)", autoRaise=True)
        self._close.clicked.connect(self.hide)
        self._close.setAccessibleName("Close this message")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(8)
        for widget in (self._text, self._action, self._details, self._close):
            layout.addWidget(widget)
        theme_watcher().changed.connect(self._dress)
        self._dress()
        self.hide()

    def say(
        self, text: str, *, way_out: str = "", do: Callable[[], None] | None = None, is_error: bool = True
    ) -> None:
        """Show a sentence; `way_out` is the button's text and `do` what it does."""
        self._text.setText(text)
        self._way_out = do
        self._action.setText(way_out)
        self._action.setVisible(do is not None)
        self._details.setVisible(is_error)
        self.setProperty("good", not is_error)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()

    @property
    def text(self) -> str:
        """What is said."""
        return self._text.text()

    @property
    def button(self) -> QPushButton:
        """The way out."""
        return self._action

    def _on_action(self) -> None:
        self.hide()
        if self._way_out is not None:
            self._way_out()

    def _dress(self) -> None:
        self._close.setIcon(icon("close"))
