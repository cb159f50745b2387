"""All photo segments of a library as one table; immutable, its columns are read when first asked for."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.library.photo_segment import NUMBERS, PhotoSegment


@dataclass(frozen=True, slots=True)
class PhotoTable:
    """Photos by row.

    Attributes:
        segments: Ascending, without gaps: lost stretches are blank segments.
        columns: The columns read so far, by name.
    """

    segments: tuple[PhotoSegment, ...]
    columns: dict[str, NDArray[Any]] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return self.segments[-1].first_row + self.segments[-1].rows if self.segments else 0

    def locate(self, row: int) -> tuple[PhotoSegment, int]:
        """The segment that holds a row, and the row's place in it."""
        segment = self.segments[bisect_right(self.segments, row, key=lambda segment: segment.first_row) - 1]
        return segment, row - segment.first_row

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Bytes of each file: (N,)."""
        return self._column("size")

    @property
    def mtimes(self) -> NDArray[np.int64]:
        """Time of last change, ns since 1970: (N,)."""
        return self._column("mtime_ns")

    @property
    def widths(self) -> NDArray[np.int32]:
        """Width in px, upright: (N,)."""
        return self._column("width")

    @property
    def heights(self) -> NDArray[np.int32]:
        """Height in px, upright: (N,)."""
        return self._column("height")

    @property
    def orientations(self) -> NDArray[np.uint8]:
        """EXIF orientation 1…8 as found: (N,)."""
        return self._column("orientation")

    @property
    def taken(self) -> NDArray[np.float64]:
        """When pictures were taken, s since 1970; NaN = unknown: (N,)."""
        return self._column("taken")

    @property
    def path_hashes(self) -> NDArray[np.uint64]:
        """Hashes of the paths as written, 0 for lost photos: (N,)."""
        return self._column("path_hash")

    @property
    def labels(self) -> NDArray[np.int32]:
        """Index into `label_names`, -1 = none: (N,)."""
        return self._column("label")

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels, first used first."""
        return tuple(dict.fromkeys(name for segment in self.segments for name in segment.label_names))

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Photos whose data is gone: (N,)."""
        lost = np.zeros(len(self), np.bool_)
        for segment in self.segments:
            lost[segment.first_row : segment.first_row + segment.rows] = segment.blank
        return lost

    def keeping(self, earlier: "PhotoTable") -> "PhotoTable":
        """This table with the columns that an earlier one has read: only new rows are read."""
        if any(segment.blank for segment in (*self.segments, *earlier.segments)):
            return self
        read = {name: self._grown(name, column) for name, column in earlier.columns.items()}
        return PhotoTable(self.segments, read)

    def paths(self, rows: Sequence[int]) -> list[bytes]:
        """Paths of some rows as written, in the order asked for."""
        wanted = np.asarray(rows, dtype=np.int64)
        result = [b""] * len(wanted)
        owners = np.searchsorted(self._starts, wanted, side="right") - 1
        for owner in np.unique(owners).tolist():
            places = np.flatnonzero(owners == owner).tolist()
            segment = self.segments[owner]
            local = [int(wanted[place]) - segment.first_row for place in places]
            for place, path in zip(places, segment.paths(local), strict=True):
                result[place] = path
        return result

    def all_paths(self) -> list[bytes]:
        """Every path as written, by row."""
        return [path for segment in self.segments for path in segment.all_paths()]

    def contents(self, rows: NDArray[np.int64]) -> list[str]:
        """Content hashes of some ascending rows."""
        result: list[str] = []
        bounds = np.searchsorted(rows, [*self._starts, len(self)])
        for segment, start, stop in zip(self.segments, bounds[:-1], bounds[1:], strict=True):
            if start < stop:
                texts = segment.contents()[rows[start:stop] - segment.first_row]
                result += [text.tobytes().rstrip(b"\0").decode() for text in texts]
        return result

    @property
    def _starts(self) -> list[int]:
        return [segment.first_row for segment in self.segments]

    def _column(self, name: str) -> NDArray[Any]:
        found = self.columns.get(name)
        if found is None:
            found = self.columns[name] = self._grown(name, np.zeros(0, NUMBERS[name][0]))
        return found

    def _grown(self, name: str, column: NDArray[Any]) -> NDArray[Any]:
        parts = [column]
        for segment in self.segments:
            if segment.first_row + segment.rows > len(column):
                values = segment.numbers(name)
                if name == "label":
                    values = self._renumbered(segment, values)
                parts.append(values[max(len(column) - segment.first_row, 0) :])
        return np.concatenate(parts)

    def _renumbered(self, segment: PhotoSegment, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        numbers = {name: number for number, name in enumerate(self.label_names)}
        return np.array([*(numbers[name] for name in segment.label_names), -1], np.int32)[labels]
