"""The options that say how to search, and the `SearchHow` that they stand for."""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hashviewer.library import CodeSetInfo
    from hashviewer.search import SearchHow
    from hashviewer.workspace import Workspace


class Mode(Enum):
    """What is compared."""

    RANK = "rank"
    LOOKUP = "lookup"
    MULTI = "multi"
    PLANNED = "planned"


class Distance(Enum):
    """By what the photos are ordered."""

    HAMMING = "hamming"
    WEIGHTED = "weighted"
    ASYMMETRIC = "asymmetric"
    SEGMENTS = "segments"
    ADC = "adc"


class Order(Enum):
    """Which buckets are looked into first."""

    DISTANCE = "distance"
    CONFIDENCE = "confidence"


ModeOption = Annotated[
    Mode,
    typer.Option(
        "--mode",
        help="Compare every code (rank), look into the buckets of one hash table around the query (lookup), or into "
        "several tables over parts of the code (multi); or as “hashviewer plan” has chosen for this library (planned).",
    ),
]
TablesOption = Annotated[
    int | None, typer.Option("--tables", min=1, help="With --mode multi: how many tables; 4 if left out.")
]
ProbeOption = Annotated[
    int | None,
    typer.Option(
        "--probe",
        min=0,
        help="How many bits away to look. With --mode lookup 2 if left out, with --mode multi as far as it takes to be exact.",
    ),
]
OrderOption = Annotated[
    Order | None,
    typer.Option(
        "--order",
        help="With --mode lookup: the buckets in the order of their distance, or those first that flip the bits of which "
        "the network is least sure (confidence).",
    ),
]
DistanceOption = Annotated[
    Distance | None,
    typer.Option(
        "--distance",
        help="Order by the Hamming distance, by weighted bits (--weights, or the model's own), by the query's real-valued "
        "outputs (asymmetric), by the segments that differ, or by the look-up tables of the quantizer that made the codes (adc). "
        "If left out: what the codes were made for, for most hamming.",
    ),
]
WeightsOption = Annotated[
    Path | None,
    typer.Option(
        "--weights", metavar="FILE", help="One weight a line, for each bit; orders by --distance weighted."
    ),
]


def how_to_search(
    workspace: "Workspace",
    codes: "Sequence[str]",
    *,
    mode: Mode = Mode.RANK,
    tables: int | None = None,
    probe: int | None = None,
    order: Order | None = None,
    distance: Distance | None = None,
    weights: Path | None = None,
    rerank_by: str = "",
) -> "SearchHow":
    """What the options say of searching some code sets; bits are those of the first.

    Args:
        workspace: The library.
        codes: Keys of its code sets that are searched.
        mode: And so on: the options.
        tables: None where it was left out, as the others.
        probe: In bits.
        order: Of the buckets.
        distance: By what is ordered.
        weights: A file.
        rerank_by: See `SearchHow`; empty for what is usual.

    Raises:
        SearchError: They do not go together, the weights cannot be read, or the library remembers no plan.
    """
    from hashviewer.search import SearchHow
    from hashviewer.search.weight_files import read_weights

    _check(mode, tables, probe, order, distance, weights)
    sets = [workspace.code_set(key) for key in codes]
    bits = sets[0].bits
    by = distance or (_own(sets) if weights is None else Distance.WEIGHTED)
    if mode is Mode.PLANNED:
        how = _planned(workspace, codes[0])
    else:
        how = SearchHow(
            mode=mode.value,
            tables=4 if tables is None else tables,
            probe=probe,
            order="distance" if order is None else order.value,
        )
    values = (sets[0].bit_weights or None) if weights is None else read_weights(weights, bits=bits)
    _check_made_for(by, values, sets[0])
    usual = SearchHow().rerank_by
    how = replace(
        how, distance=by.value, weights=values, segment=sets[0].segment, rerank_by=rerank_by or usual
    )
    how.check(bits)
    return how


def _check_made_for(by: Distance, weights: "tuple[float, ...] | None", info: "CodeSetInfo") -> None:
    """Refuse a distance whose weights or segments nobody knows."""
    from hashviewer.errors import SearchError

    if by is Distance.WEIGHTED and weights is None:
        raise SearchError(
            "--distance weighted needs --weights FILE, with one weight a line for each bit: the model of these codes has none."
        )
    if by is Distance.SEGMENTS and not info.segment:
        raise SearchError(
            f"The codes “{info.key}” have no segments: --distance segments is for those of ordinal hashing (DOH)."
        )


def _own(sets: "Sequence[CodeSetInfo]") -> Distance:
    """The distance that codes were made for."""
    from hashviewer.errors import SearchError
    from hashviewer.workspace import own_distance

    own = {own_distance(info) for info in sets}
    if len(own) > 1 or (len(sets) > 1 and own & {"weighted", "segments"}):
        raise SearchError(
            "These code sets are not all made for the same distance, or each has bit weights of its own: they have no distance in "
            "common. Ask them one at a time, or by --distance hamming."
        )
    return Distance(own.pop())


def _planned(workspace: "Workspace", codes: str) -> "SearchHow":
    from hashviewer.errors import SearchError

    plan = workspace.plan_of(codes)
    if plan is None:
        raise SearchError(
            f"This library remembers no plan for the code set “{codes}”: “hashviewer plan” measures which way to search pays."
        )
    return plan.how


def _check(
    mode: Mode,
    tables: int | None,
    probe: int | None,
    order: Order | None,
    distance: Distance | None,
    weights: Path | None,
) -> None:
    """Refuse what would have no effect."""
    from hashviewer.errors import SearchError

    given = {"--tables": tables, "--probe": probe, "--order": order}
    named = next((name for name, value in given.items() if value is not None), None)
    if mode is Mode.PLANNED and named is not None:
        raise SearchError(
            f"--mode planned searches as the library remembers; leave {named} out, or name another mode."
        )
    if tables is not None and mode is not Mode.MULTI:
        raise SearchError("--tables goes with --mode multi; add it, or leave --tables out.")
    if order is not None and mode is not Mode.LOOKUP:
        raise SearchError("--order goes with --mode lookup; add it, or leave --order out.")
    if probe is not None and mode is Mode.RANK:
        raise SearchError("--probe goes with --mode lookup or multi; add one, or leave --probe out.")
    if weights is not None and distance not in {None, Distance.WEIGHTED}:
        raise SearchError("--weights goes with --distance weighted; choose that, or leave --weights out.")
