"""Small pieces of text that the views share."""

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from hashviewer.ui.theme import theme


class ElidedLabel(QWidget):
    """One line of text that is cut in the middle where it does not fit; the whole is in its tooltip."""

    def __init__(self, *, mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle) -> None:
        super().__init__()
        self._text = ""
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_text(self, text: str) -> None:
        """Show another text."""
        self._text = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self.update()

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text), metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme().text)
        shown = self.fontMetrics().elidedText(self._text, self._mode, self.width())
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)


_TALL = 10_000  # px, more than any sentence needs
_WIDE, _NARROW = 320, 64  # px, a sentence's width as it likes it, and at least


class Sentence(QLabel):
    """A line or two of text below a picture that wraps, can be selected, and turns pale when it is stale."""

    def __init__(self) -> None:
        self._heights: dict[int, int] = {}  # by width; asking Qt lays the text out anew and repaints it
        super().__init__(wordWrap=True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )  # fmt: skip
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def show_text(self, text: str, *, stale: bool) -> None:
        """Show a sentence; links take the selection's colour."""
        present = theme()
        sheet = f"color: {(present.dim if stale else present.text).name()}"
        if sheet != self.styleSheet():  # setting one costs as much as drawing a plot
            self.setStyleSheet(sheet)
            self.setText("")  # links keep the colour that they are laid out with
        if text != self.text():
            self._heights.clear()
            self.setText(text)
            super().heightForWidth(self.width())  # laid out while it is painted, it would be painted twice
            with_link = "<a " in text  # the keyboard stops where there is something to do
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if with_link else Qt.FocusPolicy.ClickFocus)
        self.setVisible(bool(text))

    def heightForWidth(self, width: int) -> int:
        if width not in self._heights:
            self._heights[width] = self._height_of_text(width)
        return self._heights[width]

    def _height_of_text(self, width: int) -> int:
        if "<" in self.text() or "&" in self.text():  # rich text: only Qt knows
            return super().heightForWidth(width)
        room = QRect(0, 0, max(width, 1), _TALL)
        return self.fontMetrics().boundingRect(room, int(Qt.TextFlag.TextWordWrap), self.text()).height()

    def sizeHint(self) -> QSize:
        return QSize(_WIDE, self.heightForWidth(_WIDE))

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROW, self.fontMetrics().height())

    def changeEvent(self, event: QEvent) -> None:
        self._heights.clear()  # another font, perhaps
        super().changeEvent(event)
