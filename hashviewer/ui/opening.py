"""What a path is, before anything is done with it. Runs in a worker; no Qt."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from hashviewer.errors import LibraryError
from hashviewer.library import Library
from hashviewer.workspace import Workspace, is_checkpoint, is_library

STORE_SUFFIXES = frozenset({".h5", ".hdf5"})


class Kind(Enum):
    """What can be opened or dropped."""

    LIBRARY = "library"
    FOLDER = "folder"
    MODEL = "model"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What is at a path.

    Attributes:
        path: Where it is.
        kind: What it is.
        workspace: The library, opened; None for everything else.
    """

    path: Path
    kind: Kind
    workspace: Workspace | None = None


def look_at(path: Path) -> Found:
    """Find out what a path is; a library is opened.

    Raises:
        LibraryError: Nothing is there, it cannot be read, or it is nothing that this program knows.
    """
    from hashviewer.images import SUFFIXES

    if not path.exists():
        raise LibraryError(
            f"There is nothing at {path}. Check the name, or connect the drive that it is on, and open it again."
        )
    if path.is_dir():
        if not is_library(path):
            return Found(path, Kind.FOLDER)
        return Found(path, Kind.LIBRARY, Workspace.open(path))
    suffix = path.suffix.lower()
    if suffix in STORE_SUFFIXES:
        return Found(path, Kind.LIBRARY, Workspace.open(path))
    if is_checkpoint(path):
        return Found(path, Kind.MODEL)
    if suffix in SUFFIXES:
        return Found(path, Kind.PICTURE)
    raise LibraryError(
        f"“{path.name}” is neither a picture, a library (.h5 or a folder) nor a model (.safetensors). "
        "Choose one of these: a picture is searched with, a library is opened."
    )


def open_or_create(folder: Path, place: Path) -> Workspace:
    """The library at `place` for the photos in `folder`; made empty if there is none yet."""
    if not is_library(place):
        Library.create(place, root=folder).close()
    return Workspace.open(place)
