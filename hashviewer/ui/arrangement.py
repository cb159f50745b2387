"""Which photos the grid shows and in which order: pure functions on arrays."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hashviewer.search import Matches
from hashviewer.ui.explorer import Order, RowFilter

if TYPE_CHECKING:
    from hashviewer.library import Library


SAMPLE = 2_000  # pictures whose shapes are looked at


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """The photos in the order shown.

    Attributes:
        rows: (n,) rows of the library, by place.
        distances: (n,) Hamming distance of each to the query, -1 where it was not searched; None without a query.
        by_rank: Whether they stand in ascending order of distance, so that a radius parts them by one line.
        total: How many photos there are in all of which these are shown: those searched, else those of the library.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.int32] | None = None
    by_rank: bool = False
    total: int = 0

    def cut(self, radius: int) -> int | None:
        """The place before which the radius line stands; None when one line cannot part them or nothing lies beyond."""
        if not self.by_rank or self.distances is None:
            return None
        place = int(np.searchsorted(self.distances, radius, side="right"))
        return place if place < len(self.distances) else None


EMPTY = Arrangement(np.zeros(0, dtype=np.int64))


def arrange(
    library: "Library", matches: Matches | None, row_filter: RowFilter | None, order: Order
) -> Arrangement:
    """What the grid shows.

    Without a query the whole library, narrowed by the filter; with one the ranked neighbours. A filter that
    narrows the display alone shows all of its photos, those beyond the k nearest too.
    """
    alive = library.alive
    if matches is None:
        rows = np.flatnonzero(alive) if row_filter is None else _living(row_filter.rows, alive)
        return Arrangement(ordered(library, rows, order), total=int(np.count_nonzero(alive)))
    rows = _living(matches.rows, alive)
    if row_filter is not None and not row_filter.search:
        rows = _by_distance(_living(row_filter.rows, alive), matches)
    rows = ordered(library, rows, order)
    distances = _distances(rows, matches)
    by_rank = order is Order.RANK and bool(np.all(distances[1:] >= distances[:-1]))
    return Arrangement(rows, distances, by_rank=by_rank, total=matches.total)


def usual_shape(library: "Library") -> float:
    """Height divided by width of the middle one of the pictures, kept within 2:3 and 5:4; 1 when unknown."""
    step = max(1, len(library) // SAMPLE)
    widths, heights = library.widths[::step], library.heights[::step]
    known = (widths > 0) & (heights > 0)
    if not known.any():
        return 1.0
    shapes = np.sort(heights[known] / widths[known])
    return float(np.clip(shapes[len(shapes) // 2], 2 / 3, 5 / 4))  # np.median imports numpy.ma, for 70 ms


def ordered(library: "Library", rows: NDArray[np.int64], order: Order) -> NDArray[np.int64]:
    """The same rows sorted; by rank they stay as they are. Photos without a date come last."""
    if order is Order.RANK or len(rows) < 2:
        return rows
    if order is Order.DATE:
        return rows[np.argsort(_dates(library)[rows], kind="stable")]
    if len(rows) > len(library) // 4:
        wanted = np.zeros(len(library), dtype=np.bool_)
        wanted[rows] = True
        by_name = library.name_order()
        return by_name[wanted[by_name]]
    paths = library.paths(rows)
    return rows[sorted(range(len(rows)), key=paths.__getitem__)]


def _dates(library: "Library") -> NDArray[np.float64]:
    """(N,) seconds since 1970: when it was taken, else when the file was changed."""
    taken = library.taken
    return np.where(np.isnan(taken), library.mtimes / 1e9, taken)


def _living(rows: NDArray[np.int64], alive: NDArray[np.bool_]) -> NDArray[np.int64]:
    inside = rows[rows < len(alive)]
    return inside[alive[inside]]


def _by_distance(rows: NDArray[np.int64], matches: Matches) -> NDArray[np.int64]:
    known = rows[rows < len(matches.all_distances)]
    return known[np.argsort(matches.all_distances[known], kind="stable")]


def _distances(rows: NDArray[np.int64], matches: Matches) -> NDArray[np.int32]:
    distances = matches.all_distances[rows].astype(np.int32)
    distances[distances > matches.bits] = -1  # left out of the search
    return distances
