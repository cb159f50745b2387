"""Telling libraries from other files and folders."""

from pathlib import Path

from hashviewer.errors import LibraryError
from hashviewer.library import description, hdf5
from hashviewer.library.versions import LIBRARY


def is_library(path: Path) -> bool:
    """Whether `Library.open` is the right thing to try: a library folder or a packed .h5 file, damaged or not."""
    if path.is_dir():
        return (path / description.FILE).is_file()
    try:
        return hdf5.read(path).attributes.get("encoding-type") == LIBRARY
    except (OSError, KeyError, ValueError, LibraryError):
        return False
