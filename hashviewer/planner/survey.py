"""What some queries and a sample of rows tell of a collection: how many codes lie at which distance, whole and in parts.

All predictions of the planner are made from this; no index is searched for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.plan import Goal
from hashviewer.progress import Progress
from hashviewer.search import rank, rank_asymmetric
from hashviewer.search.multi_index import Group

SAMPLE = 50_000  # rows that are compared with every query in parts
MOST_NEAR = 2000  # rows of an exact answer that are looked at one by one
Outputs = Callable[[NDArray[np.int64]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The rows of one query's exact answer, ties at its end included.

    Attributes:
        rows: (n,) rows, by distance; at most so many of them.
        distances: (n,) in bits.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Survey:
    """Queries drawn from a collection, and what lies around them.

    Attributes:
        codes: (N, W) the collection.
        bits: Width of the codes.
        goal: What is to be found.
        queries: (Q,) rows that were asked.
        outputs: (Q, bits) their real-valued outputs; None where they are not known.
        sample: (s,) rows that stand for all, without doubles.
        histograms: (Q, bits + 1) how many codes lie at each distance of a query, itself included.
        near: The exact answer of each query.
    """

    codes: NDArray[np.uint8]
    bits: int
    goal: Goal
    queries: NDArray[np.int64]
    outputs: NDArray[np.float32] | None
    sample: NDArray[np.int64]
    histograms: NDArray[np.int64]
    near: tuple[Near, ...]

    @cached_property
    def own(self) -> NDArray[np.bool_]:
        """(Q,) whether a query is in the sample, too."""
        return np.isin(self.queries, self.sample)

    def within(self, count: int) -> NDArray[np.float64]:
        """(Q, bits + 1) how many of `count` codes like these lie at each distance of a query or nearer."""
        others = self.histograms.cumsum(axis=1) - 1.0
        return 1 + others * _share(count, len(self.codes))

    def limits(self, count: int) -> NDArray[np.int64]:
        """(Q,) the distance of the last row of the exact answer among `count` codes."""
        if self.goal.radius is not None:
            return np.full(len(self.queries), self.goal.radius, dtype=np.int64)
        wanted = min(self.goal.k or 1, count)
        enough = self.within(count) >= wanted - 1e-6
        return np.where(enough.any(axis=1), enough.argmax(axis=1), self.bits)

    def around(self, group: Group, count: int) -> NDArray[np.float64]:
        """(Q, bits of the group + 1) how many of `count` codes differ from a query in so many of the group's bits or fewer."""
        far = group.values(self.codes[self.queries])[:, None] ^ group.values(self.codes[self.sample])
        return self.counted(np.bitwise_count(far), group.bits, count)

    def counted(self, distances: NDArray[np.uint8], last: int, count: int) -> NDArray[np.float64]:
        """How many of `count` codes lie within each of the distances 0…`last` of a query: (Q, last + 1).

        Args:
            distances: (Q, s) of the queries to the sample.
            last: The largest distance.
            count: Codes in the collection.
        """
        line = np.arange(len(distances))[:, None] * (last + 1)
        flat = np.bincount((distances + line).reshape(-1), minlength=len(distances) * (last + 1))
        return self.scaled(flat.reshape(len(distances), last + 1).cumsum(axis=1), count)

    def scaled(self, found: NDArray[np.integer], count: int) -> NDArray[np.float64]:
        """(Q, …) for how many of `count` codes so many of the sample stand; a query itself is there once."""
        line = (len(found), *[1] * (found.ndim - 1))
        each = (count - 1) / np.maximum(len(self.sample) - self.own, 1)
        scaled: NDArray[np.float64] = 1 + (found - self.own.reshape(line)) * each.reshape(line)
        return scaled

    def margin_distances(self, place: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Of one query: the sums of |output| where sample (s,) and exact answer (n,) differ from it."""
        assert self.outputs is not None
        rows = np.concatenate([self.sample, self.near[place].rows])
        far = rank_asymmetric(self.outputs[place], self.codes[rows], self.bits, k=1).all_distances
        return far[: len(self.sample)], far[len(self.sample) :]


def survey(
    codes: NDArray[np.uint8],
    bits: int,
    goal: Goal,
    rows: NDArray[np.int64],
    *,
    outputs: Outputs | None,
    rng: np.random.Generator,
    progress: Progress,
) -> Survey:
    """Ask some queries by a flat scan, and draw a sample.

    Args:
        codes: (N, W) the collection, at least one.
        bits: Width of the codes.
        goal: What is to be found.
        rows: (Q,) rows to ask.
        outputs: Gives the real-valued outputs (n, bits) of rows (n,); None where they are not known.
        rng: Draws the sample.
        progress: Told the queries done; may cancel.
    """
    known = None if outputs is None else outputs(rows)
    if known is not None and not np.isfinite(known).all():
        known = None
    histograms, near = [], []
    for done, row in enumerate(rows.tolist()):
        progress(done, len(rows), "Looking at the collection")
        found = rank(codes[row], codes, bits, k=goal.k, radius=goal.radius)
        limit = goal.radius if goal.radius is not None else int(found.distances[-1])
        there = rank(codes[row], codes, bits, k=MOST_NEAR, radius=min(limit, bits))
        histograms.append(found.histogram)
        near.append(Near(there.rows, there.distances))
    sample = np.sort(rng.choice(len(codes), min(SAMPLE, len(codes)), replace=False))
    return Survey(codes, bits, goal, rows, known, sample.astype(np.int64), np.array(histograms), tuple(near))


def _share(count: int, of: int) -> float:
    return (count - 1) / max(of - 1, 1)
