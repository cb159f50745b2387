"""hashviewer query: the photos nearest to a picture."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from hashviewer.cli.asking import (
    HERE,
    AskedArgument,
    EngineOption,
    JsonOption,
    LibraryArgument,
    asked,
    codes_of,
    opened,
)
from hashviewer.cli.output import print_json, say, say_table
from hashviewer.cli.search_options import (
    DistanceOption,
    Mode,
    ModeOption,
    OrderOption,
    ProbeOption,
    TablesOption,
    WeightsOption,
    how_to_search,
)
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from hashviewer.progress import Progress
    from hashviewer.search import Matches, SearchHow
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
    int,
    typer.Option(
        "--rerank", min=0, help="Re-order so many of the first by their stored features, or --rerank-by."
    ),
]
RerankByOption = Annotated[
    str,
    typer.Option(
        "--rerank-by",
        metavar="WHAT",
        help="With --rerank: by cosine or euclidean of the features, the cosine of the outputs, mutual nearest neighbours, or "
        "another code set, named by its key.",
    ),
]
PrefixOption = Annotated[
    int | None,
    typer.Option(
        "--prefix", min=1, help="Compare only so many of the first bits; distances are then of these."
    ),
]
SeveralOption = Annotated[
    str,
    typer.Option(
        "--codes",
        metavar="KEY,…",
        help="The code set; the one that covers most photos if left out. Of several, with commas between, the rankings are "
        "fused.",
    ),
]


def query(
    library: LibraryArgument,
    image: AskedArgument,
    k: NearestOption = None,
    radius: RadiusOption = None,
    rerank: RerankOption = 0,
    rerank_by: RerankByOption = "",
    mode: ModeOption = Mode.RANK,
    tables: TablesOption = None,
    probe: ProbeOption = None,
    order: OrderOption = None,
    distance: DistanceOption = None,
    weights: WeightsOption = None,
    prefix: PrefixOption = None,
    codes: SeveralOption = "",
    engine: EngineOption = HERE,
    json: JsonOption = False,
) -> None:
    """Find the photos nearest to a picture, by the Hamming distance of their codes or by a quantizer's.

    A photo of the library finds itself first, at distance 0. Equal distances stand in the order of their rows.
    """
    with opened(library, engine=engine) as workspace, watched() as progress:
        keys = [codes_of(workspace, key) for key in _keys(codes)]
        how = how_to_search(
            workspace,
            keys,
            mode=mode,
            tables=tables,
            probe=probe,
            order=order,
            distance=distance,
            weights=weights,
            rerank_by=rerank_by if rerank else _needless(rerank_by),
        )
        how = replace(how, prefix=prefix)
        questions = [asked(workspace, image, codes=key) for key in keys]
        matches = _answered(
            workspace, questions, k=limit(k, radius), radius=radius, rerank=rerank, how=how, progress=progress
        )
        if json:
            print_json(document(workspace, questions[0], matches))
        else:
            _say(workspace, questions[0], matches)


def _needless(rerank_by: str) -> str:
    """Nothing, as long as it was left out.

    Raises:
        SearchError: It would have no effect.
    """
    if rerank_by:
        from hashviewer.errors import SearchError

        raise SearchError("--rerank-by goes with --rerank N; add it, or leave --rerank-by out.")
    return ""


def _answered(
    workspace: "Workspace",
    questions: "list[Query]",
    *,
    k: int | None,
    radius: int | None,
    rerank: int,
    how: "SearchHow",
    progress: "Progress",
) -> "Matches":
    """The answer to the picture as a query of one code set, or of several."""
    if len(questions) > 1:
        return workspace.search_several(
            questions, k=k, radius=radius, rerank=rerank, how=how, progress=progress
        )
    return workspace.search(questions[0], k=k, radius=radius, rerank=rerank, how=how, progress=progress)


def limit(k: int | None, radius: int | None) -> int | None:
    """How many photos are wanted: without -k, all within the radius, or the usual number if there is none."""
    return NEAREST if k is None and radius is None else k


def _keys(codes: str) -> list[str]:
    """The code sets named, each once; one empty name where none is."""
    return list(dict.fromkeys(key.strip() for key in codes.split(",") if key.strip())) or [""]


def document(workspace: "Workspace", question: "Query", matches: "Matches") -> dict[str, object]:
    """The answer as JSON; `path` is the full path where it is known, bits are counted from 0."""
    from hashviewer.export import hits

    scores = [None] * len(matches.rows) if matches.scores is None else matches.scores.tolist()
    cost = matches.cost
    return {
        "bits": matches.bits,
        "results": [
            {
                "row": hit.row,
                "path": hit.place,
                "distance": hit.distance,
                "differing_bits": list(hit.differing_bits),
                "label": hit.label,
                **({} if score is None else {"score": score}),
            }
            for hit, score in zip(hits(workspace, question, matches), scores, strict=True)
        ],
        "histogram": matches.histogram.tolist(),
        "model": workspace.code_set(question.codes).model,
        "seconds": cost.seconds,
        "codes": question.codes,
        "fused": list(matches.fused),
        "reranked": matches.reranked,
        "mode": matches.how.mode,
        "distance": matches.how.distance,
        "exact": matches.exact,
        "complete": matches.complete,
        "cost": {
            "scanned": cost.scanned,
            "probed": cost.probed,
            "empty": cost.empty,
            "candidates": cost.candidates,
            "found": matches.found,
        },
    }


def _say(workspace: "Workspace", question: "Query", matches: "Matches") -> None:
    from hashviewer.export import hits

    scored = matches.scores is not None
    scores = matches.scores.tolist() if matches.scores is not None else [0.0] * len(matches.rows)
    say_table(
        ("rank", *(("score",) if scored else ()), "distance", "row", "label", "path"),
        [
            (hit.rank, *((f"{score:.4f}",) if scored else ()), hit.distance, hit.row, hit.label, hit.place)
            for hit, score in zip(hits(workspace, question, matches), scores, strict=True)
        ],
    )
    say(
        f"{len(matches.rows):,} of {matches.total:,} photos in {1000 * matches.cost.seconds:.1f} ms, "
        f"{matches.bits}-bit codes of {workspace.code_set(question.codes).model}."
    )
    if matches.cost.probed:
        cost = matches.cost
        found = "then compared every code" if matches.found is None else f"found {_candidates(matches)}"
        say(
            f"Looked into {cost.probed:,} buckets, {cost.empty:,} of them empty, and {found}: "
            + (
                "the answer is exact."
                if matches.exact
                else "photos may be missing; --mode rank compares all."
            )
        )


def _candidates(matches: "Matches") -> str:
    """How many different photos the tables found, and how many codes were compared if these are more."""
    found, compared = matches.total, matches.cost.candidates
    words = f"{found:,} candidate{'' if found == 1 else 's'}"
    return words if found == compared else f"{words} in {compared:,} comparisons"
