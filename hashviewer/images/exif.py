"""The two facts that are needed from EXIF, read directly: a general parser would cost more than a small photo's pixels."""

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

_ORIENTATION, _DATE_TIME, _EXIF_FOLDER, _DATE_TIME_ORIGINAL = 0x0112, 0x0132, 0x8769, 0x9003
_SHORT, _LONG, _ASCII = 3, 4, 2
_MAX_ENTRIES = 1000
_DATE = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """What a photo's EXIF says.

    Attributes:
        orientation: 1 to 8; 1 (upright) where nothing or nonsense is stated.
        taken: Seconds since 1970, the camera's clock read as UTC, or None.
    """

    orientation: int = 1
    taken: float | None = None


NO_EXIF = ExifFacts()


def parse_exif(block: bytes) -> ExifFacts:
    """Read a TIFF structure, with or without the "Exif" prefix; never fails, damaged parts count as absent."""
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        return NO_EXIF
    first = _entries(block, order, struct.unpack_from(order + "I", block, 4)[0])
    orientation = _number(block, order, first.get(_ORIENTATION))
    folder = _number(block, order, first.get(_EXIF_FOLDER))
    second = _entries(block, order, folder) if folder else {}
    taken = parse_date(_text(block, order, second.get(_DATE_TIME_ORIGINAL)))
    if taken is None:
        taken = parse_date(_text(block, order, first.get(_DATE_TIME)))
    return ExifFacts(orientation if orientation in range(1, 9) else 1, taken)


def parse_date(text: str) -> float | None:
    """Seconds since 1970 of "2024:07:31 18:02:11", or None for anything that is no date."""
    match = _DATE.match(text)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = map(int, match.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:  # such as the 0000:00:00 of a camera whose clock was never set
        return None


def _entries(block: bytes, order: str, at: int) -> dict[int, int]:
    """Tag → position of its 12-byte entry, for one folder of tags."""
    if at + 2 > len(block):
        return {}
    count = min(struct.unpack_from(order + "H", block, at)[0], _MAX_ENTRIES, (len(block) - at - 2) // 12)
    places = range(at + 2, at + 2 + 12 * count, 12)
    return {struct.unpack_from(order + "H", block, place)[0]: place for place in places}


def _number(block: bytes, order: str, place: int | None) -> int:
    """A single SHORT or LONG; 0 where there is none."""
    if place is None:
        return 0
    kind, count = struct.unpack_from(order + "HI", block, place + 2)
    if count != 1 or kind not in (_SHORT, _LONG):
        return 0
    return int(struct.unpack_from(order + ("H" if kind == _SHORT else "I"), block, place + 8)[0])


def _text(block: bytes, order: str, place: int | None) -> str:
    if place is None:
        return ""
    kind, count = struct.unpack_from(order + "HI", block, place + 2)
    if kind != _ASCII or count > 64:
        return ""
    at = place + 8 if count <= 4 else struct.unpack_from(order + "I", block, place + 8)[0]
    return block[at : at + count].split(b"\0")[0].decode("ascii", "replace").strip()
