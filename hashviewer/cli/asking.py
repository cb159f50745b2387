"""Opening a library and understanding IMAGE|ROW, as the commands share it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hashviewer.workspace import Query, Workspace

LibraryArgument = Annotated[
    Path,
    typer.Argument(
        metavar="LIB",
        help="A library, a packed .h5 file, a photo folder that was indexed, or an engine's address.",
    ),
]
AskedArgument = Annotated[
    str, typer.Argument(metavar="IMAGE|ROW", help="A picture file, or the row of a photo in the library.")
]
CodesOption = Annotated[
    str,
    typer.Option("--codes", metavar="KEY", help="The code set; the one that covers most photos if left out."),
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="faiss|ENGINE",
        help="The engine that compares the codes; LIB must be pushed there.",
    ),
]
HERE = "faiss"  # codes in this process's memory
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@contextmanager
def opened(path: Path, *, engine: str = HERE) -> "Iterator[Workspace]":
    """The library at `path`, or the one made earlier for the photo folder `path`; another engine may answer for it."""
    from hashviewer.workspace import Workspace

    with Workspace.open(library_at(path)) as workspace:
        if engine in {"", HERE}:
            yield workspace
            return
        from hashviewer.workspace.at_engine import answered_by

        with answered_by(workspace, engine) as elsewhere:
            yield elsewhere


def library_at(path: Path) -> Path:
    """`path`, or the library made earlier for it if it is a folder of photos."""
    from hashviewer.workspace import is_library, locate_library

    if path.is_dir() and not is_library(path):
        made = locate_library(path)
        return made if made.exists() else path
    return path


def codes_of(workspace: "Workspace", key: str) -> str:
    """The code set asked for, or the default one.

    Raises:
        SearchError: There is none.
    """
    from hashviewer.errors import SearchError

    chosen = key or workspace.default_codes()
    if chosen is None:
        raise SearchError("This library has no codes yet: “hashviewer index” encodes its photos.")
    return workspace.code_set(chosen).key


def asked(workspace: "Workspace", text: str, *, codes: str) -> "Query":
    """The query that IMAGE|ROW stands for: digits are a row unless a file has that name.

    Raises:
        ImageError: The file is no picture that can be read.
        SearchError: There is neither such a row nor such a file.
    """
    from hashviewer.errors import ImageError, SearchError

    path = Path(text)
    if path.is_file():
        try:
            return workspace.query_image(path, codes=codes)
        except ImageError as error:
            raise ImageError(f"{text} cannot be asked: {error}") from error
    if text.isascii() and text.isdecimal():
        return workspace.query_row(int(text), codes=codes)
    raise SearchError(
        f"There is no picture {text}: check the name, or give the row of a photo in the library."
    )
