"""Rows of some buckets whose codes are near a query's."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.kernels.compiling import I64, U8, U32, U64, kernel, part, read, written
from hashviewer.search.kernels.words import bytes_at, popcount, prefetch

Bytes: TypeAlias = NDArray[np.uint8]

# What is asked for in advance, since it lies anywhere in memory. Rows of many buckets are compared in one go: after each
# short bucket, whose end a processor guesses wrongly, it would else wait for rows and codes before it begins the next.
AHEAD = 12  # rows whose codes are asked for
BUCKETS = 8  # buckets whose rows are; where these begin is asked for twice as early
LINE = 15  # row numbers in a cache line, less one
QUEUE = 128  # rows that are compared in one go; a bucket of more is one by itself


@part
def _distance(codes: Bytes, at: int, width: int, query: NDArray[np.uint64], mask: int) -> int:
    """Distance of the code that begins at `at`: whole words, then its last eight bytes, of which `mask` counts."""
    whole = len(query) - 1
    distance = U64(0)
    for word in range(whole):
        distance += popcount(bytes_at(codes, at + 8 * word) ^ query[word])
    if at + width >= 8:
        return distance + popcount((bytes_at(codes, at + width - 8) ^ query[whole]) & mask)  # type: ignore[no-any-return]
    for byte in range(width):  # there are no eight bytes before the end of the first codes
        other = (query[whole] >> U64(8 * (8 - width + byte))) & U64(0xFF)
        distance += popcount(U64(codes[at + byte]) ^ other)
    return distance  # type: ignore[no-any-return]


@part
def _ask_for(
    starts: NDArray[np.uint32], rows: NDArray[np.uint32], probes: NDArray[np.int64], probe: int
) -> None:
    """Ask for the rows of a bucket that is soon looked into, and for where those of a later one begin."""
    if probe + 2 * BUCKETS < len(probes):
        prefetch(starts, probes[probe + 2 * BUCKETS, 1])
    if probe + BUCKETS < len(probes):
        begin = probes[probe + BUCKETS, 0] * rows.shape[1] + I64(starts[probes[probe + BUCKETS, 1]])
        prefetch(rows, begin)
        prefetch(rows, begin + LINE)


@part
def _compared(
    codes: Bytes,
    width: int,
    query: NDArray[np.uint64],
    mask: int,
    radius: int,
    queue: NDArray[np.uint32],
    found: NDArray[np.uint32],
    distances: NDArray[np.uint32],
    kept: int,
) -> int:
    """Write down those rows of a queue that are near; how many there are now."""
    for place in range(len(queue)):
        if place + AHEAD < len(queue):
            prefetch(codes, I64(queue[place + AHEAD]) * width)
        row = queue[place]
        distance = _distance(codes, I64(row) * width, width, query, mask)
        if distance <= U64(radius):
            if kept < len(found):
                found[kept] = row
                distances[kept] = distance
            kept += 1
    return kept


@kernel(
    I64(
        read(U8),
        I64,
        read(U64),
        U64,
        read(U32),
        read(U32, 2),
        read(I64, 2),
        I64,
        written(U32),
        written(U32),
        written(I64),
    )
)
def near(
    codes: Bytes,
    width: int,
    query: NDArray[np.uint64],
    mask: int,
    starts: NDArray[np.uint32],
    rows: NDArray[np.uint32],
    probes: NDArray[np.int64],
    radius: int,
    found: NDArray[np.uint32],
    distances: NDArray[np.uint32],
    cost: NDArray[np.int64],
) -> int:
    """Look into buckets and keep what is within the radius; how many there are, of which those beyond F are not written.

    Codes, `width`, `query` and `mask` are as in `hamming.narrow`, `starts` and `rows` as in `MultiIndex`; `probes` (P, 2)
    are a table and a place in `starts`. Written are `found` and `distances` (F,), a row as often as it was found, and
    `cost` (2,): the empty buckets and the rows looked at.
    """
    kept, filled = 0, 0
    queue = np.empty(QUEUE, dtype=np.uint32)
    cost[:] = 0
    for probe in range(len(probes)):
        _ask_for(starts, rows, probes, probe)
        table, bucket = probes[probe, 0], probes[probe, 1]
        start, end = I64(starts[bucket]), I64(starts[bucket + 1])
        if start == end:
            cost[0] += 1
        cost[1] += end - start
        if filled + end - start > QUEUE:
            kept = _compared(codes, width, query, mask, radius, queue[:filled], found, distances, kept)
            filled = 0
        if end - start > QUEUE:
            there = rows[table, start:end]
            kept = _compared(codes, width, query, mask, radius, there, found, distances, kept)
        else:
            for place in range(start, end):
                queue[filled] = rows[table, place]
                filled += 1
    return _compared(codes, width, query, mask, radius, queue[:filled], found, distances, kept)
