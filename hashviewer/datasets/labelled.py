"""Labelled images and labelled features: what training and evaluation work on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashviewer.errors import DatasetError
from hashviewer.images import Preprocessing, decode

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """Images with labels.

    Attributes:
        name: For the user.
        fingerprint: Changes when the images or their order change; what is computed from them is cached under it.
        label_names: The C labels.
        labels: (N, C) uint8, 1 where an image has a label.
        parts: (N,) official part of each image, "train" or "test"; "" where there are none.
        read: Gives the bytes of an image file, or its pixels (H, W, 3) RGB, by its place. Thread-safe.
    """

    name: str
    fingerprint: str
    label_names: tuple[str, ...]
    labels: NDArray[np.uint8]
    parts: NDArray[np.str_]
    read: Callable[[int], bytes | NDArray[np.uint8]]

    def __len__(self) -> int:
        return len(self.labels)

    def pixels(self, place: int, preprocessing: Preprocessing) -> NDArray[np.uint8]:
        """An image as a network's input (S, S, 3).

        Raises:
            ImageError: It cannot be read.
        """
        found = self.read(place)
        return (
            decode(found, preprocessing).pixels if isinstance(found, bytes) else _square(found, preprocessing)
        )


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFeatures:
    """Feature vectors with labels.

    Attributes:
        name: For the user.
        fingerprint: Changes with the content.
        label_names: The C labels.
        labels: (N, C) uint8, 1 where an item has a label.
        features: (N, D) float32.
    """

    name: str
    fingerprint: str
    label_names: tuple[str, ...]
    labels: NDArray[np.uint8]
    features: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)


def one_hot(classes: NDArray[np.int64], count: int) -> NDArray[np.uint8]:
    """Labels (N, count) of class numbers (N,); a negative number has no label.

    Raises:
        DatasetError: A number is too large.
    """
    if len(classes) and int(classes.max()) >= count:
        raise DatasetError(f"There is a class number {int(classes.max())}, but only {count} classes.")
    labels = np.zeros((len(classes), count), dtype=np.uint8)
    known = np.flatnonzero(classes >= 0)
    labels[known, classes[known]] = 1
    return labels


def _square(pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Raw pixels (H, W, 3) cut and resized as `decode` does with a file."""
    height, width = pixels.shape[:2]
    box = (0.0, 0.0, float(width), float(height))
    if preprocessing.fit == "crop":
        edge = min(width, height) * preprocessing.size / preprocessing.short_edge
        left, top = (width - edge) / 2, (height - edge) / 2
        box = (left, top, left + edge, top + edge)
    size = (preprocessing.size, preprocessing.size)
    return np.array(Image.fromarray(pixels).resize(size, _FILTERS[preprocessing.interpolation], box=box))
