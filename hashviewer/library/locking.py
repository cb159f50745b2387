"""One writer at a time: a lock of the operating system that dies with the process that holds it."""

import errno
import os
import sys
from pathlib import Path

from hashviewer.errors import LibraryError
from hashviewer.library.durable import in_words

_BUSY = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)


class WriterLock:
    """Holds the lock from construction until `release`.

    Args:
        file: The lock file; made if need be, never deleted, its content says nothing.

    Raises:
        LibraryError: Another writer holds it, or the folder is read-only.
    """

    def __init__(self, file: Path) -> None:
        try:
            self._handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise in_words(error, f"The library {file.parent} cannot be changed") from error
        try:
            _lock(self._handle)
        except OSError as error:
            os.close(self._handle)
            if error.errno not in _BUSY:
                raise in_words(error, f"The library {file.parent} cannot be locked for writing") from error
            raise LibraryError(
                f"Another program is writing to the library {file.parent} at the moment. Wait until it has "
                "finished, or stop it, and try again."
            ) from error

    def release(self) -> None:
        """Let the next writer in; a second call does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


if sys.platform == "win32":

    def _lock(handle: int) -> None:
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:

    def _lock(handle: int) -> None:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
