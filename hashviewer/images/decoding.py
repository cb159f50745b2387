"""From a file to the network's input, a thumbnail and the facts, in one go."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashviewer.images.colour import to_srgb
from hashviewer.images.formats.damage import refusing_damage
from hashviewer.images.formats.raster import Raster
from hashviewer.images.orientation import swaps_edges, turned
from hashviewer.images.preprocessing import Preprocessing
from hashviewer.images.reading import read_picture
from hashviewer.images.thumbnails import encode_thumbnail, resized, shrunk

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A photo ready to be encoded and stored.

    Attributes:
        pixels: (size, size, 3) uint8 RGB, the network's input: upright, sRGB.
        thumbnail: JPEG, upright, sRGB, never enlarged; see `decode` for its size.
        width: Pixels of the whole picture, upright.
        height: The same downwards.
        orientation: EXIF 1 to 8 as found in the file.
        taken: EXIF date as seconds since 1970, the camera's clock read as UTC; None without one.
        format: "JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIC" or "AVIF".
    """

    pixels: NDArray[np.uint8]
    thumbnail: bytes
    width: int
    height: int
    orientation: int
    taken: float | None
    format: str


def decode(source: Path | bytes, preprocessing: Preprocessing, *, thumbnail_edge: int = 256) -> Decoded:
    """Read, decode, turn and colour-manage a picture once, for network and thumbnail together.

    The result depends on the file's bytes alone. Threads may call it at the same time; the interpreter's lock is
    free while pixels are decoded and resized.

    Args:
        source: The file or its bytes.
        preprocessing: What the network wants.
        thumbnail_edge: Longest edge of the thumbnail in pixels. A small JPEG of at most 5/4 of it, upright and
            sRGB, is its own thumbnail, without its metadata: to make another would cost time and sharpness.

    Raises:
        ImageError: It is no picture or cannot be read; the text is the reason.
    """
    data, name = read_picture(source)
    short = preprocessing.short_edge
    with refusing_damage(name, data):
        raster = _read(data, name, short=short, long=thumbnail_edge, thumbnail_edge=thumbnail_edge)
        raster = raster.reduced(short=short, long=thumbnail_edge)
        pixels = np.array(_finished(_square(raster, preprocessing), raster))
        thumbnail = raster.as_thumbnail or encode_thumbnail(_finished(shrunk(raster, thumbnail_edge), raster))
    width, height = _upright_size(raster)
    return Decoded(
        pixels=pixels,
        thumbnail=thumbnail,
        width=width,
        height=height,
        orientation=raster.orientation,
        taken=raster.taken,
        format=name,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Upright:
    """A picture for the eye.

    Attributes:
        pixels: (H, W, 3) uint8, upright, sRGB; perhaps scaled down.
        width: Pixels of the whole picture, upright.
        height: The same downwards.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int


def load_scaled(source: Path | bytes, *, max_edge: int | None) -> Upright:
    """The whole picture for the eye, with the size that it has without scaling.

    Args:
        source: The file or its bytes.
        max_edge: The longest edge is brought down to this many pixels; None keeps every pixel.

    Raises:
        ImageError: It is no picture or cannot be read; the text is the reason.
    """
    data, name = read_picture(source)
    with refusing_damage(name, data):
        raster = _read(data, name, short=0, long=max_edge or 0, thumbnail_edge=0)
        image = raster.image
        if max_edge is not None:
            image = resized(raster.reduced(short=0, long=max_edge), max_edge, Image.Resampling.BICUBIC)
        pixels = np.array(_finished(image, raster))
    width, height = _upright_size(raster)
    return Upright(pixels, width, height)


def load_upright(source: Path | bytes, *, max_edge: int | None = None) -> NDArray[np.uint8]:
    """The pixels that `load_scaled` gives: (H, W, 3) uint8, upright, sRGB."""
    return load_scaled(source, max_edge=max_edge).pixels


def _upright_size(raster: Raster) -> tuple[int, int]:
    swapped = swaps_edges(raster.turn)
    return (raster.height, raster.width) if swapped else (raster.width, raster.height)


def _read(data: bytes, name: str, *, short: int, long: int, thumbnail_edge: int) -> Raster:
    if name == "JPEG":
        from hashviewer.images.formats.jpeg import read_jpeg

        return read_jpeg(data, min_short=short, min_long=long, thumbnail_edge=thumbnail_edge)
    if name == "HEIC":
        from hashviewer.images.formats.heif import read_heif

        return read_heif(data)
    from hashviewer.images.formats.pillow_formats import read_with_pillow

    return read_with_pillow(data, name)


def _square(raster: Raster, preprocessing: Preprocessing) -> Image.Image:
    """The network's square, cut and resized with antialiasing in one step."""
    width, height = raster.extent
    box = (0.0, 0.0, width, height)
    if preprocessing.fit == "crop":
        edge = min(width, height) * preprocessing.size / preprocessing.short_edge
        left, top = (width - edge) / 2, (height - edge) / 2
        box = (left, top, left + edge, top + edge)
    size = (preprocessing.size, preprocessing.size)
    return raster.image.resize(size, _FILTERS[preprocessing.interpolation], box=box)


def _finished(image: Image.Image, raster: Raster) -> Image.Image:
    """In sRGB and upright: last, when few pixels are left."""
    return turned(to_srgb(image, raster.profile), raster.turn)
