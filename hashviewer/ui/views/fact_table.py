"""Names and values below one another; long words break anywhere rather than being cut."""

from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent, QTextOption, QWheelEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit

from hashviewer.ui.theme import theme


class FactTable(QTextEdit):
    """A table as high as its text, which can be selected; what is copied is exactly what was handed in."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self._facts: list[tuple[str, str]] = []

    def show_facts(self, facts: list[tuple[str, str]]) -> None:
        """Show other names and values."""
        self._facts = facts
        muted = theme().muted.name()
        rows = "".join(
            f'<tr><td style="color: {muted}; padding-right: 8px">{escape(name).replace(" ", "&nbsp;")}</td>'
            f"<td>{escape(value)}</td></tr>"
            for name, value in facts
        )
        self.setHtml(f"<table cellspacing=0>{rows}</table>" if facts else "")
        self._fit()

    def restyle(self) -> None:
        """Take the present theme's colours."""
        self.show_facts(self._facts)

    def text(self) -> str:
        """The names and values, a line each."""
        return "\n".join(f"{name}\t{value}" for name, value in self._facts)

    def sizeHint(self) -> QSize:
        return QSize(200, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # what lies around it scrolls

    def _fit(self) -> None:
        self.document().setTextWidth(self.viewport().width())
        self.setFixedHeight(max(1, round(self.document().size().height()) + 1))
