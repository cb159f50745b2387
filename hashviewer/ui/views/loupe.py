"""One picture to look at closely: fits, or is zoomed about the pointer and panned."""

from math import ceil

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from hashviewer.ui.theme import theme
from hashviewer.ui.views.picture_loading import Pyramid

MOST = 16.0  # device pixels to a pixel of the picture
STEP = 1.25  # for one notch of the wheel and one key


class Loupe(QWidget):
    """Shows a thumbnail at once and the full picture over the same place when it is there.

    Scales are device pixels to a pixel of the picture, so that 1 shows every pixel sharp on any screen.

    Signals:
        scale_changed: The picture is drawn at another scale.
        part_asked: A part was drawn with Shift, or what is in sight chosen: left, top, right, bottom as shares 0…1.
    """

    scale_changed = Signal()
    part_asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._pyramid: Pyramid | None = None
        self._placeholder = QPixmap()
        self._size = QSize()  # of the whole picture, px
        self._message = ""
        self._scale: float | None = None  # None fits
        self._center = QPointF(0.5, 0.5)  # of the view, as a share of the picture
        self._grip: QPointF | None = None
        self._frame: QRectF | None = None  # of the part that is being drawn, as shares of the picture
        self._corner = QPointF()  # where it began
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Photo")
        self.setToolTip(
            "Wheel: zoom · double-click or Z: every pixel, or all of it · drag: move · +, −, 0\n"
            "Shift + drag: search with a part"
        )

    def show_placeholder(self, pixmap: QPixmap, size: QSize) -> None:
        """Begin with another photo: its thumbnail, or nothing, in the place of a picture of `size`."""
        self._pyramid = None
        self._placeholder = pixmap
        self._size = size if size.isValid() and not size.isEmpty() else pixmap.size()
        self._message = ""
        self.fit()

    def improve_placeholder(self, pixmap: QPixmap) -> None:
        """The thumbnail of the photo shown has arrived; the full picture, if it is there, stays."""
        self._placeholder = pixmap
        if self._size.isEmpty():
            self._size = pixmap.size()
        self.update()

    def show_pyramid(self, pyramid: Pyramid) -> None:
        """The full picture of the photo shown."""
        self._pyramid = pyramid
        self._size = QSize(pyramid.width, pyramid.height)
        self._message = ""
        self.update()
        self.scale_changed.emit()

    def show_message(self, text: str) -> None:
        """Say why there is no full picture."""
        self._message = text
        self.update()

    @property
    def drawn_edge(self) -> int:
        """The longest edge of the picture as it is drawn, device pixels; until it is there, of the widget."""
        if self._pyramid is None:
            return ceil(max(self.width(), self.height()) * self.devicePixelRatioF())
        return ceil(max(self._size.width(), self._size.height()) * self.scale)

    @property
    def wants_detail(self) -> bool:
        """Whether the picture holds more pixels than are loaded, and they would show now."""
        pyramid = self._pyramid
        return pyramid is not None and not pyramid.is_whole and self.drawn_edge > pyramid.edge

    @property
    def is_full(self) -> bool:
        """Whether the full picture is shown, not its thumbnail."""
        return self._pyramid is not None

    @property
    def placeholder(self) -> QPixmap:
        """The thumbnail that is shown until the full picture is there."""
        return self._placeholder

    @property
    def message(self) -> str:
        """Why there is no full picture."""
        return self._message

    @property
    def fits(self) -> bool:
        """Whether all of the picture is shown."""
        return self._scale is None

    @property
    def scale(self) -> float:
        """Device pixels to a pixel of the picture."""
        return self._fitting() if self._scale is None else self._scale

    def fit(self) -> None:
        """Show all of the picture."""
        self._scale = None
        self._center = QPointF(0.5, 0.5)
        self.update()
        self.scale_changed.emit()

    def zoom_to(self, scale: float, about: QPointF | None = None) -> None:
        """Show at a scale; what lies at `about`, in widget coordinates, stays there."""
        spot = QPointF(self.rect().center()) if about is None else about
        before = self.to_picture(spot)
        self._scale = min(max(scale, min(self._fitting(), 1.0) / 2), MOST)
        place = self.picture_rect()
        if place.width() and place.height():
            moved = spot - (
                place.topLeft() + QPointF(before.x() * place.width(), before.y() * place.height())
            )
            self._center -= QPointF(moved.x() / place.width(), moved.y() / place.height())
        self._keep_in_sight()
        self.scale_changed.emit()

    def toggle(self, about: QPointF | None = None) -> None:
        """Every pixel, or all of the picture."""
        if self.fits and abs(self.scale - 1) > 1e-6:
            self.zoom_to(1.0, about)
        else:
            self.fit()

    def picture_rect(self) -> QRectF:
        """Where the picture lies, in widget coordinates; may reach beyond the widget."""
        scale = self.scale / self.devicePixelRatioF()
        width, height = self._size.width() * scale, self._size.height() * scale
        middle = QPointF(self.width() / 2, self.height() / 2)
        return QRectF(
            middle.x() - self._center.x() * width, middle.y() - self._center.y() * height, width, height
        )

    def to_picture(self, point: QPointF) -> QPointF:
        """A place in the widget as shares 0…1 of the picture's width and height."""
        place = self.picture_rect()
        if not place.width() or not place.height():
            return QPointF(0.5, 0.5)
        return QPointF((point.x() - place.x()) / place.width(), (point.y() - place.y()) / place.height())

    @property
    def in_sight(self) -> QRectF:
        """The part of the picture that is in sight, as shares of its width and height."""
        corners = QRectF(
            self.to_picture(QPointF(0, 0)), self.to_picture(QPointF(self.width(), self.height()))
        )
        return corners & QRectF(0, 0, 1, 1)

    @property
    def frame(self) -> QRectF | None:
        """The part that is being drawn, as shares; None while none is."""
        return self._frame

    def ask_in_sight(self) -> None:
        """Ask with what is in sight."""
        self._ask(self.in_sight)

    def _ask(self, part: QRectF) -> None:
        if part.width() > 0 and part.height() > 0:
            self.part_asked.emit((part.left(), part.top(), part.right(), part.bottom()))

    def _fitting(self) -> float:
        if self._size.isEmpty():
            return 1.0
        ratio = self.devicePixelRatioF()
        return min(
            self.width() * ratio / self._size.width(), self.height() * ratio / self._size.height(), 8.0
        )

    def _keep_in_sight(self) -> None:
        """Let no gap open at an edge while the picture is larger than the widget."""
        place = self.picture_rect()
        for span, room, get, put in (
            (place.width(), self.width(), self._center.x, self._center.setX),
            (place.height(), self.height(), self._center.y, self._center.setY),
        ):
            half = room / 2 / span if span else 0.5
            put(0.5 if half >= 0.5 else min(max(get(), half), 1 - half))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(360, 240)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 80)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_in_sight()
        self.scale_changed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            self.zoom_to(self.scale * STEP**notches, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if (
            event.button() is Qt.MouseButton.LeftButton
            and event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        ):
            self._corner = self.to_picture(event.position())
            self._frame = QRectF(self._corner, self._corner)
            self.setCursor(Qt.CursorShape.CrossCursor)
        elif event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._grip = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._frame is not None:
            whole = QRectF(0, 0, 1, 1)
            self._frame = QRectF(self._corner, self.to_picture(event.position())).normalized() & whole
            self.update()
        if self._grip is None:
            return
        moved = event.position() - self._grip
        self._grip = event.position()
        place = self.picture_rect()
        if not self.fits and place.width() and place.height():
            self._center -= QPointF(moved.x() / place.width(), moved.y() / place.height())
            self._keep_in_sight()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drawn, self._frame, self._grip = self._frame, None, None
        self.unsetCursor()
        self.update()
        if drawn is not None:
            self._ask(drawn)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.toggle(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            super().keyPressEvent(event)
        elif key is Qt.Key.Key_Z:
            self.toggle()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_to(self.scale * STEP)
        elif key is Qt.Key.Key_Minus:
            self.zoom_to(self.scale / STEP)
        elif key is Qt.Key.Key_0:
            self.fit()
        elif key is Qt.Key.Key_Escape and self._frame is not None:
            self._frame = None
            self.update()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("All of it (0)", self.fit)
        menu.addAction("Every pixel (Z)", lambda: self.zoom_to(1.0, QPointF(event.pos())))
        menu.addSeparator()
        menu.addAction("Search with the part in sight", self.ask_in_sight)
        menu.popup(event.globalPos())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().background)
        place = self.picture_rect()
        if self._pyramid is not None:
            self._paint_level(painter, place, self._pyramid.level_for(self.scale))
        elif not self._placeholder.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(place, self._placeholder, QRectF(self._placeholder.rect()))
        if self._frame is not None:
            self._paint_frame(painter, place, self._frame)
        if self._message:
            self._paint_message(painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme().selection, 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_level(self, painter: QPainter, place: QRectF, level: QImage) -> None:
        """Draw only the part in sight: all of a large picture would cost more than a frame."""
        visible = place & QRectF(self.rect())
        if visible.isEmpty():
            return
        across, down = level.width() / place.width(), level.height() / place.height()
        source = QRectF(
            (visible.x() - place.x()) * across, (visible.y() - place.y()) * down,
            visible.width() * across, visible.height() * down,
        )  # fmt: skip
        smooth = self.scale < 2 and abs(self.scale - 1) > 1e-6  # enlarged pixels are to be seen as squares
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=smooth)
        painter.drawImage(visible, level, source)

    def _paint_frame(self, painter: QPainter, place: QRectF, frame: QRectF) -> None:
        """The part that is being drawn, in the query's colour; the rest of the picture is veiled."""
        part = QRectF(
            place.x() + frame.x() * place.width(), place.y() + frame.y() * place.height(),
            frame.width() * place.width(), frame.height() * place.height(),
        )  # fmt: skip
        around = QPainterPath()
        around.addRect(place)
        around.addRect(part)  # odd-even: what lies in both stays clear
        veil = QColor(theme().background)
        veil.setAlpha(150)
        painter.fillPath(around, veil)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme().accent, 2))
        painter.drawRect(part)

    def _paint_message(self, painter: QPainter) -> None:
        flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap)
        room = QRectF(self.rect()).adjusted(12, 12, -12, -12)
        needed = painter.boundingRect(room, flags, self._message).adjusted(-6, -4, 6, 4)
        ground = theme().raised
        painter.fillRect(needed, ground)
        painter.setPen(theme().text)
        painter.drawText(room, flags, self._message)
