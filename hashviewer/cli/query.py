"""hashviewer query: the photos nearest to a picture."""

from typing import TYPE_CHECKING, Annotated

import typer

from hashviewer.cli.asking import (
    AskedArgument,
    CodesOption,
    JsonOption,
    LibraryArgument,
    asked,
    codes_of,
    opened,
)
from hashviewer.cli.output import print_json, say, say_table
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from hashviewer.search import Matches
    from hashviewer.workspace import Query, Workspace

NEAREST = 50
NearestOption = Annotated[
    int | None,
    typer.Option(
        "-k", min=1, help=f"At most so many photos; {NEAREST} unless --radius is given.", show_default=False
    ),
]
RadiusOption = Annotated[
    int | None, typer.Option("--radius", "-r", min=0, help="Only photos that differ in at most so many bits.")
]
RerankOption = Annotated[
    int, typer.Option("--rerank", min=0, help="Re-order so many of the first by their stored features.")
]


def query(
    library: LibraryArgument,
    image: AskedArgument,
    k: NearestOption = None,
    radius: RadiusOption = None,
    rerank: RerankOption = 0,
    codes: CodesOption = "",
    json: JsonOption = False,
) -> None:
    """Find the photos nearest to a picture, by the Hamming distance of their codes.

    A photo of the library finds itself first, at distance 0. Equal distances stand in the order of their rows.
    """
    with opened(library) as workspace, watched() as progress:
        question = asked(workspace, image, codes=codes_of(workspace, codes))
        matches = workspace.search(
            question, k=limit(k, radius), radius=radius, rerank=rerank, progress=progress
        )
        if json:
            print_json(document(workspace, question, matches))
        else:
            _say(workspace, question, matches)


def limit(k: int | None, radius: int | None) -> int | None:
    """How many photos are wanted: without -k, all within the radius, or the usual number if there is none."""
    return NEAREST if k is None and radius is None else k


def document(workspace: "Workspace", question: "Query", matches: "Matches") -> dict[str, object]:
    """The answer as JSON; `path` is the full path where it is known, bits are counted from 0."""
    from hashviewer.export import hits

    return {
        "bits": matches.bits,
        "results": [
            {
                "row": hit.row,
                "path": hit.place,
                "distance": hit.distance,
                "differing_bits": list(hit.differing_bits),
                "label": hit.label,
            }
            for hit in hits(workspace, question, matches)
        ],
        "histogram": matches.histogram.tolist(),
        "model": workspace.code_set(question.codes).model,
        "seconds": matches.cost.seconds,
        "codes": question.codes,
        "reranked": matches.reranked,
    }


def _say(workspace: "Workspace", question: "Query", matches: "Matches") -> None:
    from hashviewer.export import hits

    say_table(
        ("rank", "distance", "row", "label", "path"),
        [
            (hit.rank, hit.distance, hit.row, hit.label, hit.place)
            for hit in hits(workspace, question, matches)
        ],
    )
    say(
        f"{len(matches.rows):,} of {matches.total:,} photos in {1000 * matches.cost.seconds:.1f} ms, "
        f"{matches.bits}-bit codes of {workspace.code_set(question.codes).model}."
    )
