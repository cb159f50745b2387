"""One ranking from several, by the places alone: for rankings whose distances cannot be compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError

DAMPING = 60.0  # of the original paper: Cormack, Clarke, Büttcher, "Reciprocal rank fusion", SIGIR 2009


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """A fused ranking.

    Attributes:
        rows: (k,) rows, best first; equal scores in ascending order of the row.
        scores: (k,) sum over the rankings of weight / (damping + place), places from 1.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]


def fuse(
    rankings: Sequence[NDArray[np.int64]],
    *,
    k: int | None = None,
    weights: Sequence[float] | None = None,
    damping: float = DAMPING,
) -> Fused:
    """Fuse rankings by reciprocal rank; a row that a ranking lacks gets nothing from it.

    Args:
        rankings: The rows of each ranking, best first, each row once.
        k: At most so many rows; None for all.
        weights: One for each ranking, finite, 0 or more; None weighs all alike.
        damping: How little the first places stand out, above 0.

    Raises:
        SearchError: There is no ranking, or k, a weight or the damping is out of range.
    """
    shares = [1.0] * len(rankings) if weights is None else list(weights)
    if not rankings or len(shares) != len(rankings):
        raise SearchError(
            f"{len(rankings)} rankings and {len(shares)} weights cannot be fused; give one weight for each."
        )
    if k is not None and k < 1:
        raise SearchError(f"{k} neighbours were asked for; ask for at least 1.")
    if not all(np.isfinite(share) and share >= 0 for share in shares) or not 0 < damping < np.inf:
        raise SearchError("A weight is negative or not a finite number; give numbers of 0 or more.")
    gains = [
        share / (damping + 1 + np.arange(len(rows))) for share, rows in zip(shares, rankings, strict=True)
    ]
    rows, place = np.unique(np.concatenate(list(rankings)), return_inverse=True)
    scores: NDArray[np.float64] = np.bincount(
        place, weights=np.concatenate(gains), minlength=len(rows)
    ).astype(np.float64)
    order = np.argsort(-scores, kind="stable")[:k]
    return Fused(rows=rows[order].astype(np.int64, copy=False), scores=scores[order])
