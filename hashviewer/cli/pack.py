"""hashviewer pack: make one file of a library, to hand on."""

from pathlib import Path
from typing import Annotated

import typer

from hashviewer.cli.asking import JsonOption, LibraryArgument, opened
from hashviewer.cli.output import print_json, say
from hashviewer.cli.watching import watched


def pack(
    library: LibraryArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.h5", help="The file to make.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace a packed library that is there already.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Make one .h5 file of a library: codes, thumbnails, labels. Every command opens it as it opens the folder."""
    from hashviewer.library import pack as pack_library

    with opened(library) as workspace, watched() as progress:
        _check(output, opened_from=workspace.library.path, force=force)
        pack_library(workspace.library, output, progress=progress)
        photos = int(workspace.library.alive.sum())
    size = output.stat().st_size
    if json:
        print_json({"output": str(output), "photos": photos, "bytes": size})
    else:
        say(f"{photos:,} photos packed into {output}, {size / 1e6:,.1f} MB.")


def _check(output: Path, *, opened_from: Path, force: bool) -> None:
    """Refuse a place where a file would be lost.

    Raises:
        ExportError: The text says why.
    """
    from hashviewer.errors import ExportError
    from hashviewer.workspace import is_library

    if not output.parent.is_dir():
        raise ExportError(f"The folder {output.parent} does not exist: create it or choose another place.")
    if output.suffix.lower() not in {".h5", ".hdf5"}:
        raise ExportError(
            f"A packed library is an .h5 file: name it {output.name}.h5 instead of {output.name}."
        )
    if opened_from.is_dir() and opened_from.resolve() in output.resolve().parents:
        raise ExportError(f"{output} lies within the library itself: choose another place.")
    if not output.exists():
        return
    if output.samefile(opened_from):
        raise ExportError(f"{output} is the library itself: choose another name.")
    if not output.is_file() or not is_library(output):
        raise ExportError(f"{output} exists and is not a packed library: choose another name.")
    if not force:
        raise ExportError(f"{output} exists already: choose another name, or replace it with --force.")
