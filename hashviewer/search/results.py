"""What a search answers."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.search.how import SearchHow

EXACT = SearchHow()


def not_searched(distances: NDArray[np.unsignedinteger]) -> int:
    """The number that stands in `distances` for a row left out of the search: the largest of its type."""
    return int(np.iinfo(distances.dtype).max)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a search took.

    Attributes:
        seconds: Wall-clock time of the search itself; building tables and laying the answer out are not in it.
        scanned: Codes whose distance was computed.
        reranked: Photos whose features were read.
        probed: Buckets that a table lookup looked into.
        empty: How many of them held nothing.
        candidates: Codes in these buckets that were compared; one that lies in several counts as often
            (`Matches.found` counts every row once).
    """

    seconds: float
    scanned: int
    reranked: int
    probed: int = 0
    empty: int = 0
    candidates: int = 0

    @property
    def microseconds(self) -> float:
        """Wall-clock time in microseconds."""
        return self.seconds * 1e6

    def plus(self, other: "Cost") -> "Cost":
        """What both took together."""
        return Cost(
            seconds=self.seconds + other.seconds,
            scanned=self.scanned + other.scanned,
            reranked=self.reranked + other.reranked,
            probed=self.probed + other.probed,
            empty=self.empty + other.empty,
            candidates=self.candidates + other.candidates,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """The ranked neighbours of a query and the distances of all rows to it.

    Two searches are never equal, only identical: comparing a million distances would cost more than a redraw.

    Distances and histogram are of whole bits whatever the rows are ordered by. A search that looked into buckets knows
    its candidates only: the histogram counts these, and all other rows stand as not searched.

    Attributes:
        rows: (k,) rows, nearest first; equal distances in ascending order of the row.
        distances: (k,) their Hamming distances, in bits.
        histogram: (bits + 1,) how many searched rows lie at each distance.
        all_distances: (N,) the Hamming distance of every row, in bytes up to 248 bits and in 16-bit numbers beyond;
            where a row was left out, the largest number of the type (`not_searched`), which is above `bits`.
        bits: Width of the codes.
        cost: What it took.
        reranked: How many of the first rows were re-ordered by their features; 0 is the order of the distance.
        exact: Whether `rows` are the very ones that comparing every code would give.
        complete: The largest radius, in bits, within which surely every row was found; None where every code was
            compared, -1 where not even the query's own bucket was looked into.
        scores: (k,) the real-valued distances that the rows are ordered by; None where that is the Hamming distance.
        all_scores: (N,) that of every row, infinite where it was left out; None likewise.
        fused: Keys of the code sets whose rankings were fused, the first is the one that distances are of; empty where
            there was one.
        how: How it was searched.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.int32]
    histogram: NDArray[np.int64]
    all_distances: NDArray[np.unsignedinteger]
    bits: int
    cost: Cost
    reranked: int = 0
    exact: bool = True
    complete: int | None = None
    scores: NDArray[np.float32] | None = None
    all_scores: NDArray[np.float32] | None = None
    fused: tuple[str, ...] = ()
    how: SearchHow = EXACT

    @property
    def total(self) -> int:
        """How many rows were searched."""
        return int(self.histogram.sum())

    @property
    def found(self) -> int | None:
        """How many different rows the tables found; None where every code was compared."""
        return None if self.complete is None else self.total

    def rank_of(self, row: int) -> int | None:
        """The place of `row`, from 0, when all searched rows are sorted by (distance, row), or by (score, row).

        Re-ranking and fusing do not change it. None if the row was not searched.
        """
        if not 0 <= row < len(self.all_distances):
            return None
        distance = int(self.all_distances[row])
        if distance > self.bits:  # left out
            return None
        if self.all_scores is not None:
            score = self.all_scores[row]
            before = np.count_nonzero(self.all_scores < score)
            return int(before + np.count_nonzero(self.all_scores[:row] == score))
        nearer = int(self.histogram[:distance].sum())
        return nearer + int(np.count_nonzero(self.all_distances[:row] == distance))

    def first(self, k: int | None) -> "Matches":
        """The same answer with at most `k` rows."""
        scores = None if self.scores is None else self.scores[:k]
        return replace(self, rows=self.rows[:k], distances=self.distances[:k], scores=scores)

    def within(self, radius: int) -> int:
        """How many searched rows lie at `radius` or nearer.

        Raises:
            SearchError: The radius is negative or larger than the code.
        """
        check_radius(radius, self.bits)
        return int(self.histogram[: radius + 1].sum())


def check_radius(radius: int, bits: int) -> None:
    """Refuse a radius that no two codes of `bits` bits can have."""
    if not 0 <= radius <= bits:
        raise SearchError(
            f"The radius is {radius}, but codes of {bits} bits differ in 0 to {bits} bits; choose one in that range."
        )


def check_count(k: int | None) -> None:
    """Refuse to look for less than one neighbour."""
    if k is not None and k < 1:
        raise SearchError(f"{k} neighbours were asked for; ask for at least 1.")
