"""The library that belongs to a folder of photos, a URL or a list, and whether the photos can be reached."""

import os
from pathlib import Path

from hashviewer.errors import LibraryError
from hashviewer.images import PhotoList, Store
from hashviewer.library import Library, is_library

Place = Path | Store | PhotoList


def open_for(place: Place, library: Path) -> Library:
    """Open the library of a place, or make it if it is not there.

    Raises:
        LibraryError: It holds other photos, or it cannot be opened.
        ImageError: There is no library and no such store.
    """
    if not is_library(library):
        if isinstance(place, Store):
            place.check()  # first: a mistyped URL leaves no empty library
            return Library.create(library, root=None, url=place.url)
        return Library.create(
            library, root=(place.folder if isinstance(place, PhotoList) else place).absolute()
        )
    opened = Library.open(library)
    try:
        _check(opened, place)
    except LibraryError:
        opened.close()
        raise
    if isinstance(place, Path) and opened.root is not None and opened.root.resolve() != place.resolve():
        opened.set_root(place.absolute())  # the photos have moved as a whole
    return opened


def _check(library: Library, place: Place) -> None:
    """Raises `LibraryError` if the library holds other photos."""
    if library.root is None and not library.url:
        raise LibraryError(
            f"The library {library.path} holds codes without pictures; photos cannot be added to it. Choose another "
            "library for this folder."
        )
    if isinstance(place, PhotoList) and library.root is not None:
        outside = place.outside(library.root)
        if outside:
            raise LibraryError(
                f"The library {library.path} holds the photos of {library.root}, and {outside[0]} is not among them. "
                "Choose another library for this list."
            )
        return
    if isinstance(place, Path) and library.root is not None:
        if library.root.resolve() == place.resolve() or not library.root.is_dir():
            return
    elif isinstance(place, Store) and place.url == library.url:
        return
    raise LibraryError(
        f"The library {library.path} holds the photos of {library.root or library.url}, not of {place}. Choose another "
        "library for this folder."
    )


def root_of(library: Library) -> Path | Store | None:
    """What the paths of a library are relative to; None where there are no pictures."""
    return Store(library.url) if library.root is None and library.url else library.root


def is_gone(root: Path | Store) -> bool:
    """Whether a place cannot be reached, or is the empty folder where a drive was mounted."""
    if isinstance(root, Store):
        return not root.is_there()
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except OSError:
        return True
