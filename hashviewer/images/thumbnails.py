import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from hashviewer.errors import ImageError
from hashviewer.images.formats.raster import Raster

_QUALITY = 85
_CLOSE = 0.85  # of the wanted edge


def resized(raster: Raster, edge: int, resampling: Image.Resampling) -> Image.Image:
    """The whole picture with its longest edge brought down to ``edge``; never enlarged, no edge below 1 pixel."""
    longest = max(raster.width, raster.height)
    if longest <= edge:
        return raster.image
    size = (max(1, round(raster.width * edge / longest)), max(1, round(raster.height * edge / longest)))
    return raster.image.resize(size, resampling, box=(0.0, 0.0, *raster.extent))


def shrunk(raster: Raster, edge: int) -> Image.Image:
    """As `resized`, or a little smaller than ``edge`` where that is far cheaper.

    Averaging whole blocks of pixels costs a tenth of a filter; it is taken where it comes out close below.
    """
    longest = max(raster.image.size)
    factor = -(-longest // edge)
    if factor > 1 and longest >= _CLOSE * edge * factor:
        return raster.image.reduce(factor)
    return resized(raster, edge, Image.Resampling.HAMMING)


def encode_thumbnail(image: Image.Image) -> bytes:
    """JPEG bytes of an upright sRGB picture of mode "RGB"."""
    jpeg: bytes = simplejpeg.encode_jpeg(
        np.asarray(image), quality=_QUALITY, colorsubsampling="420", fastdct=False
    )
    return jpeg


def decode_thumbnail(data: bytes) -> NDArray[np.uint8]:
    """The pixels of a stored thumbnail, (h, w, 3) RGB; callable from many threads at once.

    Raises:
        ImageError: The bytes are no JPEG.
    """
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", strict=False)
    except ValueError as error:
        raise ImageError(f"This thumbnail is damaged ({error}).") from error
    return pixels
