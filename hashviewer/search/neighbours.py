"""What a table lookup answers: it knows only the rows it found, and what finding them cost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.results import Cost, Matches

ROW_BITS = 48  # of a number that holds a distance and a row
FIRST = np.ones(1, dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Rows found in hash tables.

    Attributes:
        rows: (k,) rows, nearest first; equal distances in ascending order of the row.
        distances: (k,) their Hamming distances, in bits.
        bits: Width of the codes.
        complete: The largest radius within which surely every row was found; -1 if not even the query's own bucket was
            looked into.
        exact: Whether `rows` are the very ones that a search of all codes would give.
        cost: What it took.
        found: (F,) all rows found, in the same order, of which `rows` are the first.
        found_distances: (F,) their distances.
        compared: The ranking of all codes, where they were compared after all.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.int32]
    bits: int
    complete: int
    exact: bool
    cost: Cost
    found: NDArray[np.int64]
    found_distances: NDArray[np.int32]
    compared: Matches | None = None

    @property
    def histogram(self) -> NDArray[np.int64]:
        """How many of the rows found lie at each distance: (bits + 1,)."""
        return np.bincount(self.distances, minlength=self.bits + 1).astype(np.int64)


def in_order(
    rows: NDArray[np.integer], distances: NDArray[np.integer], *, k: int | None, radius: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Different rows and their distances in the order (distance, row): at most `k`, none farther than `radius`."""
    if radius is not None:
        near = distances <= radius
        rows, distances = rows[near], distances[near]
    keys = (distances.astype(np.int64) << ROW_BITS) | rows  # a row found twice has the same key twice
    keys.sort()
    if len(keys) > 1:
        keys = keys[np.concatenate([FIRST, keys[1:] != keys[:-1]])]
    keys = keys[:k]
    return keys & ((1 << ROW_BITS) - 1), (keys >> ROW_BITS).astype(np.int32)
