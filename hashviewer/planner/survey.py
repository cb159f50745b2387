"""What some queries and a sample of rows tell of a collection: how many codes lie at which distance, whole and in parts.

All predictions of the planner are made from this; no index is searched for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.looking import Near, Seen, look
from hashviewer.planner.plan import Goal
from hashviewer.progress import Progress
from hashviewer.search import rank_asymmetric
from hashviewer.search.multi_index import Group
from hashviewer.search.probes import by_distance, within

SAMPLE = 20_000  # rows that are compared with every query where occupied buckets cannot be counted
MOST_FLIPS = 5000  # buckets around a query's that are counted one by one
AT_ONCE = 64  # queries that are compared with the sample at a time, which takes 20 MB
Outputs = Callable[[NDArray[np.int64]], NDArray[np.float32]]
Step = Callable[[], None]
"""Called between the parts of what takes time; may raise `Cancelled`."""


@dataclass(frozen=True, slots=True, eq=False)
class _Around:
    """How many codes differ from each query in so many of a group's bits or fewer.

    Attributes:
        counted: (Q, r + 1) of all codes, to a radius r.
        sampled: (Q, bits + 1) of the sample; None where `counted` went far enough.
    """

    counted: NDArray[np.int64]
    sampled: NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class Survey:
    """Queries drawn from a collection, and what lies around them.

    Attributes:
        codes: (N, W) the collection.
        bits: Width of the codes.
        goal: What is to be found.
        seen: The queries that were asked, with their rows, histograms and exact answers.
        outputs: (Q, bits) their real-valued outputs; None where they are not known.
        sample: (s,) rows that stand for all, without doubles.
    """

    codes: NDArray[np.uint8]
    bits: int
    goal: Goal
    seen: Seen
    outputs: NDArray[np.float32] | None
    sample: NDArray[np.int64]
    _known: dict[Group, _Around] = field(default_factory=dict)

    @property
    def queries(self) -> NDArray[np.int64]:
        """(Q,) rows that were asked."""
        return self.seen.queries

    @property
    def near(self) -> tuple[Near, ...]:
        """The exact answer of each query."""
        return self.seen.near

    @cached_property
    def own(self) -> NDArray[np.bool_]:
        """(Q,) whether a query is in the sample, too."""
        return np.isin(self.queries, self.sample)

    def within(self, count: int) -> NDArray[np.float64]:
        """(Q, bits + 1) how many of `count` codes like these lie at each distance of a query or nearer."""
        others = self.seen.histograms.cumsum(axis=1) - 1.0
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
        known = self._known.get(group)
        if known is None or (known.sampled is None and known.counted.shape[1] <= radius):
            known = self._known[group] = self._counted(group, radius)
        share = _share(count, len(self.codes))
        counted = (known.counted[:, : radius + 1].astype(np.float64) - 1) * share + 1
        if known.sampled is None or counted.shape[1] > radius:
            return counted
        sampled = self.scaled(known.sampled[:, counted.shape[1] : radius + 1], count)
        return np.concatenate([counted, sampled], axis=1)

    def _counted(self, group: Group, radius: int) -> _Around:
        reach = max(near for near in range(radius + 1) if near == 0 or within(group.bits, near) <= MOST_FLIPS)
        occupied = np.bincount(group.values(self.codes), minlength=1 << group.bits)
        asked = group.values(self.codes[self.queries])
        flips = np.uint64(1) << np.arange(group.bits, dtype=np.uint64)
        rings = [ring.astype(np.int64) for ring in by_distance(flips, reach)]
        buckets = asked.astype(np.int64)[:, None]
        counted = np.stack([occupied[buckets ^ ring].sum(axis=1) for ring in rings], axis=1).cumsum(axis=1)
        if reach == radius:
            return _Around(counted, None)
        there = group.values(self.codes[self.sample])
        blocks = [
            _histograms(np.bitwise_count(asked[start : start + AT_ONCE, None] ^ there), group.bits + 1)
            for start in range(0, len(asked), AT_ONCE)
        ]
        return _Around(counted, np.concatenate(blocks).cumsum(axis=1))

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
    """Ask the queries `rows` (Q,) by a flat scan, and draw a sample; the arguments are those of `surveyed`."""
    seen = look(codes, bits, goal, rows, progress)
    return surveyed(codes, bits, goal, seen, outputs=outputs, rng=rng)


def surveyed(
    codes: NDArray[np.uint8],
    bits: int,
    goal: Goal,
    seen: Seen,
    *,
    outputs: Outputs | None,
    rng: np.random.Generator,
) -> Survey:
    """What is known of a collection from queries that were looked at, and a sample.

    Args:
        codes: (N, W) the collection, at least one.
        bits: Width of the codes.
        goal: What is to be found.
        seen: The queries.
        outputs: Gives the real-valued outputs (n, bits) of rows (n,); None where they are not known.
        rng: Draws the sample.
    """
    known = None if outputs is None else outputs(seen.queries)
    if known is not None and not np.isfinite(known).all():
        known = None
    sample = np.sort(rng.choice(len(codes), min(SAMPLE, len(codes)), replace=False))
    return Survey(codes, bits, goal, seen, known, sample.astype(np.int64))


def _histograms(values: NDArray[np.uint8], numbers: int) -> NDArray[np.int64]:
    """(n, numbers) how often each number below `numbers` is in each line of `values` (n, s)."""
    line = np.arange(len(values))[:, None] * numbers
    counts: NDArray[np.int64] = np.bincount((values + line).reshape(-1), minlength=len(values) * numbers)
    return counts.reshape(len(values), numbers)


def _share(count: int, of: int) -> float:
    return (count - 1) / max(of - 1, 1)
