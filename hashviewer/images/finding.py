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
    return walk.files(os.fspath(root), "")


@dataclass(slots=True)
class _Walk:
    root: str
    progress: Progress
    on_problem: Callable[[str, str], None] | None
    visited: set[tuple[int, int]] = field(default_factory=set)
    found: int = 0

    def files(self, folder: str, prefix: str) -> Iterator[FoundFile]:
        """Depth first. A folder is sorted as "name/", so that the whole comes out in the order of its paths."""
        for name, entry, is_folder in self._listed(folder, prefix):
            if is_folder:
                if self._enters(entry, prefix + name[:-1]):
                    yield from self.files(entry.path, prefix + name)
            else:
                try:
                    state = entry.stat()
                except OSError:
                    continue  # gone since the listing, or a link to nothing
                if stat.S_ISREG(state.st_mode):
                    self.found += 1
                    if self.found % _REPORT_EVERY == 0:
                        self.progress(self.found, None, f"{self.found:,} photos found")
                    yield FoundFile(prefix + name, state.st_size, state.st_mtime_ns)

    def _listed(self, folder: str, prefix: str) -> list[tuple[str, os.DirEntry[str], bool]]:
        self.progress(self.found, None, f"{self.found:,} photos found")
        kept: list[tuple[str, os.DirEntry[str], bool]] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    name = entry.name
                    if left_out(name):
                        continue
                    if entry.is_dir():
                        kept.append((name + "/", entry, True))
                    elif os.path.splitext(name)[1].lower() in SUFFIXES:  # noqa: PTH122 - a tenth of Path's time
                        kept.append((name, entry, False))
        except OSError as error:
            if self.on_problem is not None:
                self.on_problem(prefix.rstrip("/"), f"This folder cannot be read: {error.strerror or error}.")
        kept.sort(key=lambda item: item[0])
        return kept

    def _enters(self, entry: os.DirEntry[str], path: str) -> bool:
        """Whether a folder is to be listed, once and at its own place."""
        try:
            if entry.is_symlink() and self._has_own_place(os.path.realpath(entry.path)):
                return False
            state = os.stat(entry.path)  # noqa: PTH116 - DirEntry.stat has no inode on Windows
        except OSError as error:
            if self.on_problem is not None:
                self.on_problem(path, f"This folder cannot be read: {error.strerror or error}.")
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


def left_out(name: str) -> bool:
    """Whether a file or folder of this name is hidden, a bin or a storage box's own: "._a.jpg", "@eaDir"."""
    return name.startswith(".") or name.lower() in _LEFT_OUT
