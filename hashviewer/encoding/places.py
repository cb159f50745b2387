"""The library that belongs to a folder of photos, and whether that folder is there."""

import os
from pathlib import Path

from hashviewer.errors import LibraryError
from hashviewer.library import Library, is_library


def open_for(folder: Path, library: Path) -> Library:
    """Open a folder's library, or make it if it is not there.

    Raises:
        LibraryError: It holds other photos, or it cannot be opened.
    """
    if not is_library(library):
        return Library.create(library, root=folder.absolute())
    opened = Library.open(library)
    root = opened.root
    if root is None:
        opened.close()
        raise LibraryError(
            f"The library {library} holds codes without pictures; photos cannot be added to it. Choose another library "
            "for this folder."
        )
    if root.resolve() == folder.resolve():
        return opened
    if root.is_dir():
        opened.close()
        raise LibraryError(
            f"The library {library} holds the photos of {root}, not of {folder}. Choose another library for this folder."
        )
    opened.set_root(folder.absolute())  # the photos have moved as a whole
    return opened


def is_gone(folder: Path) -> bool:
    """Whether a folder is not there, or is the empty place where a drive was mounted."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return True
