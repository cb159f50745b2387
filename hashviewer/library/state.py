"""Everything that is known about a library at one moment: segments and row states together, immutable."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hashviewer.library import paths
from hashviewer.library.loading import Segments
from hashviewer.library.photo_table import PhotoTable
from hashviewer.library.records import PhotoRecord
from hashviewer.library.row_states import PathIndex, RowStates


@dataclass(frozen=True)
class State:
    """One moment of a library.

    Attributes:
        segments: What lies on disk.
        rows: States of the rows as the database and later changes have it.
    """

    segments: Segments
    rows: RowStates

    @property
    def photos(self) -> PhotoTable:
        """All photos by row."""
        return self.segments.photos

    @cached_property
    def alive(self) -> NDArray[np.bool_]:
        """(N,) False where superseded, or where not even a damaged file is left."""
        alive = self.rows.alive.copy()
        for first, count in self.segments.gone:
            alive[first : first + count] = False
        return alive

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """(N,) True where the photo's file has vanished or its data is lost."""
        return self.rows.missing | self.photos.lost

    @cached_property
    def mtimes(self) -> NDArray[np.int64]:
        """(N,) Times of last change, ns since 1970."""
        if not self.rows.moved:
            return self.photos.mtimes
        times = self.photos.mtimes.copy()
        times[list(self.rows.moved)] = [moved.mtime_ns for moved in self.rows.moved.values()]
        return times

    @cached_property
    def labels(self) -> NDArray[np.int32]:
        """(N,) Index into `label_names`, -1 = none; of a moved photo the folder that it is in now."""
        if not self._moved_labels:
            return self.photos.labels
        numbers = {name: number for number, name in enumerate(self.label_names)}
        labels = self.photos.labels.copy()
        labels[list(self._moved_labels)] = [numbers.get(name, -1) for name in self._moved_labels.values()]
        return labels

    @cached_property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels; some may have no photo any more."""
        new = (name for name in self._moved_labels.values() if name)
        return tuple(dict.fromkeys((*self.photos.label_names, *new)))

    @cached_property
    def _moved_labels(self) -> dict[int, str]:
        """By row the labels that moved photos have now; a label that was not the folder's name is kept."""
        rows = list(self.rows.moved)
        if not rows:
            return {}
        numbers, names = self.photos.labels, (*self.photos.label_names, "")
        return {
            row: paths.first_folder(self.rows.moved[row].path)
            for row, written in zip(rows, self.photos.paths(rows), strict=True)
            if names[numbers[row]] == paths.first_folder(written)
        }

    def record(self, row: int) -> PhotoRecord:
        """All there is to know about one photo."""
        photos = self.photos
        taken = float(photos.taken[row])
        label = int(self.labels[row])
        return PhotoRecord(
            row=row,
            path=paths.decode(self.path(row)),
            size=int(photos.sizes[row]),
            mtime_ns=int(self.mtimes[row]),
            content=photos.contents(np.array([row]))[0],
            width=int(photos.widths[row]),
            height=int(photos.heights[row]),
            orientation=int(photos.orientations[row]),
            taken=None if np.isnan(taken) else taken,
            label=self.label_names[label] if label >= 0 else "",
            missing=bool(self.missing[row]),
        )

    def path(self, row: int) -> bytes:
        """Where a photo is now."""
        moved = self.rows.moved.get(row)
        if moved is not None:
            return moved.path
        segment, local = self.photos.locate(row)
        return segment.blob("path", local)

    def paths(self, rows: list[int]) -> list[bytes]:
        """Where some photos are now, in the order asked for."""
        moved = self.rows.moved
        found = self.photos.paths(rows)
        return [moved[row].path if row in moved else path for row, path in zip(rows, found, strict=True)]

    def all_paths(self) -> list[bytes]:
        """Where all photos are now, by row."""
        found = self.photos.all_paths()
        for row, moved in self.rows.moved.items():
            found[row] = moved.path
        return found

    def path_index(self, stop: int, path_of: Callable[[int], bytes]) -> PathIndex:
        """An index of the present paths of living rows below `stop`."""
        hashes = self.photos.path_hashes[:stop]
        moved = [(row, moved.path) for row, moved in self.rows.moved.items() if row < stop]
        if moved:
            hashes = hashes.copy()
            hashes[[row for row, _ in moved]] = paths.hashes(path for _, path in moved)
        rows = np.flatnonzero(self.alive[:stop] & ~self.photos.lost[:stop])
        return PathIndex(hashes[rows], rows, path_of)

    def unrecorded(self) -> list[tuple[int, int]]:
        """Superseded and newer rows that no writer came round to record before it was killed."""
        first, count = self.rows.checked, len(self.photos)
        if first >= count:
            return []
        rows = [row for row in range(first, count) if not self.photos.lost[row]]
        if not rows:
            return []
        index = self.path_index(first, self.path)
        return index.add(rows, self.paths(rows), self.photos.path_hashes[rows])
