"""What lies around some queries drawn from a collection, as flat scans tell it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.plan import Goal
from hashviewer.progress import Progress
from hashviewer.search import rank

EACH = 4  # queries drawn for one that is measured; the others are surveyed
MOST_NEAR = 2000  # rows of an exact answer that are looked at one by one


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The rows of one query's exact answer, ties at its end included.

    Attributes:
        rows: (n,) rows, by distance; at most so many of them.
        distances: (n,) in bits.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Queries, and what lies around them.

    Attributes:
        queries: (Q,) their rows.
        histograms: (Q, bits + 1) how many codes lie at each distance, the query itself included.
        near: The exact answer of each.
    """

    queries: NDArray[np.int64]
    histograms: NDArray[np.int64]
    near: tuple[Near, ...]

    def part(self, places: NDArray[np.int64]) -> "Seen":
        """Some of the queries, by their places (n,)."""
        return Seen(
            self.queries[places],
            self.histograms[places],
            tuple(self.near[place] for place in places.tolist()),
        )

    def limits(self, goal: Goal) -> NDArray[np.int64]:
        """(Q,) the distance of the last row of the exact answer; that of the radius where this is the goal."""
        within = self.histograms.cumsum(axis=1)
        if goal.radius is not None:
            return np.full(len(within), goal.radius, dtype=np.int64)
        limits: NDArray[np.int64] = (within >= self.wanted(goal)[:, None]).argmax(axis=1)
        return limits

    def wanted(self, goal: Goal) -> NDArray[np.int64]:
        """(Q,) how many rows the exact answer has."""
        within = self.histograms.cumsum(axis=1)
        wanted: NDArray[np.int64]
        if goal.k is None:
            wanted = within[:, goal.radius]
            return wanted
        wanted = np.minimum(within[:, -1], goal.k)
        return wanted


def look(
    codes: NDArray[np.uint8], bits: int, goal: Goal, rows: NDArray[np.int64], progress: Progress
) -> Seen:
    """Ask some queries by a flat scan.

    Args:
        codes: (N, W) the collection, at least one.
        bits: Width of the codes.
        goal: What is to be found.
        rows: (Q,) rows to ask.
        progress: Told the queries done; may cancel.
    """
    histograms, near = [], []
    for done, row in enumerate(rows.tolist()):
        progress(done, len(rows), "Looking at the collection")
        found = rank(codes[row], codes, bits, k=goal.k, radius=goal.radius)
        limit = int(found.distances[-1]) if goal.radius is None else goal.radius
        histograms.append(found.histogram)
        near.append(_near(found.all_distances, limit))
    return Seen(rows, np.array(histograms), tuple(near))


def draw(
    codes: NDArray[np.uint8],
    bits: int,
    goal: Goal,
    *,
    queries: int,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[Seen, Seen]:
    """Queries to survey, and others to measure; each a fair sample of how crowded the surroundings of a photo are.

    Rows are drawn at random, put in the order of the distance of their last neighbour (or of their number of
    neighbours), and every fourth is measured. So a few queries stand for all, though crowds differ a great deal.

    Args:
        codes: (N, W) the collection, at least one.
        bits: Width of the codes.
        goal: What is to be found.
        queries: How many to measure; three times as many are surveyed.
        rng: Draws them.
        progress: Told the queries looked at; may cancel.
    """
    count = EACH * queries
    pool = rng.choice(len(codes), count, replace=len(codes) < count).astype(np.int64)
    seen = look(codes, bits, goal, pool, progress)
    limits = seen.limits(goal)
    within = seen.histograms.cumsum(axis=1)[np.arange(count), limits]
    order = np.argsort(limits - within / (len(codes) + 1), kind="stable")
    chosen = np.arange(count) % EACH == EACH // 2
    return seen.part(order[~chosen]), seen.part(order[chosen])


def in_fair_order(count: int) -> list[int]:
    """The numbers 0…count - 1 so that the first few, however many, are spread evenly over all.

    They stand in the order of their binary digits read backwards, as in van der Corput's sequence.
    """
    digits = max((count - 1).bit_length(), 1)
    return sorted(range(count), key=lambda number: int(f"{number:0{digits}b}"[::-1], 2))


def _near(distances: NDArray[np.unsignedinteger], limit: int) -> Near:
    rows = np.flatnonzero(distances <= limit)
    there = distances[rows].astype(np.int32)
    order = np.argsort(there, kind="stable")[:MOST_NEAR]
    return Near(rows[order], there[order])
