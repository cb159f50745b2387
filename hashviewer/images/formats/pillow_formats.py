"""PNG, WebP, GIF, BMP, TIFF and AVIF, through Pillow."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from hashviewer.errors import ImageError
from hashviewer.images.exif import ExifFacts, parse_date, parse_exif
from hashviewer.images.formats.quiet import quiet
from hashviewer.images.formats.raster import Raster
from hashviewer.images.limits import LARGE_PIXELS, MAX_PIXELS, check_size, one_at_a_time

# Pillow's own guard would warn from 90 megapixels on and refuse 180; ours reads the header before it and is stricter
# than this one.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

_TAG_ORIENTATION, _TAG_PHOTOMETRIC, _TAG_DATE_TIME, _TAG_DATE_TIME_ORIGINAL = 0x0112, 0x0106, 0x0132, 0x9003
_WHITE_IS_ZERO = 0


def read_with_pillow(data: bytes, name: str) -> Raster:
    """Decode the first frame in full.

    Args:
        data: The file.
        name: Its format, as `hashviewer.images.formats.sniffing.recognise` gives it.

    Raises:
        ImageError: It is cut off, damaged, too large or of a kind that cannot be read.
    """
    with quiet(), refusing_damage(name), Image.open(BytesIO(data), formats=[name]) as image:
        check_size(*image.size)
        if image.width * image.height > LARGE_PIXELS:
            with one_at_a_time:
                return _raster(image, name)
        return _raster(image, name)


def _raster(image: ImageFile.ImageFile, name: str) -> Raster:
    profile = image.info.get("icc_profile") or b""
    if name != "TIFF":
        image.load()  # a PNG may carry its EXIF behind the pixels
        facts = parse_exif(image.info.get("exif") or b"")
        return Raster(plain(image), *image.size, facts.orientation, facts.orientation, profile, facts.taken)
    facts = _tiff_facts(image)
    inverted = image.mode.startswith("I;16") and image.getexif().get(_TAG_PHOTOMETRIC) == _WHITE_IS_ZERO
    image.load()  # turns the picture upright by its orientation tag, in Pillow alone for TIFF
    pixels = plain(image)
    if inverted:  # Pillow does this itself for 8 bits, not for 16
        pixels = pixels.point([255 - level for level in range(256)])
    return Raster(pixels, *image.size, 1, facts.orientation, profile, facts.taken)


def _tiff_facts(image: Image.Image) -> ExifFacts:
    exif = image.getexif()
    orientation = exif.get(_TAG_ORIENTATION, 1)
    taken = parse_date(str(exif.get_ifd(0x8769).get(_TAG_DATE_TIME_ORIGINAL, "")))
    if taken is None:
        taken = parse_date(str(exif.get(_TAG_DATE_TIME, "")))
    return ExifFacts(orientation if orientation in range(1, 9) else 1, taken)


def plain(image: Image.Image) -> Image.Image:
    """Any mode of Pillow as "L", "RGB" or "CMYK".

    Transparent pixels lie on white, as on a page. Sixteen bits are scaled, not clipped. Floating point counts as
    0 to 1 where it stays within, else its own range is stretched.
    """
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        above = image.convert("RGBA")
        page = Image.new("RGBA", above.size, "white")
        return Image.alpha_composite(page, above).convert("RGB")
    if image.mode.startswith("I;16"):
        levels = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((levels * 255 + 32767) // 65535).astype(np.uint8))
    if image.mode in ("I", "F"):
        return _stretched(np.asarray(image).astype(np.float32))
    if image.mode in ("L", "RGB", "CMYK"):
        return image.copy() if isinstance(image, ImageFile.ImageFile) else image
    return image.convert("L" if image.mode == "1" else "RGB")


def _stretched(levels: NDArray[np.float32]) -> Image.Image:
    levels = np.nan_to_num(levels)
    low, high = float(levels.min()), float(levels.max())
    if low >= 0.0 and high <= 1.0:
        low, high = 0.0, 1.0
    elif low >= 0.0 and high <= 65535.0:
        low, high = 0.0, 65535.0 if high > 255.0 else 255.0
    scaled = (levels - low) * (255.0 / max(high - low, 1e-12))
    return Image.fromarray(np.rint(scaled).astype(np.uint8))


@contextmanager
def refusing_damage(name: str) -> Iterator[None]:
    """Turn whatever a format's reader raises over a bad file into an `ImageError` that gives the reason."""
    try:
        yield
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(f"This {name} picture is too large: {error}.") from error
    except MemoryError as error:
        raise ImageError(f"This {name} picture needs more memory than there is.") from error
    except Exception as error:  # readers raise a dozen kinds of it over damaged files
        reason = str(error).strip().rstrip(".")
        cut = any(
            word in reason.lower() for word in ("truncated", "end of file", "eof", "end-of-file", "too short")
        )
        if cut:
            raise ImageError(f"This {name} picture is cut off: part of the file is missing.") from error
        raise ImageError(
            f"This {name} picture is damaged or of an unknown kind ({reason or 'no reason given'})."
        ) from error
