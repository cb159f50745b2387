"""hashviewer export: write an answer, or all codes, to a file or folder."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from hashviewer.cli.asking import CodesOption, JsonOption, LibraryArgument, asked, codes_of, opened
from hashviewer.cli.output import print_json, say
from hashviewer.cli.query import NearestOption, RadiusOption, RerankOption, limit
from hashviewer.cli.search_options import how_to_search
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from hashviewer.export import ExportReport
    from hashviewer.progress import Progress
    from hashviewer.workspace import Workspace

ALL_FORMAT = "npz"

OutOption = Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The file or folder to make.")]
QueryOption = Annotated[
    str,
    typer.Option(
        "--query", metavar="IMAGE|ROW", help="A picture file, or the row of a photo in the library."
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="All codes of the library, as npz.")]
NeighboursOption = Annotated[
    int,
    typer.Option("--neighbours", metavar="K", min=0, help="The K nearest photos of every photo, as npz."),
]
DeviceOption = Annotated[
    str, typer.Option("--device", help="With --neighbours: where codes are compared: cpu, cuda, cuda:1.")
]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        help="csv, json, folder, zip, html; npz with --all and --neighbours. By OUT's suffix if left out.",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace an earlier export; never anything else.")]


class _Place(TypedDict):
    """What every export is told about where it writes."""

    output: Path
    force: bool
    progress: "Progress"


def export(
    library: LibraryArgument,
    output: OutOption,
    image: QueryOption = "",
    everything: AllOption = False,
    neighbours: NeighboursOption = 0,
    device: DeviceOption = "cpu",
    format: FormatOption = "",
    k: NearestOption = None,
    radius: RadiusOption = None,
    rerank: RerankOption = 0,
    codes: CodesOption = "",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Write the photos nearest to a picture, or to every photo, or all codes, with everything about their origin."""
    from hashviewer import export as exports

    chosen = _format(format, output, image=image, everything=everything, neighbours=neighbours)
    with opened(library) as workspace, watched() as progress:
        key = codes_of(workspace, codes)
        place: _Place = {"output": output, "force": force, "progress": progress}
        if everything:
            report = exports.export_all(workspace, codes=key, **place)
        elif neighbours:
            _refuse_a_quantizer(workspace, key)
            report = exports.export_neighbours(workspace, codes=key, k=neighbours, device=device, **place)
        else:
            question = asked(workspace, image, codes=key)
            wanted = limit(k, radius)
            how = how_to_search(workspace, [key])
            ask = partial(workspace.search, question, how=how, progress=progress)
            matches = ask(k=wanted, radius=radius, rerank=rerank)
            report = exports.export(
                workspace, question, matches, format=chosen, k=wanted, radius=radius, **place
            )
    if json:
        print_json(document(report))
    else:
        _say(report)


def document(report: "ExportReport") -> dict[str, object]:
    """What was written, as JSON."""
    return {
        "output": str(report.output),
        "photos": report.photos,
        "thumbnails": list(report.thumbnails),
        "missing": list(report.missing),
    }


def _refuse_a_quantizer(workspace: "Workspace", key: str) -> None:
    from hashviewer.errors import ExportError
    from hashviewer.workspace import is_quantized

    if is_quantized(workspace.code_set(key)):
        raise ExportError(
            f"The codes “{key}” are a quantizer's: their Hamming distance says little about photos, so the neighbours by it are "
            "not written. Choose other --codes, or ask photo by photo with “hashviewer query”."
        )


def _format(given: str, output: Path, *, image: str, everything: bool, neighbours: int) -> str:
    """The format asked for, by name or by the suffix of `output`.

    Raises:
        ExportError: The options do not go together; the text says which do.
    """
    from hashviewer.errors import ExportError

    if bool(image) + everything + bool(neighbours) != 1:
        raise ExportError(
            "Say what to export: --query IMAGE|ROW for an answer, --all for all codes, or --neighbours K for the nearest of "
            "every photo."
        )
    chosen = given.lower() or output.suffix.lower().lstrip(".") or "folder"
    if not image and chosen != ALL_FORMAT:
        what = "All codes are" if everything else "The neighbours of all photos are"
        raise ExportError(f"{what} exported as {ALL_FORMAT}, not as “{chosen}”: give --format {ALL_FORMAT}.")
    if image and chosen == ALL_FORMAT:
        raise ExportError(f"{ALL_FORMAT} holds all codes of a library: give --all instead of --query.")
    return chosen


def _say(report: "ExportReport") -> None:
    say(report.sentence())
    for path in report.missing:
        say(f"without a picture: {path}")
