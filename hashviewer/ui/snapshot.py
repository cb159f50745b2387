"""A picture of a widget: to the clipboard, as PNG at twice the size, as SVG."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

SCALE = 2


def picture_of(widget: QWidget) -> QImage:
    """The widget as it looks now, at twice its size."""
    image = QImage(widget.size() * SCALE, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(SCALE)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QWidget.render(widget, painter, QPoint(0, 0))  # a graphics view's own render would leave the widget out
    painter.end()
    return image


def save_png(widget: QWidget, path: Path) -> None:
    """Write the widget as a PNG at twice its size.

    Raises:
        OSError: The file cannot be written; the text says why.
    """
    buffer = _buffer()
    QImageWriter(buffer, QByteArray(b"PNG")).write(picture_of(widget))
    _write(path, buffer)


def save_svg(widget: QWidget, path: Path) -> None:
    """Write the widget as an SVG drawing.

    Raises:
        OSError: The file cannot be written; the text says why.
    """
    from PySide6.QtSvg import QSvgGenerator

    buffer = _buffer()
    drawing = QSvgGenerator()
    drawing.setOutputDevice(buffer)
    drawing.setSize(widget.size())
    drawing.setViewBox(QRect(QPoint(0, 0), widget.size()))
    drawing.setTitle(widget.accessibleName() or widget.windowTitle())
    painter = QPainter(drawing)
    QWidget.render(widget, painter, QPoint(0, 0))
    painter.end()
    _write(path, buffer)


def _buffer() -> QBuffer:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer


def _write(path: Path, buffer: QBuffer) -> None:
    try:
        path.write_bytes(buffer.data().data())
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror}.") from error


def picture_menu(widget: QWidget) -> QMenu:
    """A context menu that copies or saves `widget`; it deletes itself when it closes."""
    menu = QMenu(widget)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.addAction("Copy picture", lambda: QGuiApplication.clipboard().setImage(picture_of(widget)))
    menu.addAction("Save as PNG…", lambda: _save_as(widget, "PNG"))
    menu.addAction("Save as SVG…", lambda: _save_as(widget, "SVG"))
    return menu


def _save_as(widget: QWidget, form: str) -> None:
    suffix = f".{form.lower()}"
    name, _ = QFileDialog.getSaveFileName(
        widget, f"Save as {form}", f"{widget.accessibleName() or 'plot'}{suffix}", f"{form} (*{suffix})"
    )
    if not name:
        return
    path = Path(name) if name.lower().endswith(suffix) else Path(name + suffix)
    try:
        (save_png if form == "PNG" else save_svg)(widget, path)
    except OSError as error:
        QMessageBox.warning(widget, "Not saved", f"{error} Choose another folder or name.")
