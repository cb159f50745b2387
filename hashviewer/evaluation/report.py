"""All figures of a ranking by Hamming distance, for queries against a database, in one pass over the queries."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import DatasetError
from hashviewer.evaluation.average_precision import average_precision_of_counts, chance_average_precisions
from hashviewer.evaluation.code_statistics import code_statistics
from hashviewer.evaluation.figures import (
    AtPlace,
    EvaluationReport,
    FirstPlaces,
    Graded,
    Lookup,
    OfClass,
    WithinRadius,
)
from hashviewer.evaluation.graded import average_gains, normalised_gain_of_counts, weighted_precisions
from hashviewer.evaluation.ranked import Coded, First, Ranked, ranked
from hashviewer.progress import Progress, silent

PLACES = tuple(range(100, 1001, 100))  # where precision and recall are told, beside K
GRADED_AT = 100  # unless the user says otherwise


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
    """Rank the database for each query and tell how well.

    Args:
        queries: Who asks.
        database: What is ranked.
        bits: Width of the codes.
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
    passed = _Pass(queries, database, bits, asked)
    done = 0
    for block in ranked(queries, database, bits, own_rows=own_rows, first=passed.first):
        passed.add(block)
        done += len(block.places)
        progress(done, len(queries.codes), "queries")
    return passed.report(label_names or tuple(str(n) for n in range(queries.labels.shape[1])))


class _Pass:
    """What is gathered block by block."""

    def __init__(self, queries: Coded, database: Coded, bits: int, asked: Wanted) -> None:
        count = len(queries.codes)
        self.queries, self.database, self.bits, self.asked = queries, database, bits, asked
        self.several = _several(queries.labels) or _several(database.labels)
        self.at = min(asked.topk or GRADED_AT, len(database.codes))  # of the graded figures
        self.first = First(topk=asked.topk or 0, grades=self.at if self.several else 0)
        self.items = np.zeros((count, bits + 1), dtype=np.int64)
        self.hits = np.zeros_like(self.items)
        self.sums = np.zeros((count, 3))
        self.graded = np.zeros((count, 3))  # NDCG, ACG, WAP

    def add(self, block: Ranked) -> None:
        """Note the figures of a block of queries."""
        some = block.places
        self.items[some], self.hits[some], self.sums[some] = block.items, block.relevant, block.sums
        if self.several:
            at = np.minimum(self.at, self.items[some].sum(axis=1))
            figures = [
                normalised_gain_of_counts(block.counts, at=self.at),
                average_gains(block.grades, at=at),
                weighted_precisions(block.grades),
            ]
            self.graded[some] = np.stack(figures, axis=1)

    def report(self, label_names: tuple[str, ...]) -> EvaluationReport:
        """The means."""
        tie_aware, optimistic, pessimistic = average_precision_of_counts(self.items, self.hits)
        total, sizes = self.hits.sum(axis=1), self.items.sum(axis=1)
        radii = self._radii(np.maximum(total, 1))
        some = total > 0
        ndcg, acg, wap = (float(mean) for mean in self.graded.mean(axis=0))
        return EvaluationReport(
            tie_aware=float(tie_aware.mean()),
            optimistic=float(optimistic.mean()),
            pessimistic=float(pessimistic.mean()),
            stable=float((self.sums[:, 0] / np.maximum(total, 1)).mean()),
            dropped=float(tie_aware[some].mean()) if some.any() else float("nan"),
            chance=float(chance_average_precisions(sizes, total).mean()),
            first=self._first_places(total),
            at=self._along(total, int(sizes.max())),
            lookup=self._lookup(radii),
            radii=radii,
            graded=Graded(self.at, ndcg, acg, wap) if self.several else None,
            classes=self._classes(label_names, tie_aware),
            statistics=code_statistics(self.database.codes, self.bits),
            queries=len(sizes),
            database=len(self.database.codes),
            without_relevant=int(np.count_nonzero(~some)),
        )

    def _first_places(self, total: NDArray[np.int64]) -> FirstPlaces | None:
        if self.asked.topk is None:
            return None
        gained, near = self.sums[:, 1], self.sums[:, 2]
        return FirstPlaces(
            place=self.asked.topk,
            found=float((gained / np.maximum(near, 1)).mean()),
            smaller=float((gained / np.clip(total, 1, self.asked.topk)).mean()),
            without_relevant=int(np.count_nonzero(near == 0)),
        )

    def _places(self) -> list[int]:
        return sorted({*PLACES, *([] if self.asked.topk is None else [self.asked.topk])})

    def _along(self, total: NDArray[np.int64], most: int) -> tuple[AtPlace, ...]:
        """Expected precision and recall at the places told, where there are so many items."""
        before = np.cumsum(self.items, axis=1) - self.items
        share = self.hits / np.maximum(self.items, 1)
        told = []
        for place in self._places():
            if place <= most:
                taken = np.clip(place - before, 0, self.items)  # items of each group among the first places
                hits = np.einsum("qd,qd->q", taken, share)
                recall = float((hits / np.maximum(total, 1)).mean())
                told.append(AtPlace(place, float(hits.mean()) / place, recall))
        return tuple(told)

    def _radii(self, total: NDArray[np.int64]) -> tuple[WithinRadius, ...]:
        taken, hits = np.cumsum(self.items, axis=1), np.cumsum(self.hits, axis=1)
        precision = hits / np.maximum(taken, 1)
        finding = (taken > 0).sum(axis=0)
        alone = np.divide(
            precision.sum(axis=0), finding, out=np.full(finding.shape, np.nan), where=finding > 0
        )
        recall = (hits / total[:, None]).mean(axis=0)
        empty = 1 - finding / len(taken)
        rows = zip(precision.mean(axis=0), alone, recall, empty, strict=True)
        return tuple(WithinRadius(radius, *map(float, row)) for radius, row in enumerate(rows))

    def _lookup(self, radii: tuple[WithinRadius, ...]) -> Lookup:
        near = self.asked.radius + 1
        inside, _, _ = average_precision_of_counts(self.items[:, :near], self.hits[:, :near])
        return Lookup(
            within=radii[self.asked.radius],
            average_precision=float(inside.mean()),
            buckets=sum(math.comb(self.bits, turned) for turned in range(near)),
        )

    def _classes(self, names: tuple[str, ...], tie_aware: NDArray[np.float64]) -> tuple[OfClass, ...]:
        near = self.asked.radius + 1
        taken = self.items[:, :near].sum(axis=1)
        precision = self.hits[:, :near].sum(axis=1) / np.maximum(taken, 1)
        told = []
        for label, name in enumerate(names):
            asked = self.queries.labels[:, label] > 0
            if asked.any():
                means = float(tie_aware[asked].mean()), float(precision[asked].mean())
                told.append(OfClass(name, int(asked.sum()), *means))
        return tuple(told)


def _several(labels: NDArray[np.uint8]) -> bool:
    return bool((labels.sum(axis=1) > 1).any())
