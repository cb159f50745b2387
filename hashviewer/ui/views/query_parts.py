"""The photos that are asked together: small pictures, of which a click leaves one out."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolButton, QWidget

from hashviewer.ui.theme import theme
from hashviewer.workspace import Query

EDGE, GAP = 44, 4  # px of a button, and between two
PICTURE = 36  # px
MOST_SHOWN = 16  # pictures; the rest are counted


class QueryParts(QWidget):
    """The parts of a composed query, wanted ones in the accent's frame, unwanted ones struck out.

    Signals:
        dropped: The index of the part that was clicked: wanted ones first, then the unwanted.
    """

    dropped = Signal(int)

    def __init__(self, picture_of: Callable[[bytes], QPixmap]) -> None:
        super().__init__()
        self._picture_of = picture_of
        self.buttons: list[QToolButton] = []
        self._more = QLabel(self)
        self._more.setObjectName("muted")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("Photos asked together")

    def show_query(self, query: Query) -> None:
        """Show the parts of a query; nothing where only one photo is asked."""
        for button in self.buttons:
            button.deleteLater()
        wanted, unwanted = (query, *query.others), query.unwanted
        several = len(wanted) + len(unwanted) > 1
        rejected = unwanted[: MOST_SHOWN // 2]
        chosen = wanted[: MOST_SHOWN - len(rejected)] if several else ()
        self.buttons = [self._button(index, part, wanted=True) for index, part in enumerate(chosen)]
        self.buttons += [
            self._button(len(wanted) + index, part, wanted=False) for index, part in enumerate(rejected)
        ]
        more = len(wanted) + len(unwanted) - len(self.buttons)
        self._more.setText(f"and {more:,} more" if several and more else "")
        self.setVisible(several)
        self._arrange()
        self.updateGeometry()

    def _button(self, index: int, part: Query, *, wanted: bool) -> QToolButton:
        button = QToolButton(self, autoRaise=True)
        picture = _drawn(self._picture_of(part.thumbnail), self.devicePixelRatioF(), wanted=wanted)
        button.setIcon(QIcon(picture))
        button.setIconSize(QSize(PICTURE, PICTURE))
        name = part.title if index or part.row is not None else "The first of them"
        button.setToolTip(f"{name}{'' if wanted else ': not wanted'}. Click to ask without it.")
        button.setAccessibleName(f"{'Wanted' if wanted else 'Not wanted'}: {name}")
        button.clicked.connect(partial(self.dropped.emit, index))
        button.show()
        return button

    def _arrange(self) -> None:
        columns = self._columns(self.width())
        for place, button in enumerate(self.buttons):
            row, column = divmod(place, columns)
            button.setGeometry(column * (EDGE + GAP), row * (EDGE + GAP), EDGE, EDGE)
        self._more.setVisible(bool(self._more.text()))
        rows = -(-len(self.buttons) // columns)
        self._more.setGeometry(0, rows * (EDGE + GAP), self.width(), self.fontMetrics().height())

    def _columns(self, width: int) -> int:
        return max(1, (width + GAP) // (EDGE + GAP))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows = -(-len(self.buttons) // self._columns(width))
        return rows * (EDGE + GAP) + (self.fontMetrics().height() if self._more.text() else 0)

    def sizeHint(self) -> QSize:
        return QSize(4 * (EDGE + GAP), self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        return QSize(EDGE, EDGE if self.buttons else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def _drawn(picture: QPixmap, ratio: float, *, wanted: bool) -> QPixmap:
    """The middle square of a picture in a frame; struck out where it is not wanted."""
    drawn = QPixmap(round(PICTURE * ratio), round(PICTURE * ratio))
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(theme().raised)
    painter = QPainter(drawn)
    painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
    edge = min(picture.width(), picture.height())
    place = QRect(0, 0, PICTURE, PICTURE)
    if edge:
        middle = QRect((picture.width() - edge) // 2, (picture.height() - edge) // 2, edge, edge)
        painter.drawPixmap(place, picture, middle)
    color = theme().accent if wanted else theme().warning
    if not wanted:
        veil = QColor(theme().background)
        veil.setAlpha(120)
        painter.fillRect(place, veil)
        painter.setPen(QPen(color, 3))
        painter.drawLine(place.bottomLeft(), place.topRight())
    painter.setPen(QPen(color, 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(place.adjusted(1, 1, -1, -1))
    painter.end()
    return drawn
