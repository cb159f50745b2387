"""Pictures from outside: dropped, pasted or opened."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from hashviewer.images import SUFFIXES


def offers_picture(data: QMimeData) -> bool:
    """Whether a drag or the clipboard holds a picture or a file on this machine."""
    return data.hasImage() or any(url.isLocalFile() for url in data.urls())


def picture_from(data: QMimeData) -> tuple[Path | bytes, str] | None:
    """The first picture of a drop or the clipboard, and its title: a file, or the bytes of a PNG."""
    for url in data.urls():
        if url.isLocalFile():
            path = Path(url.toLocalFile())
            return path, path.name
    if data.hasImage():
        image = data.imageData()
        if isinstance(image, QImage) and not image.isNull():
            return _png(image), "Pasted picture"
    return None


def choose_picture(parent: QWidget) -> Path | None:
    """Ask the user for a picture file; None if they think better of it."""
    patterns = " ".join(f"*{suffix}" for suffix in sorted(SUFFIXES))
    name, _ = QFileDialog.getOpenFileName(parent, "Open picture", "", f"Pictures ({patterns});;All files (*)")
    return Path(name) if name else None


def _png(image: QImage) -> bytes:
    buffer = QBuffer(QByteArray())
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())
