"""hashviewer evaluate: how good the ranking of a labelled library or of given codes is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from hashviewer.cli.asking import CodesOption, JsonOption, codes_of, opened
from hashviewer.cli.output import print_json
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hashviewer.cli.evaluate_output import Own
    from hashviewer.datasets import LabelledCodes
    from hashviewer.evaluation import EvaluationReport, Wanted
    from hashviewer.evaluation.protocols import Split
    from hashviewer.evaluation.sanity import Baseline
    from hashviewer.progress import Progress

GIVEN, EACH = "given", "each"
CODES_SUFFIX = ".npz"
QueriesOption = Annotated[
    int | None,
    typer.Option("--queries", min=1, help="Of each class, or in all for random; the protocol's number."),
]
TrainingOption = Annotated[
    int | None,
    typer.Option("--training", min=1, help="Training items, counted likewise; the protocol's number."),
]


def evaluate(
    what: Annotated[
        Path, typer.Argument(metavar="LIB|CODES", help="A labelled library, or an .npz of codes and labels.")
    ],
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol", metavar="P", help="each, I, I', I-all, II, III, random, or given (an .npz's own)."
        ),
    ] = "",
    topk: Annotated[
        int | None, typer.Option("--topk", min=1, metavar="K", help="Also tell mAP of the first K places.")
    ] = None,
    radius: Annotated[int, typer.Option("--radius", min=0, help="Of the lookup, in bits.")] = 2,
    codes: CodesOption = "",
    queries: QueriesOption = None,
    training: TrainingOption = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draw of queries.")] = 0,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Also tell what a linear classifier's answers reach.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Measure how well codes rank: mean average precision with its ties, precision, recall, lookup."""
    from hashviewer.cli.evaluate_output import baseline_document, document, own_document, tell, tell_own
    from hashviewer.evaluation import Wanted

    data, key, rows = _opened(what, codes, features=baseline)
    division = split_of(data, protocol, queries=queries, training=training, seed=seed)
    wanted = Wanted(topk=topk, radius=radius)
    with watched() as progress:
        report = measured(data, division, wanted, progress=progress)
        learnt = _learnt(data, division, wanted, progress=progress) if baseline else None
        own = _own(what, key, rows, data, division, progress=progress)
    if json:
        extra = {"baseline": baseline_document(learnt), "own": own_document(own), "codes": key}
        print_json(document(report, data, division) | extra)
    else:
        tell_own(own)
        tell(report, data, division, learnt)


def _opened(
    path: Path, codes: str, *, features: bool
) -> tuple["LabelledCodes", str, "NDArray[np.int64] | None"]:
    """What is measured, the key of its codes, and the rows of a library that it is."""
    if path.suffix.lower() != CODES_SUFFIX:
        return _from_library(path, codes, features=features)
    from hashviewer.datasets import read_codes

    return read_codes(path), path.stem, None


def _from_library(
    path: Path, codes: str, *, features: bool
) -> tuple["LabelledCodes", str, "NDArray[np.int64]"]:
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
        found = LabelledCodes(
            workspace.name,
            workspace.code_set(key).bits,
            names,
            library.codes(key)[0][rows].copy(),
            labels,
            np.full(len(rows), ""),
            features=library.features(key, rows) if features else None,
        )
        return found, key, rows


def split_of(
    data: "LabelledCodes", protocol: str, *, queries: int | None, training: int | None, seed: int
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
    labelled = data.labels.max(axis=1) > 0
    rest = np.setdiff1d(np.flatnonzero(labelled), data.queries)
    return Split(GIVEN, data.queries[labelled[data.queries]], rest, rest[:0])


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


def _own(
    path: Path,
    key: str,
    rows: "NDArray[np.int64] | None",
    data: "LabelledCodes",
    division: "Split",
    *,
    progress: "Progress",
) -> "Own | None":
    """What the codes' own distance reaches, and its name; None where that is the number of bits that differ."""
    from hashviewer.workspace import own_distance

    if rows is None:
        return None
    with opened(path) as workspace:
        distance = own_distance(workspace.code_set(key))
        if distance == "hamming":
            return None
        from hashviewer.workspace.measuring import own_precision

        found = own_precision(workspace, key, rows, data.labels, division, progress=progress)
        return distance, found


def _learnt(
    data: "LabelledCodes", division: "Split", wanted: "Wanted", *, progress: "Progress"
) -> "Baseline":
    """What a linear classifier on the same features reaches."""
    from hashviewer.errors import DatasetError
    from hashviewer.evaluation.sanity import classifier_baseline

    if data.features is None or not data.features.shape[1]:
        raise DatasetError(f"{data.name} holds no features that a classifier could learn from.")
    return classifier_baseline(
        data.features,
        data.labels,
        division,
        label_names=data.label_names,
        wanted=wanted,
        progress=progress,
    )
