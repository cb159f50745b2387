"""Parts and turnings of one picture, as pictures of their own that can be encoded."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashviewer.errors import ImageError
from hashviewer.images.decoding import load_scaled, load_upright

ENOUGH = 640  # px; networks look at less
SMALLEST = 8  # px of a part that is worth looking at


def turnings(source: Path | bytes) -> Iterator[bytes]:
    """The picture rotated by 90°, 180° and 270°, then mirrored and rotated by 0° to 270°: seven PNG files.

    Args:
        source: The file or its bytes.

    Raises:
        ImageError: It is no picture or cannot be read.
    """
    upright = load_upright(source, max_edge=ENOUGH)
    for mirrored in (False, True):
        picture = upright[:, ::-1] if mirrored else upright
        for quarters in range(0 if mirrored else 1, 4):
            yield _png(np.rot90(picture, quarters))


def cut_out(source: Path | bytes, area: tuple[float, float, float, float]) -> bytes:
    """A part of the picture as a PNG file.

    Args:
        source: The file or its bytes.
        area: Left, top, right and bottom as shares 0…1 of the upright picture's width and height.

    Raises:
        ImageError: It is no picture or cannot be read, or the part is smaller than 8 pixels.
    """
    pixels = load_scaled(source, max_edge=None).pixels
    height, width = pixels.shape[:2]
    left, right = (round(min(max(share, 0.0), 1.0) * width) for share in (area[0], area[2]))
    top, bottom = (round(min(max(share, 0.0), 1.0) * height) for share in (area[1], area[3]))
    if right - left < SMALLEST or bottom - top < SMALLEST:
        raise ImageError(
            f"The part has {max(right - left, 0)} × {max(bottom - top, 0)} pixels, which shows nothing: draw a larger one."
        )
    return _png(pixels[top:bottom, left:right])


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", compress_level=1)
    return file.getvalue()
