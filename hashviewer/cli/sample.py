"""hashviewer sample: the pictures of the sample library."""

from pathlib import Path
from typing import Annotated

import typer

from hashviewer.cli.asking import JsonOption
from hashviewer.cli.output import print_json, say
from hashviewer.cli.watching import watched


def sample(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="The folder to make; one in the user's data if left out."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Render the sample pictures, labelled by kind, for “hashviewer index”. They are no photos."""
    from hashviewer.sample import render_sample, sample_folder

    folder = output or sample_folder()
    with watched() as progress:
        render_sample(folder, progress=progress)
    if json:
        print_json({"output": str(folder)})
    else:
        say(f"The sample pictures are in {folder}.")
