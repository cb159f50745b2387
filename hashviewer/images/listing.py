"""Photos that a text file lists, one path a line."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hashviewer.errors import ImageError
from hashviewer.images.finding import FoundFile
from hashviewer.images.stores import is_url
from hashviewer.progress import Progress, silent

_MARK = b"\xef\xbb\xbf"  # some editors write it before the first line
_REPORT_EVERY = 1000  # files


@dataclass(frozen=True, slots=True)
class PhotoList:
    """Photos by name: exactly these, whatever their suffix.

    Attributes:
        files: Absolute paths, each once, in no order.
        base: The folder that relative entries were relative to.
    """

    files: tuple[str, ...]
    base: Path

    def __str__(self) -> str:
        return f"the list of {len(self.files):,} photos"

    @property
    def folder(self) -> Path:
        """The folder that all of them lie below: the list's own, or the deepest one that there is."""
        if not self.outside(self.base):
            return self.base
        return Path(os.path.commonpath([os.path.dirname(file) for file in self.files]))  # noqa: PTH120

    def outside(self, root: Path) -> list[str]:
        """Those that do not lie below a folder."""
        inside = os.path.join(root, "")  # noqa: PTH118 - the root with one separator behind it
        return [file for file in self.files if not file.startswith(inside)]

    def below(self, root: Path) -> list[str]:
        """Their paths relative to a folder that holds them all, with "/" between the parts; sorted."""
        start = len(os.path.join(root, ""))  # noqa: PTH118
        return sorted(file[start:].replace(os.sep, "/") for file in self.files)

    def find(
        self, root: Path, *, progress: Progress = silent, on_problem: Callable[[str, str], None] | None = None
    ) -> Iterator[FoundFile]:
        """Those that are there, sorted by path relative to a folder that holds them all; no file is opened.

        Args:
            root: The folder.
            progress: Called with the files found so far.
            on_problem: Called with the relative path and the reason for each one that is not there.
        """
        for number, path in enumerate(self.below(root)):
            if number % _REPORT_EVERY == 0:
                progress(number, None, f"{number:,} photos found")
            try:
                state = os.stat(root / path)  # noqa: PTH116 - one call for all that is wanted
            except OSError as error:
                if on_problem is not None:
                    on_problem(path, _reason(error))
                continue
            size = state.st_size if stat.S_ISREG(state.st_mode) else 0
            yield FoundFile(path, size, state.st_mtime_ns)


def read_list(data: bytes, base: Path) -> PhotoList:
    """The photos that a list's bytes name: a path a line, absolute or relative to `base`; empty lines are left out.

    Raises:
        ImageError: It names no photo, or URLs.
    """
    base = Path(os.path.abspath(base))  # noqa: PTH100 - links stay as they are written
    names = [line.strip(b"\r") for line in data.removeprefix(_MARK).split(b"\n")]
    entries = [os.fsdecode(name) for name in names if name.strip()]
    if not entries:
        raise ImageError("The list is empty. Write one path on each line, absolute or relative to the list.")
    for entry in entries:
        if is_url(entry):
            raise ImageError(
                f"The list names the URL {entry}. Index the URL of its folder instead of a list."
            )
        if "\0" in entry:
            raise ImageError("The list is no text file. Write one path on each line.")
    files = (os.path.normpath(os.path.join(base, entry)) for entry in entries)  # noqa: PTH118
    return PhotoList(tuple(dict.fromkeys(files)), base)


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "This file is not there, though the list names it."
    return f"This file cannot be read: {error.strerror or error}."
