"""HEIC through pillow-heif. libheif itself turns the picture by the container's own marks; EXIF must not do it again."""

import pillow_heif

from hashviewer.images.exif import parse_exif
from hashviewer.images.formats.pillow_formats import plain
from hashviewer.images.formats.quiet import quiet
from hashviewer.images.formats.raster import Raster
from hashviewer.images.limits import LARGE_PIXELS, check_size, one_at_a_time


def read_heif(data: bytes) -> Raster:
    """Decode the primary picture in full.

    Raises:
        ImageError: It is too large.
        Exception: Whatever libheif raises over damage: `hashviewer.images.formats.damage.refusing_damage` puts it in words.
    """
    with quiet():
        picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
        check_size(*picture.size)
        if picture.size[0] * picture.size[1] > LARGE_PIXELS:
            with one_at_a_time:
                return _raster(picture)
        return _raster(picture)


def _raster(picture: pillow_heif.HeifFile) -> Raster:
    facts = parse_exif(picture.info.get("exif") or b"")
    profile = picture.info.get("icc_profile") or b""
    image = picture.to_pillow()
    width, height = image.size
    return Raster(
        image=plain(image),
        width=width,
        height=height,
        orientation=facts.orientation,
        profile=profile,
        taken=facts.taken,
    )
