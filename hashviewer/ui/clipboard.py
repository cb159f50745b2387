"""Copying photos: the picture itself, its path as text and its file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication, QImage

from hashviewer.errors import ImageError
from hashviewer.ui.file_urls import to_url
from hashviewer.workspace import Workspace

MAX_EDGE = 4096  # px: longest edge of a copied picture


def load_picture(workspace: Workspace, row: int) -> NDArray[np.uint8] | None:
    """The pixels (H, W, 3) to copy: of the file, else of its thumbnail. Runs in a worker."""
    from hashviewer.images import decode_thumbnail, load_upright

    path = workspace.library.full_path(row)
    try:
        if path is not None and path.exists():
            return load_upright(path, max_edge=MAX_EDGE)
        data = workspace.library.thumbnail(row)
        return decode_thumbnail(data) if data else None
    except ImageError:
        return None


def put_on_clipboard(paths: list[Path], pixels: NDArray[np.uint8] | None) -> None:
    """Offer files, their paths as text and, of a single photo, its picture."""
    data = QMimeData()
    data.setUrls([to_url(path) for path in paths])
    data.setText("\n".join(map(str, paths)))
    if pixels is not None:
        height, width = pixels.shape[:2]
        packed = np.ascontiguousarray(pixels)
        data.setImageData(QImage(packed.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy())
    QGuiApplication.clipboard().setMimeData(data)
