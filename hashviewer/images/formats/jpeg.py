"""JPEG through simplejpeg: decoded at the smallest scale that suffices, without holding the interpreter's lock."""

import re
from dataclasses import dataclass

import simplejpeg
from PIL import Image

from hashviewer.errors import ImageError
from hashviewer.images.colour import is_srgb
from hashviewer.images.exif import NO_EXIF, ExifFacts, parse_exif
from hashviewer.images.formats.raster import Raster
from hashviewer.images.limits import LARGE_PIXELS, check_size, one_at_a_time

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BASELINE = frozenset((0xC0, 0xC1))
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_SCAN, _APP1, _APP2, _APP14 = 0xDA, 0xE1, 0xE2, 0xEE
_ICC = b"ICC_PROFILE\0"
_KEPT_IN_THUMBNAIL = frozenset((0xE0, _APP14))  # JFIF and Adobe say how the colours are stored

# What libjpeg warns of although every pixel is there: a few bytes of padding, odd but unambiguous headers.
_HARMLESS = re.compile(
    r"Corrupt JPEG data: (\d|1[0-6]) extraneous bytes before marker 0xd9|Invalid SOS parameters for sequential"
    r"|Unknown Adobe color transform|unknown JFIF revision"
)


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the pixels of a JPEG."""

    width: int
    height: int
    channels: int
    one_scan: bool  # baseline, all channels in one scan: nothing but the end marker follows the first scan
    progressive: bool
    adobe: bool
    exif: ExifFacts
    profile: bytes
    segments: tuple[tuple[int, int, int], ...]  # marker, start, end of each segment before the first scan
    scan: int  # position of the first scan's marker


def read_header(data: bytes) -> Header:
    """Walk the segments up to the first scan.

    Raises:
        ImageError: They are cut off or damaged.
    """
    segments: list[tuple[int, int, int]] = []
    at, size = 2, len(data)
    while True:
        while at + 1 < size and data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1  # fill bytes
        if at + 4 > size:
            raise ImageError("This JPEG is cut off: the file ends before the picture begins.")
        if data[at] != 0xFF:
            raise ImageError("This JPEG is damaged: its header makes no sense.")
        marker = data[at + 1]
        if marker in _STANDALONE:
            at += 2
            continue
        if marker == _SCAN:
            return _header(data, segments, at)
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        segments.append((marker, at, end))
        at = end


def _header(data: bytes, segments: list[tuple[int, int, int]], scan: int) -> Header:
    frame = next((segment for segment in segments if segment[0] in _FRAMES), None)
    if frame is None or frame[2] - frame[1] < 10:
        raise ImageError("This JPEG is damaged: its header does not state a size.")
    marker, start, _ = frame
    exif = NO_EXIF
    chunks = []
    for kind, begin, end in segments:
        if kind == _APP1 and exif is NO_EXIF and data[begin + 4 : begin + 10] == b"Exif\0\0":
            exif = parse_exif(data[begin + 10 : end])
        elif kind == _APP2 and data[begin + 4 : begin + 16] == _ICC:
            chunks.append((data[begin + 16], data[begin + 18 : end]))
    return Header(
        height=int.from_bytes(data[start + 5 : start + 7], "big"),
        width=int.from_bytes(data[start + 7 : start + 9], "big"),
        channels=data[start + 9],
        one_scan=marker in _BASELINE and data[scan + 4 : scan + 5] == data[start + 9 : start + 10],
        progressive=marker not in _BASELINE,
        adobe=any(kind == _APP14 and data[begin + 4 : begin + 9] == b"Adobe" for kind, begin, _ in segments),
        exif=exif,
        profile=b"".join(chunk for _, chunk in sorted(chunks)),
        segments=tuple(segments),
        scan=scan,
    )


def read_jpeg(data: bytes, *, min_short: int, min_long: int, thumbnail_edge: int = 0) -> Raster:
    """Decode at the smallest scale n/8 whose edges reach what is asked for.

    Args:
        data: The file.
        min_short: Pixels wanted along the short edge; 0 with ``min_long`` 0: the whole picture.
        min_long: Pixels wanted along the long edge.
        thumbnail_edge: A baseline file whose long edge is at most a quarter longer than this, and that takes
            at most 32 KB, may serve as its own thumbnail.

    Raises:
        ImageError: It is cut off, damaged or too large.
    """
    header = read_header(data)
    check_size(header.width, header.height)
    portrait = header.height > header.width
    mode = {1: "GRAY", 4: "CMYK"}.get(header.channels, "RGB")
    least = (min_short, min_long) if portrait else (min_long, min_short)
    if header.progressive and header.width * header.height > LARGE_PIXELS:
        with one_at_a_time:  # a progressive file's coefficients are held in full, whatever the scale
            image = _pixels(data, header, mode, least)
    else:
        image = _pixels(data, header, mode, least)
    if mode == "CMYK" and header.adobe:
        image = image.point(_INVERTED)
    own = header.one_scan and header.exif.orientation == 1 and header.channels in (1, 3)
    own = own and max(header.width, header.height) * 4 <= thumbnail_edge * 5
    return Raster(
        image=image,
        width=header.width,
        height=header.height,
        scale=_scale(header, image),
        turn=header.exif.orientation,
        orientation=header.exif.orientation,
        profile=header.profile,
        taken=header.exif.taken,
        as_thumbnail=_bare(data, header, image.mode) if own else b"",
    )


def _scale(header: Header, image: Image.Image) -> float:
    """The n/8 at which libjpeg decoded; it rounds the edges up."""
    whole = (header.width, header.height)
    for eighths in range(8, 0, -1):
        if image.size == tuple(-(-edge * eighths // 8) for edge in whole):
            return eighths / 8
    raise ImageError("This JPEG is damaged: its picture has another size than its header states.")


_INVERTED = [255 - level for level in range(256)] * 4
_MAX_OWN_THUMBNAIL = 32 * 1024


def _bare(data: bytes, header: Header, mode: str) -> bytes:
    """The same pixels without metadata, which may be large and tell where the photo was taken."""
    if not is_srgb(header.profile, mode):
        return b""
    kept = [
        data[start:end]
        for marker, start, end in header.segments
        if marker < 0xE0 or marker in _KEPT_IN_THUMBNAIL  # drops APPn but JFIF and Adobe, and comments
    ]
    end = data.find(b"\xff\xd9", header.scan)  # the first one: other pictures may be appended
    bare = b"".join(
        (b"\xff\xd8", *kept, data[header.scan : end] if end >= 0 else data[header.scan :], b"\xff\xd9")
    )
    return bare if len(bare) <= _MAX_OWN_THUMBNAIL else b""


def _pixels(data: bytes, header: Header, mode: str, least: tuple[int, int]) -> Image.Image:
    try:
        return _decoded(data, mode, least, strict=True)
    except ValueError as error:
        message = str(error)
    except MemoryError as error:
        raise ImageError("This JPEG needs more memory than there is.") from error
    if _HARMLESS.search(message):
        return _retried(data, mode, least, strict=False)
    if "Premature end of JPEG file" in message and header.one_scan:
        # Only the end marker may be missing: with it put back, a complete picture decodes without a warning. With
        # several scans it would as well where whole scans are missing.
        return _retried(data + b"\xff\xd9", mode, least, strict=True)
    raise ImageError(_reason(message))


def _retried(data: bytes, mode: str, least: tuple[int, int], *, strict: bool) -> Image.Image:
    try:
        return _decoded(data, mode, least, strict=strict)
    except ValueError as error:
        raise ImageError(_reason(str(error) if not strict else "premature end")) from error


def _decoded(data: bytes, mode: str, least: tuple[int, int], *, strict: bool) -> Image.Image:
    array = simplejpeg.decode_jpeg(data, mode, min_width=least[0], min_height=least[1], strict=strict)
    return Image.fromarray(array[:, :, 0] if mode == "GRAY" else array, None if mode != "CMYK" else "CMYK")


def _reason(message: str) -> str:
    if "premature end" in message.lower():
        return "This JPEG is cut off: part of the picture is missing."
    if "unsupported" in message.lower() or "not supported" in message.lower():
        return f"This kind of JPEG cannot be read ({message})."
    return f"This JPEG is damaged ({message})."
