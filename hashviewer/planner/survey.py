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
from hashviewer.search.probes import by_distance, within

SAMPLE = 20_000  # rows that are compared with every query where occupied buckets cannot be counted
MOST_FLIPS = 5000  # buckets around a query's that are counted one by one
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

    def around(self, group: Group, radius: int, count: int) -> NDArray[np.float64]:
        """(Q, radius + 1) how many of `count` codes differ from a query in so many of a group's bits or fewer.

        While the buckets around a query are few, all codes in them are counted; where they are many, those of the sample.
        """
        radius = min(radius, group.bits)
        counted = max(
            near for near in range(radius + 1) if near == 0 or within(group.bits, near) <= MOST_FLIPS
        )
        exact = (self._occupied(group, counted).cumsum(axis=1) - 1.0) * _share(count, len(self.codes)) + 1
        if counted == radius:
            return exact
        far = group.values(self.codes[self.queries])[:, None] ^ group.values(self.codes[self.sample])
        last = group.bits + 1
        line = np.arange(len(far))[:, None] * last
        flat = np.bincount((np.bitwise_count(far) + line).reshape(-1), minlength=len(far) * last)
        sampled = self.scaled(flat.reshape(len(far), last).cumsum(axis=1), count)
        return np.concatenate([exact, sampled[:, counted + 1 : radius + 1]], axis=1)

    def _occupied(self, group: Group, radius: int) -> NDArray[np.int64]:
        """(Q, radius + 1) how many codes differ from a query in just so many of a group's bits."""
        occupied = np.bincount(group.values(self.codes), minlength=1 << group.bits)
        asked = group.values(self.codes[self.queries]).astype(np.int64)
        flips = np.uint64(1) << np.arange(group.bits, dtype=np.uint64)
        rings = [ring.astype(np.int64) for ring in by_distance(flips, radius)]
        return np.stack([occupied[asked[:, None] ^ ring].sum(axis=1) for ring in rings], axis=1)

    def scaled(
        self, found: NDArray[np.integer], count: int, places: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        """For how many of `count` codes so many of the sample stand; a query itself is there once.

        Args:
            found: (n, …) rows of the sample, for each query.
            count: Codes in the collection.
            places: (n,) which queries; None for all.
        """
        own = self.own if places is None else self.own[places]
        line = (len(found), *[1] * (found.ndim - 1))
        each = (count - 1) / np.maximum(len(self.sample) - own, 1)
        scaled: NDArray[np.float64] = 1 + (found - own.reshape(line)) * each.reshape(line)
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
