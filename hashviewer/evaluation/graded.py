"""Figures for items that share more or fewer labels with a query: NDCG, ACG, WAP."""

import numpy as np
from numpy.typing import NDArray


def normalised_gain(
    distances: NDArray[np.integer], grades: NDArray[np.integer], *, at: int | None = None
) -> float:
    """Expected NDCG over random orders of equal distances; 1 where nothing is relevant.

    Args:
        distances: (N,) not negative.
        grades: (N,) how many labels an item shares with the query.
        at: How many places count; None for all.
    """
    levels = int(grades.max(initial=0)) + 1
    places = distances.astype(np.int64) * levels + grades
    size = (int(distances.max(initial=0)) + 1) * levels
    counts = np.bincount(places, minlength=size).reshape(1, -1, levels)
    return float(normalised_gain_of_counts(counts, at=at)[0])


def normalised_gain_of_counts(counts: NDArray[np.int64], *, at: int | None = None) -> NDArray[np.float64]:
    """Expected NDCG of several queries: (q,).

    The gain of an item is 2^grade - 1, its discount 1 / log2(place + 1); the ideal is over all items.

    Args:
        counts: (q, D, G + 1) how many items lie at each distance and share 0…G labels.
        at: How many places count; None for all.
    """
    most = int(counts.sum(axis=(1, 2)).max(initial=0))
    last = most if at is None else min(at, most)
    discounts = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, last + 2)))])
    gains = np.exp2(np.arange(counts.shape[2])) - 1
    items = counts.sum(axis=2)
    means = np.divide(counts @ gains, items, out=np.zeros(items.shape), where=items > 0)
    ideal = _discounted(counts.sum(axis=1)[:, ::-1], gains[::-1], discounts)
    found = _discounted(items, means, discounts)
    return np.divide(found, ideal, out=np.ones(len(found)), where=ideal > 0)


def average_gain(grades: NDArray[np.integer], *, at: int | None = None) -> float:
    """ACG: mean number of shared labels among the first `at` places of a ranking (N,) whose order is given."""
    places = len(grades) if at is None else at
    return float(average_gains(grades[None, :places], at=np.array([places]))[0])


def average_gains(grades: NDArray[np.integer], *, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """ACG of several queries (q,), from the grades at their first places (q, F), 0 beyond the `at` (q,) that count."""
    means: NDArray[np.float64] = grades.sum(axis=1, dtype=np.int64) / np.maximum(at, 1)
    return means


def weighted_precision(grades: NDArray[np.integer], *, at: int | None = None) -> float:
    """WAP: mean over the relevant places k among the first `at` of the ACG at k; may exceed 1."""
    return float(weighted_precisions(grades[None, :at])[0])


def weighted_precisions(grades: NDArray[np.integer]) -> NDArray[np.float64]:
    """WAP of several queries (q,), from the grades at their first places (q, F)."""
    means = np.cumsum(grades, axis=1, dtype=np.float64) / np.arange(1, grades.shape[1] + 1)
    hits = grades > 0
    wap: NDArray[np.float64] = (means * hits).sum(axis=1) / np.maximum(hits.sum(axis=1), 1)
    return wap


def _discounted(
    items: NDArray[np.int64], gains: NDArray[np.float64], discounts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(q,) sums over groups (q, D) in order: mean gain of the group times the discounts of its places."""
    ends = np.minimum(np.cumsum(items, axis=1), len(discounts) - 1)
    starts = np.concatenate([np.zeros((len(ends), 1), dtype=np.int64), ends[:, :-1]], axis=1)
    total: NDArray[np.float64] = (gains * (discounts[ends] - discounts[starts])).sum(axis=1)
    return total
