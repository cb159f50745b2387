"""How `hashviewer evaluate` tells its figures: as JSON, and as text."""

import math
from dataclasses import asdict

import numpy as np

from hashviewer.cli.output import say, say_table
from hashviewer.datasets import LabelledCodes
from hashviewer.evaluation import EvaluationReport, MeanAveragePrecision
from hashviewer.evaluation.figures import Lookup, WithinRadius
from hashviewer.evaluation.protocols import Split
from hashviewer.evaluation.sanity import Baseline
from hashviewer.search.how import Distance


def document(report: EvaluationReport, data: LabelledCodes, division: Split) -> dict[str, object]:
    """The report as JSON, the protocol beside its figures."""
    first, graded = report.first, report.graded
    return {
        "protocol": division.name,
        "described": division.describe(),
        "queries": report.queries,
        "database": report.database,
        "training": len(division.training),
        "labels": len(report.classes),
        "unlabelled": _unlabelled(data),
        "bits": data.bits,
        "without_relevant": report.without_relevant,
        "mAP": _precision(report),
        "mAP_at": None
        if first is None
        else {
            "k": first.place,
            "found": first.found,
            "smaller": first.smaller,
            "without_relevant": first.without_relevant,
        },
        "at": [asdict(one) for one in report.at],
        "lookup": _lookup(report.lookup),
        "radii": [_within(one) for one in report.radii],
        "graded": None if graded is None else asdict(graded),
        "classes": [
            {"label": c.name, "queries": c.queries, "mAP": c.tie_aware, "precision": c.precision}
            for c in report.classes
        ],
        "statistics": {
            "bit_mean": report.statistics.bit_mean,
            "correlation": _or_null(report.statistics.correlation),
            "distinct": report.statistics.distinct,
        },
    }


def baseline_document(baseline: Baseline | None) -> dict[str, object] | None:
    """The figures of the classifier's answers; null where they were not asked for."""
    if baseline is None:
        return None
    return {
        "bits": baseline.bits,
        "training": baseline.training,
        "accuracy": baseline.accuracy,
        "mAP": _precision(baseline.report),
        "lookup": _lookup(baseline.report.lookup),
    }


Own = tuple[Distance, MeanAveragePrecision]
"""The codes' own distance, and what it reaches."""

_OWN: dict[Distance, str] = {
    "hamming": "by the bits that differ",
    "weighted": "by the model's weights of the bits that differ",
    "asymmetric": "by the query's outputs at the bits that differ",
    "segments": "by the segments that differ",
    "adc": "by the quantizer's own distance",
}


def own_document(own: Own | None) -> dict[str, object] | None:
    """What the codes' own distance reaches; null where the other figures are of that distance."""
    if own is None:
        return None
    distance, found = own
    figures = {"tie_aware": found.tie_aware, "optimistic": found.optimistic, "pessimistic": found.pessimistic}
    return {"distance": distance, "mAP": figures}


def tell_own(own: Own | None) -> None:
    """The same as text, before the figures of bits."""
    if own is not None:
        distance, found = own
        say(
            f"mAP {found.tie_aware:.4f} {_OWN[distance]} ({distance}; {found.pessimistic:.4f} to {found.optimistic:.4f}). "
            "The figures below count bits that differ, which is not what these codes were made for."
        )


def tell(report: EvaluationReport, data: LabelledCodes, division: Split, baseline: Baseline | None) -> None:
    """The report as text."""
    by = division.name
    say(f"{data.name}, {data.bits} bits, {division.describe()}, {len(report.classes)} labels")
    say(
        f"mAP {report.tie_aware:.4f} (protocol {by}), expected over equal distances ({report.pessimistic:.4f} to "
        f"{report.optimistic:.4f}; stable sort {report.stable:.4f}; codes all alike {report.chance:.4f})"
    )
    if baseline is not None:
        say(
            f"a linear classifier of the same {baseline.training:,} training items, its answer as a code of "
            f"{baseline.bits} bits: mAP {baseline.report.tie_aware:.4f} (protocol {by}; {baseline.accuracy:.1%} of the queries "
            "known)"
        )
    _tell_lookups(report, by)
    if unlabelled := _unlabelled(data):
        say(f"items without a label, which take no part: {unlabelled:,}")
    if report.without_relevant:
        say(
            f"queries without a relevant item: {report.without_relevant:,}; they count as 0, without them the mAP is "
            f"{report.dropped:.4f}"
        )
    statistics = report.statistics
    say(
        f"codes of the database: {statistics.distinct:,} different ones, mean |bit mean| {statistics.bit_mean:.3f}, "
        f"mean |correlation of two bits| {statistics.correlation:.3f}"
    )
    say_table(
        ("places", f"precision, protocol {by}", "recall"),
        [(one.place, f"{one.precision:.4f}", f"{one.recall:.4f}") for one in report.at],
    )
    say_table(
        ("label", "queries", f"mAP, protocol {by}", f"precision within {report.lookup.within.radius}"),
        [(c.name, c.queries, f"{c.tie_aware:.4f}", f"{c.precision:.4f}") for c in report.classes],
    )


def _tell_lookups(report: EvaluationReport, by: str) -> None:
    first, lookup, graded = report.first, report.lookup, report.graded
    if first is not None:
        say(
            f"mAP@{first.place:,} (protocol {by}) in database order {first.found:.4f} (divided by those found), "
            f"{first.smaller:.4f} (by the smaller of K and all relevant); queries with no relevant item "
            f"there, which count as 0: {first.without_relevant:,}"
        )
    within = lookup.within
    say(
        f"within radius {within.radius} (protocol {by}): precision {within.precision:.4f}, recall {within.recall:.4f}, "
        f"mAP {lookup.average_precision:.4f}; {within.empty:.1%} of the queries find nothing, which counts as 0; "
        f"{lookup.buckets:,} buckets a lookup"
    )
    if graded is not None:
        say(
            f"@{graded.place:,} (protocol {by}): NDCG {graded.ndcg:.4f}, ACG {graded.acg:.4f}, WAP {graded.wap:.4f}"
        )


def _unlabelled(data: LabelledCodes) -> int:
    """Items that take no part."""
    return int(np.count_nonzero(data.labels.max(axis=1, initial=0) == 0))


def _precision(report: EvaluationReport) -> dict[str, float | None]:
    return {
        "tie_aware": report.tie_aware,
        "optimistic": report.optimistic,
        "pessimistic": report.pessimistic,
        "stable_sort": report.stable,
        "dropped": _or_null(report.dropped),
        "chance": report.chance,
    }


def _within(one: WithinRadius) -> dict[str, float | None]:
    return {**asdict(one), "found_precision": _or_null(one.found_precision)}


def _lookup(lookup: Lookup) -> dict[str, float | None]:
    return {**_within(lookup.within), "mAP": lookup.average_precision, "buckets": lookup.buckets}


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None
