"""Hash tables as `SearchHow` asks for them: building, probing, and laying out what was found over all rows."""

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.search.how import SearchHow
from hashviewer.search.kernels.sizes import LAST_SMALL
from hashviewer.search.lookup import BucketTable
from hashviewer.search.memory import empty
from hashviewer.search.multi_index import MultiIndex
from hashviewer.search.neighbours import Neighbours
from hashviewer.search.probes import within
from hashviewer.search.results import Matches, not_searched
from hashviewer.search.tables import Tables, rank_by_tables

Index: TypeAlias = BucketTable | MultiIndex
ROUNDING = 1 - 1e-5  # scores are sums of 32-bit numbers


def build_index(
    codes: NDArray[np.uint8], bits: int, how: SearchHow, *, rows: NDArray[np.bool_] | None = None
) -> Index:
    """The tables that a search by lookup needs. Takes seconds for millions of codes.

    Args:
        codes: Packed codes (N, W).
        bits: Width of the codes.
        how: How it will be searched.
        rows: (N,) True for the rows to index; None indexes all.

    Raises:
        SearchError: Something does not fit, or a ranking needs no tables.
    """
    how.check(bits)
    if how.mode == "lookup":
        return BucketTable.build(codes, bits, rows=rows)
    if how.mode == "multi":
        return MultiIndex.build(codes, bits, tables=how.tables, rows=rows)
    raise SearchError("A ranking of all codes needs no tables; choose “lookup” or “multi”.")


def look_up(
    query: NDArray[np.uint8],
    index: Index,
    how: SearchHow,
    *,
    margins: NDArray[np.float64] | None = None,
    weighing: Tables | None = None,
    k: int | None = None,
    radius: int | None = None,
    rows: NDArray[np.bool_] | None = None,
) -> Neighbours:
    """What the tables find, ordered by the Hamming distance.

    One table is probed as far as `how` says, whatever `k` is; several as far as `k` neighbours need.

    Args:
        query: One packed code (W,).
        index: From `build_index` for the same `how`.
        how: How far to look.
        margins: (bits,) |output| of the query, for probing by confidence.
        weighing: By what the rows will be ordered; None for the Hamming distance.
        k: How many are wanted; None for all.
        radius: Only rows at this distance or nearer are wanted; None for any.
        rows: (N,) True for the rows to find; None finds all.

    Raises:
        SearchError: Something does not fit.
    """
    last = index.bits if radius is None else radius
    if isinstance(index, BucketTable):
        if margins is not None:
            probes = within(index.bits, how.reach if how.reach < index.bits else index.bits)
            return index.search_uncertain(query, margins, probes=probes, rows=rows)
        return index.search(query, radius=min(how.reach, last), rows=rows)
    last = min(last, index.bits if how.probe is None else how.probe)
    found = index.search(query, k=k, radius=last, rows=rows)
    while weighing is not None and k is not None and found.compared is None and found.complete < last:
        scores = np.sort(rank_by_tables(weighing, index.codes[found.found], k=1).all_distances)
        if len(scores) >= k and scores[k - 1] < least_beyond(weighing, query, found.complete, index.bits):
            break
        spent = found.cost
        found = index.search(query, radius=found.complete + 1, rows=rows)
        found = replace(found, cost=found.cost.plus(spent))
    return found


def least_beyond(weighing: Tables, query: NDArray[np.uint8], radius: int, bits: int) -> float:
    """What a code that differs in more than `radius` bits scores at least: as much as so many of the least weights.

    Args:
        weighing: Tables of a weighted distance.
        query: (W,) the code that they weigh the differences from.
        radius: In bits.
        bits: Width of the codes.
    """
    if radius >= bits:
        return float("inf")
    bit = np.arange(bits)
    byte = bit // 8
    differing = weighing.values[byte, query[byte] ^ (0x80 >> bit % 8).astype(np.uint8)]
    weights = np.sort(differing - weighing.values[byte, query[byte]])
    return float(weighing.offset + weights[: radius + 1].sum()) * ROUNDING


def laid_out(found: Neighbours, count: int, *, radius: int | None) -> Matches:
    """The rows found as an answer about all `count` rows, whether it is exact left open."""
    rows, distances = found.found, found.found_distances
    everyone: NDArray[np.unsignedinteger] = (
        empty(count, np.uint8) if found.bits <= LAST_SMALL else empty(count, np.uint16)
    )
    everyone[:] = not_searched(everyone)
    everyone[rows] = distances
    inside = slice(None) if radius is None else distances <= radius
    return Matches(
        rows=rows[inside],
        distances=distances[inside],
        histogram=np.bincount(distances, minlength=found.bits + 1).astype(np.int64),
        all_distances=everyone,
        bits=found.bits,
        cost=found.cost,
        exact=False,
        complete=found.complete,
    )
