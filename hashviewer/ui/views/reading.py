"""What several views read from the explorer."""

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.search import Matches
from hashviewer.ui.explorer import Explorer, Results
from hashviewer.workspace import Query


def answered(explorer: Explorer) -> bool:
    """Whether the results answer the present query; if not, what shows them is to be dimmed."""
    return explorer.results is not None and explorer.results.query is explorer.query


def bits_of(explorer: Explorer, query: Query) -> int | None:
    """Width of the query's code; None when its code set is no longer open."""
    if query.outputs is not None:
        return len(query.outputs)
    if explorer.workspace is None:
        return None
    known = (info.bits for info in explorer.workspace.code_sets if info.key == query.codes)
    return next(known, None)


def compared_row(explorer: Explorer) -> int | None:
    """The selected photo that the query is compared with; None without one, and for the query itself."""
    current = explorer.selection.current
    query = explorer.query
    return None if query is None or current is None or current == query.row else current


def differing_bits(explorer: Explorer) -> tuple[int, ...]:
    """The bits in which the selected photo differs from the query; none without one, or until it is answered.

    An answered query means that the codes are in memory.
    """
    row, query, workspace = compared_row(explorer), explorer.query, explorer.workspace
    if row is None or query is None or workspace is None or not answered(explorer):
        return ()
    try:
        code = workspace.code_of(row, query.codes)
    except SearchError:  # not encoded yet
        return ()
    return workspace.differing_bits(query.nearest_to(code), code, codes=query.codes)


def distance_of(matches: Matches, row: int) -> int | None:
    """How far a row is from the query, in bits; None if it was not searched."""
    if row >= len(matches.all_distances):
        return None
    distance = int(matches.all_distances[row])
    return distance if distance <= matches.bits else None


def selected_distances(results: Results, rows: tuple[int, ...]) -> NDArray[np.int64]:
    """How many of `rows` lie at each distance 0…bits: (bits + 1,)."""
    matches = results.matches
    chosen = np.fromiter(rows, dtype=np.int64, count=len(rows))
    distances = matches.all_distances[chosen[chosen < len(matches.all_distances)]]
    counts = np.bincount(distances[distances <= matches.bits], minlength=matches.bits + 1)
    return counts.astype(np.int64, copy=False)


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: "1 photo", "84,310 photos"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def signed(value: float) -> str:
    """A number with its sign, "+0.42" or "−0.42"."""
    return f"{value:+.2f}".replace("-", "−")
