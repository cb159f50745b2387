"""How many items lie at each distance of some queries and share labels with them, and where these stand in the ranking.

Items go by in blocks that stay in the first-level cache while all queries of the call look at them, so that the memory
is read once for all of them. Codes and label sets are whole words of 64 bits, filled up with zeros.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.kernels.compiling import F64, I64, NONE, U16, U32, U64, kernel, part, read, written
from hashviewer.search.kernels.words import popcount, word_at

ROWS = 1024  # of a block: 8 kB of codes and as much of labels, where each is one word
LANES = 4  # histograms that take turns, so that equal distances in a row do not wait for one another

Words: TypeAlias = NDArray[np.uint64]
Shorts: TypeAlias = NDArray[np.uint16]
Reals: TypeAlias = NDArray[np.float64]


@part
def _measure(codes: Words, labels: Words, query: Words, wanted: Words, far: Shorts, same: Shorts) -> int:
    """Distances and numbers of shared labels of a block; how many items it has."""
    width, sets = len(query), len(wanted)
    items = len(codes) // width
    if width == 1 and sets == 1:
        code, labelled = query[0], wanted[0]
        for row in range(items):
            far[row] = popcount(word_at(codes, row) ^ code)
            same[row] = popcount(word_at(labels, row) & labelled)
        return items
    for row in range(items):
        total = U64(0)
        for word in range(width):
            total += popcount(word_at(codes, row * width + word) ^ query[word])
        far[row] = total
        total = U64(0)
        for word in range(sets):
            total += popcount(word_at(labels, row * sets + word) & wanted[word])
        same[row] = total
    return items


@part
def _tally(far: Shorts, same: Shorts, items: int, stride: int, tables: NDArray[np.uint32]) -> None:
    one, two, three, four = tables[0], tables[1], tables[2], tables[3]
    whole = items // 4 * 4
    for row in range(0, whole, 4):
        one[U64(far[row]) * stride + U64(same[row])] += U32(1)
        two[U64(far[row + 1]) * stride + U64(same[row + 1])] += U32(1)
        three[U64(far[row + 2]) * stride + U64(same[row + 2])] += U32(1)
        four[U64(far[row + 3]) * stride + U64(same[row + 3])] += U32(1)
    for row in range(whole, items):
        one[U64(far[row]) * stride + U64(same[row])] += U32(1)


@part
def _put(
    far: Shorts,
    same: Shorts,
    items: int,
    skipped: int,
    places: Words,
    hits: Words,
    topk: int,
    sums: Reals,
    first: Shorts,
) -> None:
    """Give each item of a block the next place at its distance."""
    gains, near, found = 0.0, 0.0, 0.0
    for row in range(items):
        if row == skipped:
            continue
        distance, shared = far[row], same[row]
        place = places[distance]
        places[distance] = place + U64(1)
        if place < U64(len(first)):
            first[place] = shared
        if shared > U16(0):
            hit = hits[distance] + U64(1)
            hits[distance] = hit
            gain = F64(hit) / F64(place + U64(1))
            gains += gain
            if place < topk:
                near += gain
                found += 1.0
    sums[0] += gains
    sums[1] += near
    sums[2] += found


@kernel(NONE(read(U64), read(U64), read(U64, 2), read(U64, 2), U64, written(U32, 3)))
def count(
    codes: Words, labels: Words, queries: Words, wanted: Words, stride: int, tables: NDArray[np.uint32]
) -> None:
    """Count the items by distance and labels shared.

    Args:
        codes: (N * V,) of the items.
        labels: (N * M,) their label sets.
        queries: (q, V) codes.
        wanted: (q, M) label sets.
        stride: One more than the most labels of a query.
        tables: (q, LANES, (bits + 1) * stride) counts at distance * stride + shared; added to, and summed over lanes by
            the caller.
    """
    width, sets = queries.shape[1], wanted.shape[1]
    items = len(codes) // width
    far, same = np.empty(ROWS, dtype=np.uint16), np.empty(ROWS, dtype=np.uint16)
    for start in range(0, items, ROWS):
        end = min(start + ROWS, items)
        some, theirs = codes[start * width : end * width], labels[start * sets : end * sets]
        for query in range(len(queries)):
            found = _measure(some, theirs, queries[query], wanted[query], far, same)
            _tally(far, same, found, stride, tables[query])


_GIVEN = (read(U64), read(U64), read(U64, 2), read(U64, 2), read(I64))


@kernel(NONE(*_GIVEN, written(U64, 2), written(U64, 2), U64, written(F64, 2), written(U16, 2)))
def put(
    codes: Words,
    labels: Words,
    queries: Words,
    wanted: Words,
    own: NDArray[np.int64],
    places: Words,
    hits: Words,
    topk: int,
    sums: Reals,
    first: Shorts,
) -> None:
    """Give every item its place in the ranking, equal distances in the order of the items, as a stable sort does.

    Args:
        codes: (N * V,) of the items.
        labels: (N * M,) their label sets.
        queries: (q, V) codes.
        wanted: (q, M) label sets.
        own: (q,) the item that a query is itself, which has no place; -1 where there is none.
        places: (q, bits + 1) where each distance begins in the ranking, from 0; moved on.
        hits: (q, bits + 1) how many relevant items are nearer than each distance; moved on.
        topk: How many places the second and third sum are over.
        sums: (q, 3) result, added to: precision summed over the places of all relevant items, over those among the
            first `topk`, and the number of these.
        first: (q, F) result: labels shared by the items at the first places.
    """
    width, sets = queries.shape[1], wanted.shape[1]
    items = len(codes) // width
    far, same = np.empty(ROWS, dtype=np.uint16), np.empty(ROWS, dtype=np.uint16)
    for start in range(0, items, ROWS):
        end = min(start + ROWS, items)
        some, theirs = codes[start * width : end * width], labels[start * sets : end * sets]
        for query in range(len(queries)):
            found = _measure(some, theirs, queries[query], wanted[query], far, same)
            skipped = own[query] - start
            _put(far, same, found, skipped, places[query], hits[query], topk, sums[query], first[query])
