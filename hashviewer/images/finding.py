"""Which files of a folder are photos, by name alone: no file is opened."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hashviewer.errors import ImageError
from hashviewer.progress import Progress, silent

SUFFIXES = frozenset(
    (
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
    )
) | {".hif", ".avif"}

_LEFT_OUT = frozenset(
    ("@eadir", "$trash", "$recycle.bin", "#recycle", "system volume information", "lost+found")
)
_REPORT_EVERY = 1000  # files


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that has a picture's suffix.

    Attributes:
        path: Relative to the folder that was searched, with "/" between its parts; bytes that are no UTF-8 are
            kept as `os.fsdecode` keeps them.
        size: Bytes.
        mtime_ns: Time of the last change in nanoseconds since 1970.
    """

    path: str
    size: int
    mtime_ns: int


def find_photos(
    root: Path, *, progress: Progress = silent, on_problem: Callable[[str, str], None] | None = None
) -> Iterator[FoundFile]:
    """All photos below a folder, sorted by path.

    Hidden files, bins and the thumbnails of storage boxes are left out. Links to folders are followed, each folder
    is visited once: what lies inside the tree is found at its own place, and loops end.

    Args:
        root: The folder.
        progress: Called with the files found so far.
        on_problem: Called with the relative path and the reason for each folder that cannot be listed. Its photos
            are not there in the result, which does not mean that they are gone.

    Raises:
        ImageError: The folder itself cannot be listed.
    """
    try:
        start = os.stat(root)  # noqa: PTH116 - one call for all that is wanted
        if not stat.S_ISDIR(start.st_mode):
            raise ImageError(f"{root} is not a folder.")
        with os.scandir(root):
            pass
    except OSError as error:
        raise ImageError(f"The folder {root} cannot be read: {error.strerror or error}.") from error
    walk = _Walk(root=os.path.realpath(root), progress=progress, on_problem=on_problem)
    walk.visited.add((start.st_dev, start.st_ino))
    return walk.files(os.fspath(root))


@dataclass(slots=True)
class _Walk:
    root: str
    progress: Progress
    on_problem: Callable[[str, str], None] | None
    visited: set[tuple[int, int]] = field(default_factory=set)
    found: int = 0

    def files(self, folder: str) -> Iterator[FoundFile]:
        """Depth first. A folder is sorted as "name/", so that the whole comes out in the order of its paths."""
        levels = [("", iter(self._listed(folder, "")))]
        while levels:
            prefix, entries = levels[-1]
            for name, entry in entries:
                if not name.endswith("/"):
                    found = self._photo(prefix + name, entry)
                    if found is not None:
                        yield found
                elif self._enters(entry, prefix + name):
                    levels.append((prefix + name, iter(self._listed(entry.path, prefix + name))))
                    break
            else:
                levels.pop()

    def _photo(self, path: str, entry: os.DirEntry[str]) -> FoundFile | None:
        try:
            state = entry.stat()
        except OSError:
            return None  # gone since the listing, or a link to nothing
        if not stat.S_ISREG(state.st_mode):
            return None
        self.found += 1
        if self.found % _REPORT_EVERY == 0:
            self._report()
        return FoundFile(path, state.st_size, state.st_mtime_ns)

    def _listed(self, folder: str, prefix: str) -> list[tuple[str, os.DirEntry[str]]]:
        """What may be a photo, and the folders with "/" behind their names; sorted."""
        self._report()
        kept: list[tuple[str, os.DirEntry[str]]] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if left_out(entry.name):
                        continue
                    if _is_folder(entry):
                        kept.append((entry.name + "/", entry))
                    elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122 - a tenth of Path's time
                        kept.append((entry.name, entry))
        except OSError as error:
            self._trouble(prefix, error)
        kept.sort(key=lambda item: item[0])
        return kept

    def _report(self) -> None:
        self.progress(self.found, None, f"{self.found:,} photos found")

    def _trouble(self, prefix: str, error: OSError) -> None:
        if self.on_problem is not None:
            self.on_problem(prefix.rstrip("/"), f"This folder cannot be read: {error.strerror or error}.")

    def _enters(self, entry: os.DirEntry[str], prefix: str) -> bool:
        """Whether a folder is to be listed, once and at its own place."""
        try:
            if entry.is_symlink() and self._has_own_place(os.path.realpath(entry.path)):
                return False
            state = os.stat(entry.path)  # noqa: PTH116 - DirEntry.stat has no inode on Windows
        except OSError as error:
            self._trouble(prefix, error)
            return False
        key = (state.st_dev, state.st_ino)
        if key in self.visited:
            return False
        self.visited.add(key)
        return True

    def _has_own_place(self, target: str) -> bool:
        """Whether a link's target lies inside the searched tree, where it is found without the link."""
        if target == self.root:
            return True
        inside = os.path.join(self.root, "")  # noqa: PTH118 - the root with one separator behind it
        return target.startswith(inside) and not any(map(left_out, Path(target[len(inside) :]).parts))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def left_out(name: str) -> bool:
    """Whether a file or folder of this name is hidden, a bin or a storage box's own: "._a.jpg", "@eaDir"."""
    return name.startswith(".") or name.lower() in _LEFT_OUT
