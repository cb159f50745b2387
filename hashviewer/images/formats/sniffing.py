"""What a file is, from its first bytes; names and suffixes do not count."""

from hashviewer.errors import ImageError

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)

_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"8BPS", "a Photoshop document"),
    (b"RIFF", "a sound or a film"),
    (b"ID3", "a sound"),
    (b"\x1aE\xdf\xa3", "a film"),
    (b"-----BEGIN PGP", "an encrypted message"),
    (b"Salted__", "an encrypted file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)

_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_FILM_BRANDS = frozenset(
    (b"isom", b"iso2", b"mp41", b"mp42", b"qt  ", b"avc1", b"M4V ", b"M4A ", b"3gp4", b"3gp5")
)
_TEXT_SAMPLE = 512


def recognise(head: bytes) -> str:
    """The format of a picture: "JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIC" or "AVIF".

    Args:
        head: The first bytes of the file, a few hundred at least where it has them.

    Raises:
        ImageError: The file is empty or not a picture; the text says what it is instead, where that shows.
    """
    if not head:
        raise ImageError("This file is empty: it has 0 bytes.")
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if (
        head[:2] == b"BM"
        and len(head) >= 18
        and head[15:18] == b"\0\0\0"
        and head[14] in (12, 40, 52, 56, 64, 108, 124)
    ):
        return "BMP"
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    raise ImageError(_refusal(head))


def _by_brand(head: bytes) -> str:
    """HEIC and AVIF share a container with films; the brands in its first box tell them apart."""
    length = min(int.from_bytes(head[:4], "big"), len(head), 256)
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, length, 4)}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    if brands & _HEIC_BRANDS:
        return "HEIC"
    if brands & _FILM_BRANDS:
        raise ImageError("This file is not a picture but a film.")
    raise ImageError("This file is not a picture of a known format.")


def _refusal(head: bytes) -> str:
    if not head.strip(b"\0"):
        return "This file is not a picture: it holds only zeros, as after a broken copy."
    for signature, what in _STRANGERS:
        if head.startswith(signature):
            locked = (signature == b"%PDF" and b"/Encrypt" in head) or (
                signature == b"PK\x03\x04" and len(head) > 6 and bool(head[6] & 1)
            )
            return f"This file is not a picture but {what}{', protected by a password' if locked else ''}."
    if _is_text(head[:_TEXT_SAMPLE]):
        return "This file is not a picture but a text."
    return "This file is not a picture of a known format."


def _is_text(sample: bytes) -> bool:
    if any(byte < 32 and byte not in b"\t\n\f\r" for byte in sample):
        return False
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > 0 and error.start >= len(sample) - 3  # a character that the sample cuts
    return True
