"""Names of segment files, and which of the files in a folder count.

Photo segments are named by the rows they hold (``0000000000-0000001023.h5``), code segments by a running number
(``00000007.h5``), a merged one by the numbers it covers (``00000001-00000016.h5``). A file whose range lies within
that of a larger one is superseded: a merge is complete the moment its result gets its name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

_ROWS = re.compile(r"(\d{10,})-(\d{10,})\.h5")
_NUMBERS = re.compile(r"(\d{8,})(?:-(\d{8,}))?\.h5")


@dataclass(frozen=True, slots=True, order=True)
class SegmentName:
    """A segment file: `first` and `last` are rows for photos and running numbers for codes, both inclusive."""

    first: int
    last: int
    file: str


def photo_file(first: int, last: int) -> str:
    """Name of the segment that holds rows first…last."""
    return f"{first:010d}-{last:010d}.h5"


def code_file(first: int, last: int) -> str:
    """Name of the code segment with this number, or of the one that covers these numbers."""
    return f"{first:08d}.h5" if first == last else f"{first:08d}-{last:08d}.h5"


def photo_segments(folder: Path) -> list[SegmentName]:
    """The photo segments that count, by row. Raises OSError."""
    return _largest(_names(folder, _ROWS))


def code_segments(folder: Path) -> list[SegmentName]:
    """The code segments that count, oldest first. Raises OSError."""
    return _largest(_names(folder, _NUMBERS))


def superseded(folder: Path) -> list[Path]:
    """Segments that a merge has replaced and did not come round to deleting. Raises OSError."""
    everything = [*_names(folder, _ROWS), *_names(folder, _NUMBERS)]
    kept = {*photo_segments(folder), *code_segments(folder)}
    return [folder / name.file for name in everything if name not in kept]


def code_folder(key: str) -> str:
    """The folder name for a code set's key."""
    name = quote(key, safe=" ()+,=@", encoding="utf-8", errors="surrogateescape")
    return name.replace(".", "%2E", 1) if name.startswith(".") else name


def code_key(folder: str) -> str:
    """The key that `code_folder` was given."""
    return unquote(folder, encoding="utf-8", errors="surrogateescape")


def _names(folder: Path, pattern: re.Pattern[str]) -> Iterable[SegmentName]:
    try:
        entries = [entry.name for entry in folder.iterdir()]
    except FileNotFoundError:
        return []
    found = [match for match in map(pattern.fullmatch, entries) if match]
    return [SegmentName(int(m[1]), int(m[2] or m[1]), m[0]) for m in found if int(m[1]) <= int(m[2] or m[1])]


def _largest(names: Iterable[SegmentName]) -> list[SegmentName]:
    kept: list[SegmentName] = []
    for name in sorted(names, key=lambda name: (name.first, -name.last)):
        if not kept or name.last > kept[-1].last:
            kept.append(name)
    return kept
