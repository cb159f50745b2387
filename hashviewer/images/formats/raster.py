from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture as a format's reader hands it on: pixels that still want turning and colour management.

    Attributes:
        image: Mode "L", "RGB" or "CMYK" (0 = no ink); perhaps decoded at a smaller scale.
        width: Pixels of the whole picture as stored, before turning.
        height: The same downwards.
        turn: EXIF orientation 1 to 8 that is still to be applied to ``image``.
        orientation: EXIF orientation as found in the file.
        profile: Embedded ICC profile, or b"".
        taken: Seconds since 1970 or None.
        as_thumbnail: The file without its metadata, where it is small, upright and sRGB; else b"".
    """

    image: Image.Image
    width: int
    height: int
    turn: int = 1
    orientation: int = 1
    profile: bytes = b""
    taken: float | None = None
    as_thumbnail: bytes = b""
