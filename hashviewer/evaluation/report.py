"""All figures of a ranking by Hamming distance, for queries against a database, in one pass over the queries."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import DatasetError
from hashviewer.evaluation.average_precision import average_precision_of_counts, chance_average_precision
from hashviewer.evaluation.graded import average_gain, normalised_gain, weighted_precision
from hashviewer.progress import Progress, silent
from hashviewer.search import scan

PLACES = tuple(range(100, 1001, 100))  # where precision and recall are told
GRADED_AT = 100  # unless the user says otherwise


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Codes and labels of some items.

    Attributes:
        codes: (N, W) packed.
        labels: (N, C) uint8 multi-hot.
    """

    codes: NDArray[np.uint8]
    labels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class AtPlace:
    """Means of expected precision and recall among the first `place` items of the ranking."""

    place: int
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class WithinRadius:
    """Means over queries of what lies within a Hamming radius.

    Attributes:
        radius: In bits.
        precision: 0 for a query that finds nothing.
        recall: Likewise.
        empty: Share of queries that find nothing.
    """

    radius: int
    precision: float
    recall: float
    empty: float


@dataclass(frozen=True, slots=True)
class FirstPlaces:
    """Mean average precision of the first places, equal distances in the order of the database.

    Attributes:
        place: How many.
        found: Divided by the relevant items among them, as most hashing papers do.
        smaller: Divided by the smaller of `place` and all relevant items.
    """

    place: int
    found: float
    smaller: float


@dataclass(frozen=True, slots=True)
class Graded:
    """Figures for several labels among the first places: NDCG expected over ties, ACG and WAP in database order."""

    place: int
    ndcg: float
    acg: float
    wap: float


@dataclass(frozen=True, slots=True)
class OfClass:
    """Means over the queries with one label."""

    name: str
    queries: int
    tie_aware: float
    precision: float


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Means over the queries; a query without a relevant item counts as 0.

    Attributes:
        tie_aware: Mean average precision, expected over random orders of equal distances.
        optimistic: The same, relevant items first among equals.
        pessimistic: Relevant items last among equals.
        stable: Equal distances in the order of the database, as a stable sort gives.
        chance: What codes that are all alike would reach.
        first: Of the first places, where that was asked for.
        at: Precision and recall along the ranking.
        lookup: Within the radius asked for.
        radii: Within every radius from 0.
        graded: Where items have several labels.
        classes: For each label with a query.
        queries: How many.
        database: How many items; a query itself, where it is among them, is left out.
        without_relevant: Queries that have no relevant item.
    """

    tie_aware: float
    optimistic: float
    pessimistic: float
    stable: float
    chance: float
    first: FirstPlaces | None
    at: tuple[AtPlace, ...]
    lookup: WithinRadius
    radii: tuple[WithinRadius, ...]
    graded: Graded | None
    classes: tuple[OfClass, ...]
    queries: int
    database: int
    without_relevant: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is told beside the figures that always are.

    Attributes:
        topk: Places of mAP@K and of the graded figures.
        radius: Of the lookup, in bits.
    """

    topk: int | None = None
    radius: int = 2


def evaluate(
    queries: Coded,
    database: Coded,
    bits: int,
    *,
    label_names: tuple[str, ...] = (),
    own_rows: NDArray[np.int64] | None = None,
    wanted: Wanted | None = None,
    progress: Progress = silent,
) -> EvaluationReport:
    """Measure a ranking.

    Args:
        queries: Q codes and labels.
        database: N codes and labels.
        bits: Length of the codes.
        label_names: Of the C labels; numbers if left out.
        own_rows: (Q,) the row of the database that is the query itself; -1 where there is none.
        wanted: What is told.
        progress: Told the queries done; may cancel.

    Raises:
        DatasetError: There is no query or no database, or the radius is none.
    """
    asked = wanted or Wanted()
    if not len(queries.codes) or not len(database.codes):
        raise DatasetError("There are no labelled queries, or no database to ask: nothing can be measured.")
    if not 0 <= asked.radius <= bits or (asked.topk is not None and asked.topk < 1):
        raise DatasetError(f"The radius lies between 0 and {bits}, and K is at least 1.")
    passed = _Pass(queries, database, bits, own_rows, asked)
    for place in range(len(queries.codes)):
        passed.ask(place)
        progress(place + 1, len(queries.codes), "queries")
    return passed.report(label_names or tuple(str(n) for n in range(queries.labels.shape[1])))


