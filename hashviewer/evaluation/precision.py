"""Precision and recall: at a place of the ranking, and within a Hamming radius."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Share of the items taken that are relevant, and share of the relevant items taken; both 0…1.

    Attributes:
        precision: 0 where nothing was taken.
        recall: 0 where nothing is relevant.
    """

    precision: float
    recall: float


def precision_at(items: NDArray[np.int64], relevant: NDArray[np.int64], *, at: int) -> PrecisionRecall:
    """Expected precision and recall of the first `at` places over random orders of equal distances.

    Args:
        items: (D,) how many items lie at each distance, nearest first.
        relevant: (D,) how many of them are relevant.
        at: How many places count, at least 1; the precision is divided by it even if there are fewer items.
    """
    before = np.cumsum(items) - items
    taken = np.clip(at - before, 0, items)  # (D,) items of each group among the first places
    share = np.divide(relevant, items, out=np.zeros(items.shape), where=items > 0)
    hits = float((taken * share).sum())
    return PrecisionRecall(precision=hits / at, recall=hits / max(int(relevant.sum()), 1))


def by_radius(items: NDArray[np.int64], relevant: NDArray[np.int64]) -> tuple[PrecisionRecall, ...]:
    """Precision and recall within each Hamming radius 0, 1, …: one for each of the D distances.

    Args:
        items: (D,) how many items lie at each distance.
        relevant: (D,) how many of them are relevant.
    """
    total = max(int(relevant.sum()), 1)
    return tuple(
        PrecisionRecall(precision=hits / taken if taken else 0.0, recall=hits / total)
        for taken, hits in zip(np.cumsum(items).tolist(), np.cumsum(relevant).tolist(), strict=True)
    )
