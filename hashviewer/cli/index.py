"""hashviewer index: make a library of a photo folder, or bring it up to date."""

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashviewer.cli.asking import JsonOption
from hashviewer.cli.group import STOPPED
from hashviewer.cli.output import print_json, say
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from hashviewer.encoding import IndexReport
    from hashviewer.encoding.places import Place

DEFAULT_MODEL = "photos-64"
ModelOption = Annotated[str, typer.Option("--model", "-m", help="A model's name, or a model file.")]
DeviceOption = Annotated[
    str, typer.Option("--device", help="Where the network runs: auto, cpu, cuda, cuda:1, mps.")
]
PrecisionOption = Annotated[str, typer.Option("--precision", help="auto, float32 or bfloat16.")]
SchedulerOption = Annotated[
    str,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS|local:N",
        help="Encode on the workers of this Dask scheduler, or in N processes here.",
    ),
]


def index(
    place: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|URL|LIST",
            help="A folder of photos, whose subfolders are labels; the URL of one; or a text file with one path a line, - for "
            "standard input.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="LIB", help="The library; a place in the user's data if left out."
        ),
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    scheduler: SchedulerOption = "",
    json: JsonOption = False,
) -> None:
    """Make a library of photos, or bring it up to date: only new and changed photos are read.

    Ctrl-C keeps what is done; the next run continues. Of a list, only what it names is looked at.
    """
    from hashviewer.networks import find_model

    photos = _photos(place)
    library = output or _library_of(photos)
    with watched() as progress:
        run = _runner(scheduler)
        report = run(
            photos, library, model=find_model(model), device=device, precision=precision, progress=progress
        )
    if json:
        print_json({**asdict(report), "library": str(library)})
    else:
        say(f"{library}: {_sentence(report)}")
    if report.cancelled:
        raise typer.Exit(STOPPED)


def _photos(place: str) -> "Place":
    """What the user has named."""
    from hashviewer.errors import LibraryError
    from hashviewer.images import SUFFIXES, place_of, read_list

    if place == "-":
        return read_list(sys.stdin.buffer.read(), Path.cwd())
    path = place_of(place)
    if isinstance(path, Path) and path.is_file():
        if path.suffix.lower() in SUFFIXES:
            raise LibraryError(f"{path} is a photo. Name its folder, or a text file with one path a line.")
        return read_list(path.read_bytes(), path.parent)
    if isinstance(path, Path) and not path.is_dir():
        raise LibraryError(f"There is no folder {path}: check the name, or whether the drive is connected.")
    return path


def _library_of(photos: "Place") -> Path:
    """Where the library is if the user does not say; a list has no place of its own."""
    from hashviewer.errors import LibraryError
    from hashviewer.images import PhotoList
    from hashviewer.workspace import locate_library

    if isinstance(photos, PhotoList):
        raise LibraryError("Say with -o where the library of the list is to be.")
    return locate_library(photos)


def _runner(scheduler: str) -> "Callable[..., IndexReport]":
    """What encodes: a child process, or a scheduler's workers, which this process tells what to do."""
    if not scheduler:
        from hashviewer.encoding import index_in_child

        return index_in_child
    from hashviewer.encoding import index

    return partial(index, scheduler=scheduler)


def _sentence(report: "IndexReport") -> str:
    counts = [
        (report.added, "added"),
        (report.changed, "changed"),
        (report.moved, "moved"),
        (report.missing, "missing"),
        (report.unchanged, "unchanged"),
        (report.encoded - report.added - report.changed, "encoded anew"),
        (report.problems, "problems (hashviewer info LIB --problems)"),
    ]
    parts = [f"{count:,} {what}" for count, what in counts if count > 0] or ["no photos"]
    speed = f", {report.photos_per_second:.0f} photos/s" if report.encoded else ""
    stopped = " Stopped; the next run continues." if report.cancelled else ""
    return f"{', '.join(parts)} in {report.seconds:.1f} s{speed}.{stopped}"
