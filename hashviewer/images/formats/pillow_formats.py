"""PNG, WebP, GIF, BMP, TIFF and AVIF, through Pillow."""

import ctypes
import logging
from contextlib import suppress
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    _imaging,
)

from hashviewer.images.exif import ExifFacts, parse_date, parse_exif
from hashviewer.images.formats.quiet import quiet
from hashviewer.images.formats.raster import Raster
from hashviewer.images.limits import LARGE_PIXELS, MAX_PIXELS, check_size, one_at_a_time

# Pillow would import its plugins by need, and threads that need one at the same time could miss it.
_PLUGINS = (BmpImagePlugin, GifImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
with suppress(ImportError):  # there since Pillow 11.3; without it the refusal of an AVIF says so
    from PIL import AvifImagePlugin  # noqa: F401 - registers itself

# Pillow's own guard warns above this and refuses twice as much; `check_size` refuses from here on.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

# libtiff writes what it dislikes straight to stderr, where the command line's own messages stand. The result of each
# call says the same. Where the library is linked in without its names (Windows), it goes on writing.
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python's last resort writes there too
with suppress(OSError, AttributeError):
    _libtiff = ctypes.CDLL(_imaging.__file__)
    _libtiff.TIFFSetErrorHandler(None)
    _libtiff.TIFFSetWarningHandler(None)

_TAG_ORIENTATION, _TAG_PHOTOMETRIC, _TAG_DATE_TIME, _TAG_DATE_TIME_ORIGINAL = 0x0112, 0x0106, 0x0132, 0x9003
_EXIF_FOLDER = 0x8769
_WHITE_IS_ZERO = 0
_INVERTED = [255 - level for level in range(256)]


def read_with_pillow(data: bytes, name: str) -> Raster:
    """Decode the first frame in full.

    Args:
        data: The file.
        name: Its format, as `hashviewer.images.formats.sniffing.recognise` gives it.

    Raises:
        ImageError: It is too large.
        Exception: Whatever Pillow raises over damage: `hashviewer.images.formats.damage.refusing_damage` puts it in words.
    """
    with quiet():
        image = Image.open(BytesIO(data), formats=[name])
        check_size(*image.size)
        if image.width * image.height > LARGE_PIXELS:
            with one_at_a_time:
                return _raster(image, name)
        return _raster(image, name)


def _raster(image: ImageFile.ImageFile, name: str) -> Raster:
    profile = image.info.get("icc_profile") or b""
    if name == "TIFF":
        return _tiff_raster(image, profile)
    image.load()  # before the EXIF is asked for: a PNG may carry it behind the pixels
    facts = parse_exif(image.info.get("exif") or b"")
    width, height = image.size
    return Raster(
        image=plain(image),
        width=width,
        height=height,
        turn=facts.orientation,
        orientation=facts.orientation,
        profile=profile,
        taken=facts.taken,
    )


def _tiff_raster(image: ImageFile.ImageFile, profile: bytes) -> Raster:
    """Pillow turns a TIFF upright while it loads, and no other format; the tag is gone afterwards."""
    facts = _tiff_facts(image)
    inverted = image.mode.startswith("I;16") and image.getexif().get(_TAG_PHOTOMETRIC) == _WHITE_IS_ZERO
    image.load()
    pixels = plain(image)
    if inverted:  # Pillow does this itself for 8 bits, not for 16
        pixels = pixels.point(_INVERTED)
    width, height = pixels.size
    return Raster(
        image=pixels,
        width=width,
        height=height,
        orientation=facts.orientation,
        profile=profile,
        taken=facts.taken,
    )


def _tiff_facts(image: Image.Image) -> ExifFacts:
    exif = image.getexif()
    orientation = exif.get(_TAG_ORIENTATION, 1)
    taken = parse_date(str(exif.get_ifd(_EXIF_FOLDER).get(_TAG_DATE_TIME_ORIGINAL, "")))
    if taken is None:
        taken = parse_date(str(exif.get(_TAG_DATE_TIME, "")))
    return ExifFacts(orientation if orientation in range(1, 9) else 1, taken)


def plain(image: Image.Image) -> Image.Image:
    """Any mode of Pillow as "L", "RGB" or "CMYK".

    Transparent pixels lie on white, as on a page. Of sixteen bits the upper eight stay. Wider integers and floating
    point count as 0 to 1, 0 to 255 or 0 to 65,535, the first that holds all levels; else their own range is
    stretched.
    """
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        return _stretched(np.asarray(image).astype(np.float32))
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        above = image.convert("RGBA")
        page = Image.new("RGB", above.size, "white")
        page.paste(above, mask=above.getchannel("A"))
        return page
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _stretched(levels: NDArray[np.float32]) -> Image.Image:
    levels = np.nan_to_num(levels)
    low, high = float(levels.min()), float(levels.max())
    whole = next((top for top in (1.0, 255.0, 65535.0) if low >= 0.0 and high <= top), None)
    if whole is not None:
        low, high = 0.0, whole
    scaled = (levels - low) * (255.0 / max(high - low, 1e-12))
    return Image.fromarray(np.rint(scaled).astype(np.uint8))
