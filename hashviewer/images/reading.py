import os
import stat
from pathlib import Path

from hashviewer.errors import ImageError
from hashviewer.images.formats.sniffing import recognise
from hashviewer.images.limits import MAX_BYTES
from hashviewer.images.stores import StoredPhoto

_HEAD = 4096


def read_picture(source: Path | bytes | StoredPhoto) -> tuple[bytes, str]:
    """The bytes of a picture and the name of its format.

    A file that is no picture is refused by its first bytes, without reading the rest.

    Raises:
        ImageError: It cannot be read, is empty, too large or no picture.
    """
    if isinstance(source, bytes):
        return source, recognise(source)
    if isinstance(source, StoredPhoto):
        return read_picture(source.read())
    try:
        return _read_file(source)
    except FileNotFoundError as error:
        raise ImageError("This file is no longer there: it was moved, renamed or deleted.") from error
    except PermissionError as error:
        raise ImageError("This file may not be read: its permissions forbid it.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"This file cannot be read: {reason}.") from error


def _read_file(path: Path) -> tuple[bytes, str]:
    state = os.stat(path)  # noqa: PTH116 - before opening: opening a pipe would wait for its writer
    if not stat.S_ISREG(state.st_mode):
        raise ImageError("This is not a picture: it is a folder or a device.")
    if state.st_size > MAX_BYTES:
        raise ImageError(f"This file is too large to be a picture: {state.st_size / 1e9:.1f} GB.")
    with path.open("rb", buffering=0) as file:
        head = file.read(_HEAD)
        name = recognise(head)
        return head + file.readall(), name
