from dataclasses import dataclass, replace

from PIL import Image


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture as a format's reader hands it on: pixels that still want turning and colour management.

    Attributes:
        image: Mode "L", "RGB" or "CMYK" (0 = no ink); perhaps decoded at a smaller scale.
        width: Pixels of the whole picture as stored, before turning.
        height: The same downwards.
        scale: Pixels of ``image`` per pixel of the whole picture. ``image`` is whole pixels wide, rounded up, so its
            last column and row may reach beyond the picture: `extent` is exact.
        turn: EXIF orientation 1 to 8 that is still to be applied to ``image``.
        orientation: EXIF orientation as found in the file.
        profile: Embedded ICC profile, or b"".
        taken: Seconds since 1970 or None.
        as_thumbnail: The file without its metadata, where it is small, upright and sRGB; else b"".
    """

    image: Image.Image
    width: int
    height: int
    scale: float = 1.0
    turn: int = 1
    orientation: int = 1
    profile: bytes = b""
    taken: float | None = None
    as_thumbnail: bytes = b""

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the picture in pixels of ``image``, exactly."""
        return self.width * self.scale, self.height * self.scale

    def reduced(self, *, short: int, long: int) -> "Raster":
        """Averaged down by a whole factor, to no less than twice the edges wanted: fine filters then cost little."""
        width, height = self.image.size
        by_short, by_long = min(width, height) // max(1, 2 * short), max(width, height) // max(1, 2 * long)
        factor = min(by_short, by_long)
        if factor < 2:
            return self
        return replace(self, image=self.image.reduce(factor), scale=self.scale / factor)