class _Pass:
    """What is gathered query by query."""

    def __init__(
        self,
        queries: Coded,
        database: Coded,
        bits: int,
        own_rows: NDArray[np.int64] | None,
        asked: Wanted,
    ) -> None:
        count = len(queries.codes)
        self.queries, self.database, self.bits, self.asked = queries, database, bits, asked
        self.own = np.full(count, -1) if own_rows is None else own_rows
        self.columns = np.asfortranarray(database.labels)  # a label of all items lies together
        self.several = bool((queries.labels.sum(axis=1) > 1).any() or (database.labels.sum(axis=1) > 1).any())
        self.items = np.zeros((count, bits + 1), dtype=np.int64)
        self.hits = np.zeros_like(self.items)
        self.stable = np.zeros((count, 3))  # mAP, mAP@K divided by those found, and by the smaller
        self.graded = np.zeros((count, 3))  # NDCG, ACG, WAP

    def ask(self, place: int) -> None:
        """Rank the database for one query."""
        own = int(self.own[place])
        kept = None
        if own >= 0:
            kept = np.ones(len(self.database.codes), dtype=np.bool_)
            kept[own] = False
        found = scan(self.queries.codes[place], self.database.codes, self.bits, rows=kept)
        grades = self._grades(place)
        if own >= 0:
            grades[own] = 0
        relevant = grades > 0
        self.items[place] = found.histogram
        self.hits[place] = np.bincount(found.distances[relevant], minlength=self.bits + 1)
        short = found.distances.astype(np.uint8) if self.bits < 255 else found.distances
        order = np.argsort(short, kind="stable")[: int(found.histogram.sum())]  # by radix
        self.stable[place] = _in_order(np.flatnonzero(relevant[order]), self.asked.topk)
        if self.several:
            at = min(self.asked.topk or GRADED_AT, len(order))
            ranked = grades[order]
            ndcg = normalised_gain(found.distances[order].astype(np.int64), ranked, at=at)
            self.graded[place] = ndcg, average_gain(ranked, at=at), weighted_precision(ranked, at=at)

    def _grades(self, place: int) -> NDArray[np.int64]:
        """(N,) how many labels each item shares with the query."""
        grades = np.zeros(len(self.database.codes), dtype=np.int64)
        for label in np.flatnonzero(self.queries.labels[place]):
            grades += self.columns[:, label]
        return grades

    def report(self, label_names: tuple[str, ...]) -> EvaluationReport:
        """The means."""
        tie_aware, optimistic, pessimistic = average_precision_of_counts(self.items, self.hits)
        total = self.hits.sum(axis=1)
        within = self._within(np.maximum(total, 1))
        stable, found, smaller = (float(mean) for mean in self.stable.mean(axis=0))
        topk = self.asked.topk
        ndcg, acg, wap = (float(mean) for mean in self.graded.mean(axis=0))
        sizes = self.items.sum(axis=1)
        return EvaluationReport(
            tie_aware=float(tie_aware.mean()),
            optimistic=float(optimistic.mean()),
            pessimistic=float(pessimistic.mean()),
            stable=stable,
            chance=float(
                np.mean(
                    [chance_average_precision(*map(int, pair)) for pair in zip(sizes, total, strict=True)]
                )
            ),
            first=None if topk is None else FirstPlaces(topk, found, smaller),
            at=tuple(self._at(place) for place in PLACES if place <= sizes.max()),
            lookup=within[self.asked.radius],
            radii=within,
            graded=Graded(topk or GRADED_AT, ndcg, acg, wap) if self.several else None,
            classes=self._classes(label_names, tie_aware),
            queries=len(sizes),
            database=len(self.database.codes),
            without_relevant=int(np.count_nonzero(total == 0)),
        )

    def _at(self, place: int) -> AtPlace:
        before = np.cumsum(self.items, axis=1) - self.items
        taken = np.clip(place - before, 0, self.items)  # items of each group among the first places
        hits = (taken * self.hits / np.maximum(self.items, 1)).sum(axis=1)
        recall = hits / np.maximum(self.hits.sum(axis=1), 1)
        return AtPlace(place, float(hits.mean()) / place, float(recall.mean()))

    def _within(self, total: NDArray[np.int64]) -> tuple[WithinRadius, ...]:
        taken, hits = np.cumsum(self.items, axis=1), np.cumsum(self.hits, axis=1)
        precision = (hits / np.maximum(taken, 1)).mean(axis=0)
        recall = (hits / total[:, None]).mean(axis=0)
        empty = (taken == 0).mean(axis=0)
        return tuple(
            WithinRadius(radius, *map(float, figures))
            for radius, figures in enumerate(zip(precision, recall, empty, strict=True))
        )

    def _classes(self, names: tuple[str, ...], tie_aware: NDArray[np.float64]) -> tuple[OfClass, ...]:
        radius = self.asked.radius + 1
        taken = self.items[:, :radius].sum(axis=1)
        precision = self.hits[:, :radius].sum(axis=1) / np.maximum(taken, 1)
        told = []
        for label, name in enumerate(names):
            asked = self.queries.labels[:, label] > 0
            if asked.any():
                told.append(
                    OfClass(
                        name, int(asked.sum()), float(tie_aware[asked].mean()), float(precision[asked].mean())
                    )
                )
        return tuple(told)


def _in_order(ranks: NDArray[np.int64], topk: int | None) -> tuple[float, float, float]:
    """Average precision of a given order, and of its first K places by both divisors.

    Args:
        ranks: (n,) places of the relevant items, from 0, ascending.
        topk: K; None gives 0 for both.
    """
    if not len(ranks):
        return 0.0, 0.0, 0.0
    gains = np.arange(1, len(ranks) + 1) / (ranks + 1)
    if topk is None:
        return float(gains.mean()), 0.0, 0.0
    head = gains[ranks < topk]
    gained = float(head.sum())
    return float(gains.mean()), gained / max(len(head), 1), gained / min(topk, len(ranks))
