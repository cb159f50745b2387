"""hashviewer export: write an answer, or all codes, to a file or folder."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashviewer.cli.asking import CodesOption, JsonOption, LibraryArgument, asked, codes_of, opened
from hashviewer.cli.output import print_json, say
from hashviewer.cli.query import NearestOption, RadiusOption, RerankOption, limit
from hashviewer.cli.search_options import how_to_search
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from hashviewer.export import ExportReport

ALL_FORMAT = "npz"

OutOption = Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The file or folder to make.")]
QueryOption = Annotated[
    str,
    typer.Option(
        "--query", metavar="IMAGE|ROW", help="A picture file, or the row of a photo in the library."
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="All codes of the library, as npz.")]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format", "-f", help="csv, json, folder, zip, html; npz with --all. By OUT's suffix if left out."
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace an earlier export; never anything else.")]


def export(
    library: LibraryArgument,
    output: OutOption,
    image: QueryOption = "",
    everything: AllOption = False,
    format: FormatOption = "",
    k: NearestOption = None,
    radius: RadiusOption = None,
    rerank: RerankOption = 0,
    codes: CodesOption = "",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Write the photos nearest to a picture, or all codes, with everything about their origin."""
    from hashviewer import export as exports

    chosen = _format(format, output, image=image, everything=everything)
    with opened(library) as workspace, watched() as progress:
        key = codes_of(workspace, codes)
        if everything:
            report = exports.export_all(workspace, codes=key, output=output, force=force, progress=progress)
        else:
            question = asked(workspace, image, codes=key)
            wanted = limit(k, radius)
            how = how_to_search(workspace, [key])
            ask = partial(workspace.search, question, how=how, progress=progress)
            report = exports.export(
                workspace,
                question,
                ask(k=wanted, radius=radius, rerank=rerank),
                format=chosen,
                output=output,
                k=wanted,
                radius=radius,
                force=force,
                progress=progress,
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


def _format(given: str, output: Path, *, image: str, everything: bool) -> str:
    """The format asked for, by name or by the suffix of `output`.

    Raises:
        ExportError: The options do not go together; the text says which do.
    """
    from hashviewer.errors import ExportError

    if bool(image) == everything:
        raise ExportError("Say what to export: --query IMAGE|ROW for an answer, or --all for all codes.")
    chosen = given.lower() or output.suffix.lower().lstrip(".") or "folder"
    if everything and chosen != ALL_FORMAT:
        raise ExportError(
            f"All codes are exported as {ALL_FORMAT}, not as “{chosen}”: give --format {ALL_FORMAT}."
        )
    if not everything and chosen == ALL_FORMAT:
        raise ExportError(f"{ALL_FORMAT} holds all codes of a library: give --all instead of --query.")
    return chosen


def _say(report: "ExportReport") -> None:
    say(report.sentence())
    for path in report.missing:
        say(f"without a picture: {path}")
