"""What comes from outside: dropped or pasted files and pictures."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData
from PySide6.QtGui import QImage, QImageWriter

from hashviewer.ui.file_urls import to_path


@dataclass(frozen=True, slots=True)
class Incoming:
    """Something from outside.

    Attributes:
        path: A file or folder; None for a picture that came as pixels.
        picture: PNG bytes of such a picture.
    """

    path: Path | None = None
    picture: bytes = b""


def can_take(data: QMimeData) -> bool:
    """Whether there is a file or a picture in it."""
    return data.hasImage() or any(url.isLocalFile() for url in data.urls())


def taken_from(data: QMimeData) -> Incoming | None:
    """The first file, or the picture; None when there is neither."""
    for url in data.urls():
        path = to_path(url)
        if path is not None:
            return Incoming(path=path)
    if data.hasImage():
        image = data.imageData()
        if isinstance(image, QImage) and not image.isNull():
            return Incoming(picture=_png(image))
    if data.hasText():
        text = data.text().strip()
        if text and "\n" not in text and Path(text).is_absolute() and Path(text).exists():
            return Incoming(path=Path(text))
    return None


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    return bytes(buffer.data().data())
