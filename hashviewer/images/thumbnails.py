import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from hashviewer.errors import ImageError

_QUALITY = 85
_CLOSE = 0.85  # of the wanted edge


def fitted(width: int, height: int, edge: int) -> tuple[int, int]:
    """The size at which the longest edge is ``edge``, never enlarged, both at least 1."""
    longest = max(width, height)
    if longest <= edge:
        return width, height
    return max(1, round(width * edge / longest)), max(1, round(height * edge / longest))


def shrunk(image: Image.Image, edge: int) -> Image.Image:
    """The picture with its longest edge brought down to ``edge``, or to a little less where that is far cheaper.

    Averaging whole blocks of pixels costs a tenth of a filter; it is taken where it comes out close below.
    """
    longest = max(image.size)
    factor = -(-longest // edge)
    if factor > 1 and longest >= _CLOSE * edge * factor:
        return image.reduce(factor)
    return image.resize(fitted(*image.size, edge), Image.Resampling.HAMMING)


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
