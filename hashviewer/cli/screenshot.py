"""hashviewer screenshot: a picture of the real main window."""

import os
import re
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from hashviewer.cli.asking import JsonOption, LibraryArgument, library_at
from hashviewer.cli.output import print_json, say

SMALLEST, LARGEST = 320, 8192  # px of an edge


class Theme(Enum):
    """How the window is coloured."""

    DARK = "dark"
    LIGHT = "light"


def screenshot(
    library: LibraryArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT.png", help="The picture to make.")],
    query: Annotated[
        str, typer.Option("--query", metavar="IMAGE|ROW", help="What is asked; nothing if left out.")
    ] = "",
    size: Annotated[str, typer.Option("--size", metavar="WIDTHxHEIGHT", help="Of the window.")] = "1600x1000",
    theme: Annotated[Theme, typer.Option("--theme", help="How the window is coloured.")] = Theme.DARK,
    scale: Annotated[
        int, typer.Option("--scale", min=1, max=4, help="Pixels of the picture per pixel of the window.")
    ] = 1,
    json: JsonOption = False,
) -> None:
    """Draw the window on a library, after every view has settled, into a PNG file."""
    width, height = edges(size)
    check_output(output, query)
    place = library_at(library)
    os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")  # of windows without a screen
    from hashviewer.ui.screenshot import take

    take(place, query=query or None, output=output, size=(width, height), theme=theme.value, scale=scale)
    if json:
        print_json({"output": str(output), "width": width * scale, "height": height * scale})
    else:
        say(f"{output}: {width * scale} × {height * scale} pixels.")


def edges(size: str) -> tuple[int, int]:
    """Width and height in a text like 1600x1000.

    Raises:
        ExportError: The text is no size, or one that no window can have.
    """
    from hashviewer.errors import ExportError

    found = re.fullmatch(r"(\d{1,6})[xX×](\d{1,6})", size.strip())
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
        raise ExportError(
            f"“{size}” is not a size: give WIDTHxHEIGHT such as 1600x1000, each from {SMALLEST} to {LARGEST}."
        )
    return width, height


def check_output(output: Path, query: str) -> None:
    """Refuse a place where the picture cannot be or where another would be lost.

    Raises:
        ExportError: The text says why.
    """
    from hashviewer.errors import ExportError

    if output.suffix.lower() != ".png":
        raise ExportError(f"The picture is a PNG file: name it {output.stem}.png instead of {output.name}.")
    if not output.parent.is_dir():
        raise ExportError(f"The folder {output.parent} does not exist: create it or choose another place.")
    if output.is_symlink() or (output.exists() and not output.is_file()):
        raise ExportError(f"{output} exists and is not a plain file: choose another name.")
    if query and output.exists() and Path(query).is_file() and output.samefile(query):
        raise ExportError(f"{output} is the query picture itself; it is never replaced. Choose another name.")
