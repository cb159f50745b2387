"""What an export has written, and what it could not."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What is in an export.

    Attributes:
        output: The file or folder.
        photos: Photos listed in it.
        thumbnails: Paths in the library of photos whose thumbnail stands in for an original that is not there.
        missing: Paths in the library of photos of which there is no picture at all.
    """

    output: Path
    photos: int
    thumbnails: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def sentence(self) -> str:
        """For the user."""
        noun = "photo" if self.photos == 1 else "photos"
        text = f"{self.photos:,} {noun} exported to {self.output}."
        if self.thumbnails:
            text += f" {len(self.thumbnails):,} as thumbnails, since the originals are not where they were."
        if self.missing:
            text += f" {len(self.missing):,} without a picture: neither original nor thumbnail is there."
        return text
