"""Figures for items that share more or fewer labels with a query: NDCG, ACG, WAP."""

import numpy as np
from numpy.typing import NDArray


def normalised_gain(
    distances: NDArray[np.integer], grades: NDArray[np.integer], *, at: int | None = None
) -> float:
    """Expected NDCG over random orders of equal distances; 1 where nothing is relevant.

    The gain of an item is 2^grade - 1, its discount 1 / log2(place + 1); the ideal is over all items.

    Args:
        distances: (N,) not negative.
        grades: (N,) how many labels an item shares with the query.
        at: How many places count; None for all.
    """
    last = len(grades) if at is None else min(at, len(grades))
    discounts = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, last + 2)))])
    gains = np.exp2(grades) - 1
    items = np.bincount(distances)
    ideal = _discounted(np.bincount(grades.max(initial=0) - grades), np.exp2(_levels(grades)) - 1, discounts)
    if ideal == 0:
        return 1.0
    sums = np.bincount(distances, weights=gains)
    means = np.divide(sums, items, out=np.zeros(len(items)), where=items > 0)
    return float(_discounted(items, means, discounts) / ideal)


def average_gain(grades: NDArray[np.integer], *, at: int | None = None) -> float:
    """ACG: mean number of shared labels among the first `at` places of a ranking (N,) whose order is given."""
    places = len(grades) if at is None else at
    return float(grades[:places].sum() / places)


def weighted_precision(grades: NDArray[np.integer], *, at: int | None = None) -> float:
    """WAP: mean over the relevant places k among the first `at` of the ACG at k; may exceed 1."""
    head = grades[:at].astype(np.float64)
    means = np.cumsum(head) / np.arange(1, len(head) + 1)
    return float(means[head > 0].mean()) if (head > 0).any() else 0.0


def _levels(grades: NDArray[np.integer]) -> NDArray[np.int64]:
    """The grades from the highest down to 0."""
    return np.arange(int(grades.max(initial=0)), -1, -1)


def _discounted(
    items: NDArray[np.int64], gains: NDArray[np.float64], discounts: NDArray[np.float64]
) -> float:
    """Sum over groups in order: mean gain of the group times the discounts of its places."""
    ends = np.minimum(np.cumsum(items), len(discounts) - 1)
    starts = np.concatenate([[0], ends[:-1]])
    return float((gains[: len(items)] * (discounts[ends] - discounts[starts])).sum())
