"""Painting one shot with its near-duplicates, and writing them as a camera would."""

import os
from datetime import UTC
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashviewer.sample.paint import finish
from hashviewer.sample.plan import Shot
from hashviewer.sample.scenes import KINDS

VERSION = 1  # of the recipe: raised whenever it makes other pictures

_ORIENTATION, _MAKER, _MODEL, _SOFTWARE, _DATE, _EXIF, _TAKEN = 274, 271, 272, 305, 306, 34665, 36867
_TURNS = {1: 0, 3: 2, 6: 1, 8: -1}  # quarter turns, counterclockwise, from upright to stored


def write_scene(folder: Path, seed: int, shots: tuple[Shot, ...]) -> None:
    """Paint a scene and write it and its copies into `folder`."""
    first = shots[0]
    rng = np.random.default_rng([seed, first.kind, first.number + 1])
    pixels = finish(rng, KINDS[first.kind].paint(rng, first.height, first.width))
    _write(folder, first, pixels, quality=87)
    for shot in shots[1:]:
        changed, quality = _changed(rng, pixels, shot.copy)
        _write(folder, shot, changed, quality=quality)


def _changed(rng: np.random.Generator, pixels: NDArray[np.uint8], way: str) -> tuple[NDArray[np.uint8], int]:
    """A near-duplicate (h, w, 3) of a picture and its JPEG quality."""
    height, width = pixels.shape[:2]
    if way == "mirror":
        return pixels[:, ::-1], 87
    if way == "jpeg":
        return pixels, int(rng.integers(12, 30))
    if way == "exposure":
        gain, curve = rng.uniform(0.75, 1.3), rng.uniform(0.85, 1.2)
        table = np.clip(255 * gain * (np.arange(256) / 255) ** curve, 0, 255).astype(np.uint8)
        return table[pixels], 87
    share = rng.uniform(0.8, 0.92)
    rows, columns = int(height * share), int(width * share)
    top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
    return pixels[top : top + rows, left : left + columns], 87


def _write(folder: Path, shot: Shot, pixels: NDArray[np.uint8], *, quality: int) -> None:
    """Write a JPEG with the date and orientation in its EXIF block; the file carries the same date."""
    path = folder / shot.path
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(pixels, _TURNS[shot.orientation])))
    exif = Image.Exif()
    exif[_ORIENTATION] = shot.orientation
    exif[_MAKER], exif[_MODEL] = "HashViewer", f"sample recipe {VERSION}"
    exif[_SOFTWARE] = "rendered, not photographed"
    exif[_DATE] = shot.taken.strftime("%Y:%m:%d %H:%M:%S")
    exif.get_ifd(_EXIF)[_TAKEN] = exif[_DATE]
    stored.save(path, "JPEG", quality=quality, exif=exif)
    moment = shot.taken.replace(tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))
