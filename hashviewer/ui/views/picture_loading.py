"""Full pictures for the loupe, read and scaled down in a worker."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

SMALLEST = 256  # px; a picture is not halved below this edge


@dataclass(frozen=True, slots=True, eq=False)
class Pyramid:
    """A picture and its halves, quarters, …: each drawn scale is at most a halving away from one of them.

    Attributes:
        levels: From the largest down.
        size: Of the whole picture, px; the largest level may be smaller.
    """

    levels: tuple[QImage, ...]
    size: QSize

    @property
    def width(self) -> int:
        """Of the whole picture, px."""
        return self.size.width()

    @property
    def height(self) -> int:
        """Of the whole picture, px."""
        return self.size.height()

    @property
    def edge(self) -> int:
        """The longest edge of the largest level, px."""
        return max(self.levels[0].width(), self.levels[0].height())

    @property
    def is_whole(self) -> bool:
        """Whether every pixel of the picture is there."""
        return self.edge >= max(self.width, self.height)

    def level_for(self, scale: float) -> QImage:
        """The smallest level that is not enlarged when the whole picture is drawn at `scale`."""
        fitting = [level for level in self.levels if level.width() >= self.width * scale - 1]
        return fitting[-1] if fitting else self.levels[0]


def load_pyramid(path: Path, max_edge: int | None = None) -> Pyramid:
    """Read a picture upright, in sRGB, scaled down to `max_edge` px, with its halves.

    Raises:
        ImageError: It cannot be read; the text says why.
    """
    from hashviewer.images import load_scaled

    picture = load_scaled(path, max_edge=max_edge)
    return halved(_image(picture.pixels), QSize(picture.width, picture.height))


def load_image(path: Path, max_edge: int | None = None) -> QImage:
    """Read a picture upright, in sRGB, scaled down to `max_edge` px.

    Raises:
        ImageError: It cannot be read; the text says why.
    """
    from hashviewer.images import load_upright

    return _image(load_upright(path, max_edge=max_edge))


def _image(pixels: NDArray[np.uint8]) -> QImage:
    height, width = pixels.shape[:2]
    shared = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return shared.convertToFormat(QImage.Format.Format_RGB32)  # a copy: the array may go


def halved(image: QImage, size: QSize | None = None) -> Pyramid:
    """The picture with its halves down to a small one; `size` is the whole picture's where `image` is smaller."""
    levels = [image]
    while max(levels[-1].width(), levels[-1].height()) >= 2 * SMALLEST:
        last = levels[-1]
        levels.append(
            last.scaled(
                max(1, last.width() // 2), max(1, last.height() // 2),
                Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation,
            )
        )  # fmt: skip
    return Pyramid(tuple(levels), image.size() if size is None else size)
