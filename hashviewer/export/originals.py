"""The picture file of a photo as it is handed out: the original where it can be read, else the thumbnail."""

import os
import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from hashviewer.export.escaping import file_name
from hashviewer.export.result_set import Hit
from hashviewer.library import Library


class Given(Enum):
    """What was handed out for a photo."""

    ORIGINAL = "original"
    THUMBNAIL = "thumbnail"
    NOTHING = "missing"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to hand out.

    Attributes:
        given: What it is.
        name: A file name for it, unique within the export by the rank in front; "" for nothing.
        data: The bytes of a thumbnail.
        descriptor: Of the open original, for reading; the receiver closes it. None for a thumbnail.
    """

    given: Given
    name: str
    data: bytes = b""
    descriptor: int | None = None


def picture_of(hit: Hit, library: Library, *, digits: int) -> Picture:
    """The original of a hit, or its thumbnail where the original is gone or lies outside the library's root."""
    wanted = file_name(os.path.basename(hit.path.replace("\\", "/")))  # noqa: PTH119 - Path would lose "\\" names
    front = f"{hit.rank:0{digits}d}-d{hit.distance:02d}-"
    descriptor = _open_original(hit.original, library.root)
    if descriptor is not None:
        return Picture(given=Given.ORIGINAL, name=front + wanted, descriptor=descriptor)
    thumbnail = library.thumbnail(hit.row)
    if thumbnail:
        name = f"{front}{Path(wanted).stem}.thumbnail{suffix_of(thumbnail)}"
        return Picture(given=Given.THUMBNAIL, name=name, data=thumbnail)
    return Picture(given=Given.NOTHING, name="")


def suffix_of(thumbnail: bytes) -> str:
    """The suffix that fits the bytes of a thumbnail, which are JPEG or WebP."""
    return ".webp" if thumbnail[8:12] == b"WEBP" else ".jpg"


def _open_original(path: Path | None, root: Path | None) -> int | None:
    """A descriptor of the photo; None if it cannot be read, is no plain file, or a link leads out of the root."""
    if path is None or root is None:
        return None
    try:
        place = path.resolve(strict=True)
        if root.resolve() not in place.parents:
            return None
        flags = (
            os.O_RDONLY
            | getattr(os, "O_NOFOLLOW", 0)
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_BINARY", 0)
        )
        descriptor = os.open(place, flags)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None
