"""Where libraries are: telling a path's kind, and the place of a photo folder's own library."""

import re
from hashlib import blake2b
from pathlib import Path

import platformdirs

from hashviewer.errors import LibraryError
from hashviewer.images import Store
from hashviewer.library import Library

CHECKPOINT_SUFFIXES = frozenset({".safetensors", ".pt", ".pth", ".ckpt"})


class CheckpointGivenError(LibraryError):
    """A model checkpoint was to be opened as a library; its card can be shown instead.

    Attributes:
        path: The checkpoint.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is a model checkpoint, not a library: encode an open library with it, "
            "or index a folder of photos with it."
        )
        self.path = path


def is_checkpoint(path: Path) -> bool:
    """Whether `path` is a model file, by its name."""
    return path.suffix.lower() in CHECKPOINT_SUFFIXES and path.is_file()


def locate_library(place: Path | Store) -> Path:
    """Where the library of photos lives: in the user's data, the same for the same folder or URL every time."""
    whole = place.url if isinstance(place, Store) else str(place.resolve())
    digest = blake2b(whole.encode(errors="surrogateescape"), digest_size=6).hexdigest()
    name = whole.rstrip("/").rsplit("/", 1)[-1] if isinstance(place, Store) else place.resolve().name
    name = re.sub(r"[^\w.-]+", "-", name.encode(errors="replace").decode())[:40].strip("-.") or "photos"
    return libraries_folder() / f"{name}-{digest}"


def libraries_folder() -> Path:
    """The folder in the user's data that holds the libraries made without naming a place."""
    return platformdirs.user_data_path("hashviewer", appauthor=False) / "libraries"


def name_of(library: Library) -> str:
    """What the user calls a library: its photo folder's name if it lives in the user's data, else its own."""
    if library.path.parent == libraries_folder():
        place = library.url.rpartition("/")[2] if library.root is None else library.root.name
        return place or library.path.name
    return library.path.stem if library.packed else library.path.name
