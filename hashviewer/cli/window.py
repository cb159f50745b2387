"""hashviewer [LIBRARY|FOLDER]: the window."""

from pathlib import Path
from typing import Annotated

import typer


def window(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[LIBRARY|FOLDER]", help="What to open; the welcome page if left out."),
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Open the sample library, made on first use.")
    ] = False,
) -> None:
    """Open the window."""
    from hashviewer.ui.app import run

    raise typer.Exit(run(path))
