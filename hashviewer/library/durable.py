"""Files that are either complete and on the disk, or not there at all; and disk errors in words."""

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

from hashviewer.errors import LibraryError

PART = ".part"

_REASONS = {
    errno.ENOSPC: "The disk is full. Free some space and try again; nothing that was saved before is lost.",
    errno.EDQUOT: "Your quota on this disk is used up. Free some space and try again.",
    errno.EFBIG: "The file would be larger than this disk or your limits allow.",
    errno.EROFS: "The disk is read-only. Copy the library to a folder where you may write.",
    errno.EACCES: "You may not write or read there. Change the folder's permissions or use another folder.",
    errno.EPERM: "You may not write or read there. Change the folder's permissions or use another folder.",
    errno.EIO: "The drive reports an error. Check that it is plugged in and healthy, then try again.",
    errno.ENODEV: "The drive is gone. Plug it in and try again.",
    errno.ENXIO: "The drive is gone. Plug it in and try again.",
    errno.ENOENT: "It is not there any more. Check that the drive is plugged in and the folder was not moved.",
    errno.EMFILE: "Too many files are open. Close some windows or programs and try again.",
}


def in_words(error: OSError, what: str) -> LibraryError:
    """The error a user sees for a failed file operation; `what` is a sentence's beginning, "Writing x failed"."""
    reason = _REASONS.get(error.errno or 0, f"The system says: {error.strerror or error}.")
    return LibraryError(f"{what}. {reason}")


def write_file(target: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make `target` as a .part file beside it, then put it in place, durably and at once.

    Raises:
        LibraryError: It could not be written; nothing is left behind.
    """
    part = target.with_name(target.name + PART)
    try:
        write(part)
        sync_file(part)
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise in_words(error, f"Writing {target} failed") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Wait until the file's bytes are on the disk."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on the disk; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network drives have no such call
            raise
    finally:
        os.close(handle)


def remove_parts(folder: Path) -> None:
    """Delete what an interrupted writer left behind; only the holder of the writer lock may call this."""
    for part in folder.glob(f"*{PART}"):
        with contextlib.suppress(OSError):
            part.unlink()
