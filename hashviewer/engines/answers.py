"""Answers of an engine in the form of those from codes in memory."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.search import Cost, Matches

Distances = NDArray[np.unsignedinteger]

_KEPT: Any = Matches.__dict__["all_distances"]  # the place that `Matches` itself keeps them in


class Later:
    """The distances of all rows, which are read when someone wants them, once.

    Args:
        read: Gives them (N,).
        place_of: How many searched rows stand before a row; None if it was not searched.
    """

    def __init__(self, read: Callable[[], Distances], place_of: Callable[[int], int | None]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._distances: Distances | None = None
        self.place_of = place_of

    def get(self) -> Distances:
        """(N,) the distances."""
        with self._lock:
            if self._distances is None:
                self._distances = self._read()
            return self._distances


class EngineMatches(Matches):
    """Matches whose `all_distances` may still be at the engine, given as a `Later`."""

    __slots__ = ()

    @property
    def all_distances(self) -> Distances:
        """(N,) the Hamming distance of every row, asked of the engine when first wanted; may raise EngineError."""
        kept = _KEPT.__get__(self)
        distances: Distances = kept.get() if isinstance(kept, Later) else kept
        return distances

    @all_distances.setter
    def all_distances(self, value: Distances) -> None:
        _KEPT.__set__(self, value)

    def rank_of(self, row: int) -> int | None:
        """The place of `row`, from 0, asked of the engine."""
        kept = _KEPT.__get__(self)
        return kept.place_of(row) if isinstance(kept, Later) else super().rank_of(row)

    def first(self, k: int | None) -> "EngineMatches":
        """The same answer with at most `k` rows."""
        return self.with_rows(self.rows[:k], self.distances[:k])

    def with_rows(
        self,
        rows: NDArray[np.int64],
        distances: NDArray[np.int32],
        *,
        reranked: int | None = None,
        cost: Cost | None = None,
    ) -> "EngineMatches":
        """The same answer with other rows (k,) at these distances (k,)."""
        return EngineMatches(
            rows=rows,
            distances=distances,
            histogram=self.histogram,
            all_distances=_KEPT.__get__(self),
            bits=self.bits,
            cost=self.cost if cost is None else cost,
            reranked=self.reranked if reranked is None else reranked,
        )
