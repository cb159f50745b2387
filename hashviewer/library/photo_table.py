"""All photo segments of a library as one table; immutable, its columns are read when first asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.library.photo_segment import PhotoSegment


@dataclass(frozen=True)
class PhotoTable:
    """Photos by row.

    Attributes:
        segments: Ascending, without gaps: lost stretches are blank segments.
    """

    segments: tuple[PhotoSegment, ...]

    def __len__(self) -> int:
        return self.segments[-1].first_row + self.segments[-1].rows if self.segments else 0

    def locate(self, row: int) -> tuple[PhotoSegment, int]:
        """The segment that holds a row, and the row's place in it."""
        segment = self.segments[int(np.searchsorted(self._starts, row, side="right")) - 1]
        return segment, row - segment.first_row

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Bytes of each file: (N,)."""
        return self._column("size")

    @cached_property
    def mtimes(self) -> NDArray[np.int64]:
        """Time of last change, ns since 1970: (N,)."""
        return self._column("mtime_ns")

    @cached_property
    def widths(self) -> NDArray[np.int32]:
        """px, upright: (N,)."""
        return self._column("width")

    @cached_property
    def heights(self) -> NDArray[np.int32]:
        """px, upright: (N,)."""
        return self._column("height")

    @cached_property
    def orientations(self) -> NDArray[np.uint8]:
        """EXIF orientation 1…8 as found: (N,)."""
        return self._column("orientation")

    @cached_property
    def taken(self) -> NDArray[np.float64]:
        """When pictures were taken, s since 1970; NaN = unknown: (N,)."""
        return self._column("taken")

    @cached_property
    def labelling(self) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """Label names, first used first, and the label of each photo (N,), -1 = none."""
        numbers: dict[str, int] = {}
        columns = []
        for segment in self.segments:
            names = [numbers.setdefault(name, len(numbers)) for name in segment.label_names()]
            columns.append(np.array([*names, -1], np.int32)[segment.numbers("label")])
        return tuple(numbers), _joined(columns, np.int32)

    @cached_property
    def path_hashes(self) -> NDArray[np.uint64]:
        """Hashes of the paths as written, 0 for lost photos: (N,)."""
        return self._column("path_hash")

    @cached_property
    def lost(self) -> NDArray[np.bool_]:
        """Photos whose data is gone: (N,)."""
        return _joined([np.full(segment.rows, segment.blank) for segment in self.segments], np.bool_)

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

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.array([segment.first_row for segment in self.segments], np.int64)

    def _column(self, name: str) -> NDArray[Any]:
        return _joined([segment.numbers(name) for segment in self.segments], None)


def _joined(columns: Iterable[NDArray[Any]], dtype: Any) -> NDArray[Any]:  # noqa: ANN401 - numpy's DTypeLike
    found = list(columns)
    joined = np.concatenate(found) if found else np.zeros(0, dtype or np.float64)
    return joined if dtype is None else joined.astype(dtype, copy=False)
