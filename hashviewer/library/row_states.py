"""What holds of each row at present: superseded, missing, moved; and who supersedes whom."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hashviewer.library import paths
from hashviewer.library.database import Database
from hashviewer.library.photo_table import PhotoTable

CHECKED = "checked_rows"  # the counter of rows whose paths have been compared with all earlier ones


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a photo is now, and its file's time of last change."""

    path: bytes
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class RowStates:
    """States by row; arrays are replaced, never changed.

    Attributes:
        alive: (N,) False where a newer row of the same path replaces this one.
        missing: (N,) True where the file has vanished.
        moved: Rows whose path or time differs from what their segment says.
        checked: Rows below this number have been compared for equal paths.
    """

    alive: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    moved: Mapping[int, Moved]
    checked: int

    def grown(self, photos: PhotoTable) -> "RowStates":
        """The same states with new rows, alive and present, for photos that were added."""
        more = max(len(photos) - len(self.alive), 0)
        return replace(
            self,
            alive=np.concatenate((self.alive, np.ones(more, np.bool_))),
            missing=np.concatenate((self.missing, np.zeros(more, np.bool_))),
        )

    def with_superseded(self, rows: Iterable[int]) -> "RowStates":
        """These rows are superseded."""
        return replace(self, alive=_set(self.alive, rows, value=False))

    def with_missing(self, rows: Iterable[int], *, missing: bool) -> "RowStates":
        """These rows' files have vanished, or are back."""
        return replace(self, missing=_set(self.missing, rows, value=missing))

    def with_moved(self, moves: Mapping[int, Moved]) -> "RowStates":
        """These rows are elsewhere now, and there."""
        return replace(
            self,
            alive=_set(self.alive, moves, value=True),
            missing=_set(self.missing, moves, value=False),
            moved={**self.moved, **moves},
        )

    def with_checked(self, rows: int) -> "RowStates":
        """Rows below `rows` have been compared."""
        return replace(self, checked=rows)


def read_states(database: Database, photos: PhotoTable) -> RowStates:
    """The states that the database knows, for all rows of `photos`."""
    rows = len(photos)
    superseded = [row for row, _ in database.select("superseded") if row < rows]
    missing = [row for (row,) in database.select("missing") if row < rows]
    moved = {row: Moved(path, mtime) for row, path, mtime in database.select("moved") if row < rows}
    states = RowStates(np.ones(rows, np.bool_), np.zeros(rows, np.bool_), moved, database.counter(CHECKED))
    return states.with_superseded(superseded).with_missing(missing, missing=True)


class PathIndex:
    """Finds rows by path: for a new row the earlier one that it supersedes.

    Args:
        hashes: Hash of each row's present path (n,).
        rows: The rows (n,).
        path_of: The present path of one of `rows`, to tell equal hashes from equal paths.
    """

    def __init__(
        self, hashes: NDArray[np.uint64], rows: NDArray[np.int64], path_of: Callable[[int], bytes]
    ) -> None:
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._rows = hashes[order], rows[order]
        self._path_of = path_of
        self._recent: dict[bytes, int] = {}

    def add(
        self, rows: Sequence[int], found: Sequence[bytes], hashes: NDArray[np.uint64]
    ) -> list[tuple[int, int]]:
        """Take in new ascending rows with these paths; pairs of superseded and new rows."""
        pairs = []
        batch: dict[bytes, int] = {}
        for row, path, earlier in zip(rows, found, self._candidates(hashes), strict=True):
            pairs += [(old, row) for old in self._with(path, earlier)]
            if path in batch:
                pairs.append((batch[path], row))
            batch[path] = row
        self._recent.update(batch)
        return pairs

    def find(self, path: bytes) -> list[int]:
        """Rows that have this path at present."""
        return self._with(path, self._candidates(paths.hashes([path]))[0])

    def move(self, row: int, path: bytes) -> None:
        """An earlier row has this path from now on."""
        self._recent[path] = row

    def _candidates(self, hashes: NDArray[np.uint64]) -> list[list[int]]:
        starts = np.searchsorted(self._hashes, hashes, side="left").tolist()
        stops = np.searchsorted(self._hashes, hashes, side="right").tolist()
        return [self._rows[start:stop].tolist() for start, stop in zip(starts, stops, strict=True)]

    def _with(self, path: bytes, candidates: list[int]) -> list[int]:
        recent = self._recent.get(path)
        if recent is not None and recent not in candidates:
            candidates = [*candidates, recent]
        return [row for row in candidates if self._path_of(row) == path]


def _set(states: NDArray[np.bool_], rows: Iterable[int], *, value: bool) -> NDArray[np.bool_]:
    changed = states.copy()
    changed[np.fromiter(rows, np.int64)] = value
    return changed
