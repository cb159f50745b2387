"""Full pictures for the loupe, read and scaled down in a worker."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

SMALLEST = 256  # px; a picture is not halved below this edge


@dataclass(frozen=True, slots=True, eq=False)
class Pyramid:
    """A picture and its halves, quarters, …: each drawn scale is at most a halving away from one of them.

    Attributes:
        levels: From the whole picture down.
    """

    levels: tuple[QImage, ...]

    @property
    def width(self) -> int:
        """Of the whole picture, px."""
        return self.levels[0].width()

    @property
    def height(self) -> int:
        """Of the whole picture, px."""
        return self.levels[0].height()

    def level_for(self, scale: float) -> QImage:
        """The smallest level that is not enlarged when the whole picture is drawn at `scale`."""
        fitting = [level for level in self.levels if level.width() >= self.width * scale - 1]
        return fitting[-1] if fitting else self.levels[0]


def load_pyramid(path: Path) -> Pyramid:
    """Read a picture upright, in sRGB, with its halves.

    Raises:
        ImageError: It cannot be read; the text says why.
    """
    return halved(load_image(path))


def load_image(path: Path, max_edge: int | None = None) -> QImage:
    """Read a picture upright, in sRGB, scaled down to `max_edge` px.

    Raises:
        ImageError: It cannot be read; the text says why.
    """
    from hashviewer.images import load_upright

    pixels = load_upright(path, max_edge=max_edge)
    height, width = pixels.shape[:2]
    shared = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return shared.convertToFormat(QImage.Format.Format_RGB32)  # a copy: the array may go


def halved(image: QImage) -> Pyramid:
    """The picture with its halves down to a small one."""
    levels = [image]
    while max(levels[-1].width(), levels[-1].height()) >= 2 * SMALLEST:
        last = levels[-1]
        levels.append(
            last.scaled(
                max(1, last.width() // 2), max(1, last.height() // 2),
                Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation,
            )
        )  # fmt: skip
    return Pyramid(tuple(levels))
