"""Average precision of one ranking, with its tie rule said.

Hamming distances take few values, so most of a ranking is tied, and a sorted list hides how much its order is
luck. The tie-aware value is the mean over all orders of the tied items; the bounds put the relevant ones first
or last. All follow from how many items, and how many relevant ones, lie at each distance: nothing is sorted.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Normaliser = Literal["found", "total", "smaller"]


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """Average precision of one query over its whole ranking, 0…1; all 0 without a relevant item.

    Attributes:
        tie_aware: Expected value over random orders of the items at equal distances.
        optimistic: Relevant items first among equals: no order gives more.
        pessimistic: Relevant items last among equals: no order gives less.
    """

    tie_aware: float
    optimistic: float
    pessimistic: float


def average_precision(distances: NDArray[np.generic], relevant: NDArray[np.bool_]) -> AveragePrecision:
    """Average precision of a ranking by ascending distance.

    Args:
        distances: (N,) of any number type; for a similarity hand in its negative. Equal values are ties.
        relevant: (N,) True for the relevant items.
    """
    _, group = np.unique(distances, return_inverse=True)
    items = np.bincount(group)
    found = np.bincount(group[relevant], minlength=len(items))
    values = average_precision_of_counts(items[None], found[None])
    return AveragePrecision(*(float(value[0]) for value in values))


def average_precision_of_counts(
    items: NDArray[np.int64], relevant: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Tie-aware, optimistic and pessimistic average precision of many queries: three arrays (Q,).

    The sums over places inside a group of ties are differences of harmonic numbers:
    sum of (a + t) / (b + t) for t = 1…n is n + (a - b) * (H(b + n) - H(b)).

    Args:
        items: (Q, D) how many items lie at each distance, nearest first.
        relevant: (Q, D) how many of them are relevant.
    """
    harmonic = _harmonic(int(items.sum(axis=1).max(initial=0)))
    before = np.cumsum(items, axis=1) - items  # (Q, D) items nearer than this group
    hits = np.cumsum(relevant, axis=1) - relevant  # (Q, D) relevant items nearer than this group
    others = items - relevant
    spread = harmonic[before + items] - harmonic[before]
    step = np.where(items > 1, (relevant - 1) / np.maximum(items - 1, 1), 0.0)
    expected = step * items + (hits + 1 - step - step * before) * spread
    share = np.divide(relevant, items, out=np.zeros(items.shape), where=items > 0)
    best = relevant + (hits - before) * (harmonic[before + relevant] - harmonic[before])
    worst = relevant + (hits - before - others) * (harmonic[before + items] - harmonic[before + others])
    total = np.maximum(relevant.sum(axis=1), 1)
    return (
        (share * expected).sum(axis=1) / total,
        best.sum(axis=1) / total,
        worst.sum(axis=1) / total,
    )


def average_precision_at(
    relevant: NDArray[np.bool_], *, at: int | None = None, normaliser: Normaliser = "found"
) -> float:
    """Average precision of the first `at` places of a ranking whose order is given.

    Args:
        relevant: (N,) whether the item at each place is relevant, nearest first, over the whole ranking.
        at: How many places count; None for all.
        normaliser: What the sum is divided by: "found" the relevant items among the first `at` (what most
            hashing papers print), "total" all relevant ones, "smaller" the smaller of `at` and all relevant ones.
    """
    places = len(relevant) if at is None else min(at, len(relevant))
    head = relevant[:places]
    found = np.cumsum(head)
    gained = float((found / np.arange(1, places + 1))[head].sum())
    total = int(np.count_nonzero(relevant))
    divisor = {"found": int(np.count_nonzero(head)), "total": total, "smaller": min(places, total)}[
        normaliser
    ]
    return gained / divisor if divisor else 0.0


def interpolated_average_precision(relevant: NDArray[np.bool_]) -> float:
    """The 21-point interpolated average precision of a ranking (N,) whose order is given.

    The mean over recall levels 0, 0.05, …, 1 of the best precision at that recall or higher. Recalls are
    compared as whole numbers: 0.6 computed in two ways differs in floating point.
    """
    total = int(np.count_nonzero(relevant))
    if total == 0:
        return 0.0
    found = np.cumsum(relevant)
    precision = found / np.arange(1, len(relevant) + 1)
    return float(np.mean([precision[20 * found >= level * total].max() for level in range(21)]))


def chance_average_precision(items: int, relevant: int) -> float:
    """Tie-aware average precision where all items are tied: q + (H_N / N)(1 - q), q = (N+ - 1) / (N - 1)."""
    return float(chance_average_precisions(np.array([items]), np.array([relevant]))[0])


def chance_average_precisions(items: NDArray[np.int64], relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """`chance_average_precision` of several queries: (Q,) from (Q,) and (Q,)."""
    harmonic = _harmonic(int(items.max(initial=0)))
    q = (relevant - 1) / np.maximum(items - 1, 1)
    values = q + harmonic[items] / np.maximum(items, 1) * (1 - q)
    return np.where(relevant == 0, 0.0, np.where(items == 1, 1.0, values))


def _harmonic(last: int) -> NDArray[np.float64]:
    """The harmonic numbers H(0)…H(last): (last + 1,)."""
    return np.concatenate([[0.0], np.cumsum(1 / np.arange(1, last + 1))])
