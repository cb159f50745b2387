"""Why a picture could not be read, in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError, features

from hashviewer.errors import ImageError
from hashviewer.images.limits import MAX_PIXELS

_CUT_OFF = (
    "truncated",
    "end of file",
    "eof",
    "end-of-file",
    "too short",
    "not enough data",
    "unexpected end",
)

_PROTECTION_BOX = b"ipro"
_CONTAINER_HEAD = 65536  # bytes within which a HEIC describes its parts


@contextmanager
def refusing_damage(name: str, data: bytes) -> Iterator[None]:
    """Turn whatever a format's reader raises over a bad file into an `ImageError` that gives the reason."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f"This {name} picture needs more memory than there is.") from error
    except Exception as error:  # readers raise a dozen kinds of it over damaged files
        raise ImageError(_sentence(name, data, error)) from error


def _sentence(name: str, data: bytes, error: Exception) -> str:
    reason = " ".join(str(error).split()).rstrip(".")
    lower = reason.lower()
    if isinstance(error, Image.DecompressionBombError) or "security limit" in lower:
        return f"This picture is too large: it has more than the {MAX_PIXELS // 1_000_000} megapixels that are read."
    if name == "HEIC" and _PROTECTION_BOX in data[:_CONTAINER_HEAD]:
        return "This HEIC picture is encrypted: it cannot be read without its key."
    if is_cut_off(name, data) or any(word in lower for word in _CUT_OFF):
        return f"This {name} picture is cut off: part of the file is missing."
    if isinstance(error, UnidentifiedImageError):
        if name == "AVIF" and not features.check("avif"):
            return "AVIF pictures cannot be read by this installation: its Pillow was built without AVIF."
        return f"This {name} picture is damaged: its header makes no sense."
    return f"This {name} picture is damaged or of an unknown kind ({reason or type(error).__name__})."


def is_cut_off(name: str, data: bytes) -> bool:
    """Whether the container itself states more bytes than there are; known for WebP, HEIC and AVIF."""
    if name == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if name not in ("HEIC", "AVIF"):
        return False
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:  # a 64-bit size follows
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:  # 0: the last box reaches to the end, wherever that is; else nonsense
            return False
        at += size
    return at > len(data)
