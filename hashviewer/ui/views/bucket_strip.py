"""The first photos of a bucket, drawn into a cell of the table."""

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from hashviewer.ui.theme import theme
from hashviewer.ui.thumbnails import Thumbnails
from hashviewer.ui.views.bucket_models import ROWS_ROLE

EDGE = 28  # px of a thumbnail
GAP = 2


class StripDelegate(QStyledItemDelegate):
    """Paints as many of a bucket's first photos as there is room for."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(3 * (EDGE + GAP), EDGE + 2 * GAP)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        cell: QRect = option.rect
        room = max(0, (cell.width() - GAP) // (EDGE + GAP))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        rows = index.data(ROWS_ROLE)
        for place, row in enumerate(rows[:room].tolist()):
            spot = QRect(
                cell.left() + GAP + place * (EDGE + GAP), cell.center().y() - EDGE // 2 + 1, EDGE, EDGE
            )
            pixmap = self._thumbnails.pixmap(row)
            if pixmap is None:
                painter.fillRect(spot, theme().raised)
            else:
                painter.drawPixmap(spot, pixmap, _square(pixmap))


def _square(pixmap: QPixmap) -> QRect:
    """The largest square in the middle of a picture."""
    edge = min(pixmap.width(), pixmap.height())
    square = QRect(0, 0, edge, edge)
    square.moveCenter(pixmap.rect().center())
    return square
