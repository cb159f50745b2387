"""How one cell of the photo grid is drawn."""

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap

from hashviewer.ui.grid_geometry import BAND, MARGIN
from hashviewer.ui.theme import Theme, tabular, theme

BEYOND = 0.45  # opacity beyond the radius
BEYOND_SELECTED = 0.8
UNSELECTED = 0.55  # opacity of the unselected while another view's selection is shown
STALE = 0.4  # opacity of the answer to an earlier question
TICK = "✓"
BADGE_GROUND = QColor(0, 0, 0, 184)


@dataclass(frozen=True, slots=True)
class CellLook:
    """The state of one cell.

    Attributes:
        badge: What stands on it: the distance, or nothing.
        opacity: 0 to 1, of the picture.
        selected: It belongs to the selection.
        current: The keyboard stands on it.
        hovered: The pointer is on it, here or in another view.
        is_query: It is what is asked.
        relevant: It has the query's label.
        missing: Its file has vanished.
        broken: It has no picture to show.
    """

    badge: str = ""
    opacity: float = 1.0
    selected: bool = False
    current: bool = False
    hovered: bool = False
    is_query: bool = False
    relevant: bool = False
    missing: bool = False
    broken: bool = False


class CellPainter:
    """Draws cells; keeps the badges it has drawn, as most cells share a few."""

    def __init__(self, font: QFont) -> None:
        self._font = tabular(font)
        self._badges: dict[tuple[str, int, int, float], QPixmap] = {}

    def draw(self, painter: QPainter, cell: QRect, pixmap: QPixmap | None, look: CellLook) -> None:
        """One cell: picture, badges, outline."""
        colors = theme()
        ratio = painter.device().devicePixelRatio()
        picture = cell if pixmap is None else fitted(pixmap.size(), cell)
        if pixmap is None:
            self._draw_ground(painter, cell, look, colors)
        else:
            self._draw_picture(painter, picture, pixmap, look, ratio)
        self._draw_badges(painter, picture, look, colors, ratio)
        self._draw_outline(painter, cell, picture, look, colors)

    def _draw_ground(self, painter: QPainter, cell: QRect, look: CellLook, colors: Theme) -> None:
        painter.fillRect(cell, colors.surface)
        if look.broken:
            painter.setPen(colors.muted)
            painter.setFont(self._font)
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, "no preview")

    def _draw_picture(
        self, painter: QPainter, picture: QRect, pixmap: QPixmap, look: CellLook, ratio: float
    ) -> None:
        if look.opacity < 1.0:
            painter.setOpacity(look.opacity)
        exact = abs(picture.width() * ratio - pixmap.width()) <= 1
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not exact)
        painter.drawPixmap(picture, pixmap)
        if look.opacity < 1.0:
            painter.setOpacity(1.0)

    def _draw_badges(
        self, painter: QPainter, picture: QRect, look: CellLook, colors: Theme, ratio: float
    ) -> None:
        if look.relevant:
            painter.fillRect(picture.x(), picture.bottom() - 2, picture.width(), 3, _GOOD)
            tick = self._badge(TICK, _GOOD, QColor("#06180f"), ratio)
            painter.drawPixmap(_right_top(picture, tick, ratio), tick)
        if look.badge:
            ground, ink = (_ACCENT, QColor("#1d1200")) if look.is_query else (BADGE_GROUND, QColor("white"))
            badge = self._badge(look.badge, ground, ink, ratio)
            painter.drawPixmap(picture.topLeft() + QPoint(4, 4), badge)
        if look.missing:
            badge = self._badge("file missing", QColor(120, 20, 10, 220), QColor("white"), ratio)
            height = round(badge.height() / ratio)
            painter.drawPixmap(picture.bottomLeft() + QPoint(4, -height - 6), badge)

    def _draw_outline(
        self, painter: QPainter, cell: QRect, picture: QRect, look: CellLook, colors: Theme
    ) -> None:
        if look.selected:
            tint = QColor(colors.selection)
            tint.setAlpha(44)
            painter.fillRect(picture, tint)
            _frame(painter, picture, colors.selection, 3)
        if look.is_query:
            _frame(painter, picture.adjusted(3, 3, -3, -3) if look.selected else picture, colors.accent, 3)
        if look.hovered and not look.selected:
            _frame(painter, picture, colors.text, 1)
        if look.current:
            painter.setPen(QPen(colors.text, 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(cell.adjusted(-2, -2, 1, 1))

    def _badge(self, text: str, ground: QColor, ink: QColor, ratio: float) -> QPixmap:
        key = (text, ground.rgba(), ink.rgba(), ratio)
        known = self._badges.get(key)
        if known is None:
            known = self._badges[key] = self._draw_badge(text, ground, ink, ratio)
        return known

    def _draw_badge(self, text: str, ground: QColor, ink: QColor, ratio: float) -> QPixmap:
        metrics = QFontMetrics(self._font)
        size = QSize(max(metrics.horizontalAdvance(text) + 8, metrics.height() + 2), metrics.height() + 2)
        badge = QPixmap(size * ratio)
        badge.setDevicePixelRatio(ratio)
        badge.fill(Qt.GlobalColor.transparent)
        painter = QPainter(badge)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(0, 0, size.width(), size.height()), 4, 4)
        painter.setPen(ink)
        painter.setFont(self._font)
        painter.drawText(QRect(QPoint(0, 0), size), Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
        return badge


# Badges lie on photographs, not on the theme's ground: they look the same in both themes.
_GOOD = QColor("#54c98f")
_ACCENT = QColor("#f5a524")


def fitted(size: QSize, cell: QRect) -> QRect:
    """The largest rectangle of the picture's shape within a cell, centred."""
    fitting = size.scaled(cell.size(), Qt.AspectRatioMode.KeepAspectRatio)
    width, height = max(1, fitting.width()), max(1, fitting.height())
    return QRect(
        cell.x() + (cell.width() - width) // 2, cell.y() + (cell.height() - height) // 2, width, height
    )


def draw_radius_line(painter: QPainter, y: int, width: int, text: str, font: QFont) -> None:
    """The line that parts the photos within the radius from those beyond, with its label."""
    colors = theme()
    middle = y + (BAND - 4) // 2
    shown = tabular(font)
    metrics = QFontMetrics(shown)
    label = metrics.horizontalAdvance(text) + 16
    start = (width - label) // 2
    painter.setPen(QPen(colors.accent, 1))
    painter.drawLine(MARGIN, middle, start, middle)
    painter.drawLine(start + label, middle, width - MARGIN, middle)
    painter.setFont(shown)
    painter.drawText(QRect(start, y, label, BAND - 4), Qt.AlignmentFlag.AlignCenter, text)


def _frame(painter: QPainter, rect: QRect, color: QColor, thickness: int) -> None:
    x, y, width, height = rect.x(), rect.y(), rect.width(), rect.height()
    painter.fillRect(x, y, width, thickness, color)
    painter.fillRect(x, y + height - thickness, width, thickness, color)
    painter.fillRect(x, y, thickness, height, color)
    painter.fillRect(x + width - thickness, y, thickness, height, color)


def _right_top(picture: QRect, badge: QPixmap, ratio: float) -> QPoint:
    return QPoint(picture.right() - round(badge.width() / ratio) - 3, picture.y() + 4)
