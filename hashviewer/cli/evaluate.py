"""hashviewer evaluate: how good the ranking of a labelled library or of given codes is."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from hashviewer.cli.asking import CodesOption, JsonOption, codes_of, opened
from hashviewer.cli.output import print_json, say, say_table
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from hashviewer.datasets import LabelledCodes
    from hashviewer.evaluation import EvaluationReport, Wanted
    from hashviewer.evaluation.protocols import Split
    from hashviewer.progress import Progress

GIVEN, EACH = "given", "each"
CODES_SUFFIX = ".npz"


def evaluate(
    what: Annotated[
        Path, typer.Argument(metavar="LIB|CODES", help="A labelled library, or an .npz of codes and labels.")
    ],
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol", metavar="P", help="each, I, I', I-all, II, III, or given (an .npz's own)."
        ),
    ] = "",
    topk: Annotated[
        int | None, typer.Option("--topk", min=1, metavar="K", help="Also tell mAP of the first K places.")
    ] = None,
    radius: Annotated[int, typer.Option("--radius", min=0, help="Of the lookup, in bits.")] = 2,
    codes: CodesOption = "",
    queries: Annotated[
        int | None, typer.Option("--queries", min=1, help="Of each class; the protocol's number if left out.")
    ] = None,
    training: Annotated[
        int, typer.Option("--training", min=1, help="Training items of each class for I and I'.")
    ] = 500,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draw of queries.")] = 0,
    json: JsonOption = False,
) -> None:
    """Measure how well codes rank: mean average precision with its ties, precision, recall, lookup."""
    from hashviewer.evaluation import Wanted

    data, key = _from_library(what, codes) if what.suffix.lower() != CODES_SUFFIX else _from_file(what)
    division = split_of(data, protocol, queries=queries, training=training, seed=seed)
    with watched() as progress:
        report = measured(data, division, Wanted(topk=topk, radius=radius), progress=progress)
    if json:
        print_json({**document(report, data, division), "codes": key})
    else:
        _say(report, data, division)


def _from_file(path: Path) -> tuple["LabelledCodes", str]:
    from hashviewer.datasets import read_codes

    return read_codes(path), path.stem


def _from_library(path: Path, codes: str) -> tuple["LabelledCodes", str]:
    """The codes and labels of the rows that queries can find."""
    import numpy as np

    from hashviewer.datasets import LabelledCodes
    from hashviewer.datasets.labelled import one_hot

    with opened(path) as workspace:
        key = codes_of(workspace, codes)
        rows = np.flatnonzero(workspace.searchable(key))
        library = workspace.library
        names = library.label_names
        labels = one_hot(library.labels[rows].astype(np.int64), max(len(names), 1))
        packed = library.codes(key)[0][rows].copy()
        none = np.full(len(rows), "")
        return LabelledCodes(workspace.name, workspace.code_set(key).bits, names, packed, labels, none), key


def split_of(
    data: "LabelledCodes", protocol: str, *, queries: int | None, training: int, seed: int
) -> "Split":
    """Who asks whom.

    Raises:
        DatasetError: There is no such protocol, or the data do not suffice for it.
    """
    import numpy as np

    from hashviewer.errors import DatasetError
    from hashviewer.evaluation.protocols import ProtocolName, Split, split

    name = protocol or (EACH if data.queries is None else GIVEN)
    known = (*get_args(ProtocolName), GIVEN)
    if name not in known:
        raise DatasetError(f"There is no protocol “{name}”; there are {', '.join(known)}.")
    if not data.labels.any():
        raise DatasetError(f"{data.name} has no labels, so nothing says what is relevant to a query.")
    if name != GIVEN:
        return split(
            data.labels,
            name,  # type: ignore[arg-type]
            seed=seed,
            parts=data.parts,
            queries_per_class=queries,
            training_per_class=training,
        )
    if data.queries is None:
        raise DatasetError(f"{data.name} does not say which items are its queries: choose another protocol.")
    rest = np.setdiff1d(np.arange(len(data)), data.queries)
    return Split(GIVEN, data.queries, rest, rest[:0])


def measured(
    data: "LabelledCodes", division: "Split", wanted: "Wanted", *, progress: "Progress"
) -> "EvaluationReport":
    """Evaluate a division of the data."""
    import numpy as np

    from hashviewer.evaluation import Coded, evaluate

    places = np.searchsorted(division.database, division.queries)
    inside = np.append(division.database, -1)[places] == division.queries
    return evaluate(
        Coded(data.codes[division.queries], data.labels[division.queries]),
        Coded(data.codes[division.database], data.labels[division.database]),
        data.bits,
        label_names=data.label_names,
        own_rows=np.where(inside, places, -1),
        wanted=wanted,
        progress=progress,
    )


def document(report: "EvaluationReport", data: "LabelledCodes", division: "Split") -> dict[str, object]:
    """The report as JSON, the protocol beside its figures."""
    first, graded = report.first, report.graded
    return {
        "protocol": division.name,
        "described": division.describe(),
        "queries": report.queries,
        "database": report.database,
        "bits": data.bits,
        "without_relevant": report.without_relevant,
        "mAP": {
            "tie_aware": report.tie_aware,
            "optimistic": report.optimistic,
            "pessimistic": report.pessimistic,
            "stable_sort": report.stable,
            "chance": report.chance,
        },
        "mAP_at": None
        if first is None
        else {"k": first.place, "found": first.found, "smaller": first.smaller},
        "at": [asdict(one) for one in report.at],
        "lookup": asdict(report.lookup),
        "radii": [asdict(one) for one in report.radii],
        "graded": None if graded is None else asdict(graded),
        "classes": [
            {"label": c.name, "queries": c.queries, "mAP": c.tie_aware, "precision": c.precision}
            for c in report.classes
        ],
    }


def _say(report: "EvaluationReport", data: "LabelledCodes", division: "Split") -> None:
    say(f"{data.name}, {data.bits} bits, {division.describe()}")
    say(
        f"mAP {report.tie_aware:.4f}, expected over equal distances ({report.pessimistic:.4f} to "
        f"{report.optimistic:.4f}; stable sort {report.stable:.4f}; codes all alike {report.chance:.4f})"
    )
    first, lookup, graded = report.first, report.lookup, report.graded
    if first is not None:
        say(
            f"mAP@{first.place:,} in database order {first.found:.4f} (divided by those found), "
            f"{first.smaller:.4f} (by the smaller of K and all relevant)"
        )
    say(
        f"within radius {lookup.radius}: precision {lookup.precision:.4f}, recall {lookup.recall:.4f}; "
        f"{lookup.empty:.1%} of the queries find nothing, which counts as 0"
    )
    if graded is not None:
        say(f"@{graded.place:,}: NDCG {graded.ndcg:.4f}, ACG {graded.acg:.4f}, WAP {graded.wap:.4f}")
    if report.without_relevant:
        say(f"{report.without_relevant:,} queries have no relevant item and count as 0")
    say_table(
        ("places", "precision", "recall"),
        [(one.place, f"{one.precision:.4f}", f"{one.recall:.4f}") for one in report.at],
    )
    say_table(
        ("label", "queries", "mAP", f"precision within {lookup.radius}"),
        [(c.name, c.queries, f"{c.tie_aware:.4f}", f"{c.precision:.4f}") for c in report.classes],
    )
