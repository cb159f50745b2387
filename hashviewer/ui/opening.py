"""What a path is, before anything is done with it. Runs in a worker; no Qt."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from hashviewer.engines import is_address, parse
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
    """Find out what a path is; a library is opened, also one at the engine whose address the path is.

    Raises:
        EngineError: The engine does not answer, or has no whole library.
        LibraryError: Nothing is there, it cannot be read, or it is nothing that this program knows.
    """
    from hashviewer.images import SUFFIXES

    if is_address(path):
        from hashviewer.workspace.at_engine import open_at_engine

        return Found(path, Kind.LIBRARY, open_at_engine(path, whole=True))
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


def from_anywhere(path: Path) -> Path:
    """The path so that it can be opened from any folder; an engine's address stays as it is."""
    return path if is_address(path) else path.absolute()


def in_words(path: Path) -> str:
    """A path or an engine's address as the user writes it."""
    return str(parse(path)) if is_address(path) else str(path)


def open_or_create(folder: Path, place: Path) -> Workspace:
    """The library at `place` for the photos in `folder`; made empty if there is none yet."""
    if not is_library(place):
        Library.create(place, root=folder).close()
    return Workspace.open(place)
