"""hashviewer [LIBRARY|FOLDER]: the window."""

from pathlib import Path
from typing import Annotated

import typer

from hashviewer.cli.log import stop_log


def window(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="LIBRARY|FOLDER", help="What to open; the welcome page if left out."),
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Open the sample library, made on first use.")
    ] = False,
) -> None:
    """Open the window."""
    raise typer.Exit(open_window(path, sample=sample))


def open_window(path: Path | None, *, sample: bool) -> int:
    """Show the window until it is closed; gives the exit code."""
    from hashviewer.ui.app import run

    stop_log()
    return run(path, sample=sample)
