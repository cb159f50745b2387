"""What a search by real-valued distances answers, and how its nearest rows are found without sorting everything."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.search.kernels.sizes import PART
from hashviewer.search.results import Cost


@dataclass(frozen=True, slots=True, eq=False)
class ScoredMatches:
    """The ranked neighbours of a query by a real-valued distance, and the distances of all rows to it.

    Attributes:
        rows: (k,) rows, nearest first; equal distances in ascending order of the row.
        distances: (k,) their distances.
        all_distances: (N,) the distance of every row; infinite where a row was left out.
        cost: What it took.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float32]
    all_distances: NDArray[np.float32]
    cost: Cost

    @property
    def total(self) -> int:
        """How many rows were searched."""
        return int(np.isfinite(self.all_distances).sum())

    def rank_of(self, row: int) -> int | None:
        """The place of `row`, from 0, when all searched rows are sorted by (distance, row); None if not searched."""
        if not 0 <= row < len(self.all_distances) or not np.isfinite(self.all_distances[row]):
            return None
        distance = self.all_distances[row]
        nearer = np.count_nonzero(self.all_distances < distance)
        return int(nearer + np.count_nonzero(self.all_distances[:row] == distance))

    def within(self, radius: float) -> int:
        """How many searched rows lie at `radius` or nearer."""
        return int(np.count_nonzero(self.all_distances <= np.float32(radius)))

    def histogram(self, bins: int = 64) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Counts (bins,) of the searched rows and the edges (bins + 1,) between, from the least distance to the largest."""
        finite = self.all_distances[np.isfinite(self.all_distances)]
        counts, edges = np.histogram(finite, bins=bins)
        return counts.astype(np.int64), edges.astype(np.float64)


def nearest_scored(
    distances: NDArray[np.float32],
    minima: NDArray[np.float32],
    *,
    k: int | None,
    radius: float | None,
) -> NDArray[np.int64]:
    """Rows by (distance, row): at most `k`, none farther than `radius`, none at an infinite distance.

    As many parts as neighbours are wanted have a row at least as near as the k-th smallest of their minima: so only parts
    that hold something as near have to be looked at.

    Args:
        distances: (N,) distances.
        minima: (ceil(N / PART),) the smallest of each part.
        k: How many; None for all.
        radius: The largest distance wanted; None for any.
    """
    bound = np.float32(np.finfo(np.float32).max)
    if radius is not None:
        bound = min(bound, np.float32(radius))
    if k is not None and k < len(minima):
        bound = min(bound, np.partition(minima, k - 1)[k - 1])
    elif k is not None and k < len(distances):
        bound = min(bound, np.partition(distances, k - 1)[k - 1])
    candidates = _within(distances, minima, bound)
    order = np.argsort(distances[candidates], kind="stable")[:k]
    return candidates[order]


def _within(
    distances: NDArray[np.float32], minima: NDArray[np.float32], bound: np.float32
) -> NDArray[np.int64]:
    """The rows, ascending, at `bound` or nearer."""
    parts = np.flatnonzero(minima <= bound)
    if len(parts) * 4 > len(minima):
        return np.flatnonzero(distances <= bound).astype(np.int64, copy=False)
    whole = len(distances) // PART
    inner = parts[parts < whole]
    part, place = np.nonzero(distances[: whole * PART].reshape(whole, PART)[inner] <= bound)
    found = inner[part] * PART + place
    if len(inner) < len(parts):
        rest = np.flatnonzero(distances[whole * PART :] <= bound) + whole * PART
        found = np.concatenate([found, rest])
    return found.astype(np.int64, copy=False)


def check_scored(k: int | None, radius: float | None) -> None:
    """Refuse a count below one or a radius that is not a number."""
    if k is not None and k < 1:
        raise SearchError(f"{k} neighbours were asked for; ask for at least 1.")
    if radius is not None and np.isnan(radius):
        raise SearchError("The radius is not a number; give one, or leave it out.")
