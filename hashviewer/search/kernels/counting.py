"""How many items lie at each distance of some queries and share labels with them, and where these stand in the ranking.

One pass over the items gives each its place among those of its distance and keeps the places of the relevant ones; once it is
known how many items are nearer than each distance, their places in the whole ranking follow. Codes and label sets are
whole words of 64 bits, filled up with zeros.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.kernels.compiling import F64, I64, NONE, U8, U16, U32, U64, kernel, part, read, written
from hashviewer.search.kernels.words import popcount, word_at

Words: TypeAlias = NDArray[np.uint64]
Numbers: TypeAlias = NDArray[np.int64]
Counts: TypeAlias = NDArray[np.uint32]
Shorts: TypeAlias = NDArray[np.uint16]


@part
def _relevant(labels: Words, wanted: Words, marks: NDArray[np.uint8], rows: Counts, grades: Shorts) -> int:
    """Mark the items that share a label, and note their rows and how many they share; how many items there are."""
    sets, found = len(wanted), U64(0)
    for row in range(len(marks)):
        same = popcount(word_at(labels, row * sets) & wanted[0])
        for word in range(1, sets):
            same += popcount(word_at(labels, row * sets + word) & wanted[word])
        mark = same > U64(0)
        marks[row] = U8(mark)
        rows[found] = U32(row)  # the next one writes over what is none
        grades[found] = U16(same)
        found += U64(mark)
    return I64(found)  # type: ignore[no-any-return]


@part
def _collect(
    codes: Words, query: Words, marks: NDArray[np.uint8], items: Counts, places: Counts, taken: int
) -> int:
    """Count some items by distance, and note the places of the marked ones among those of their distance.

    Args:
        codes: (n * V,) of the items.
        query: (V,) a code.
        marks: (n,) 1 where an item is relevant.
        items: (bits + 1,) counts; added to.
        places: What is noted, from `taken` on.
        taken: How many are noted already.

    Returns:
        How many are noted now.
    """
    width, count = len(query), U64(taken)  # unsigned: not tested for being negative
    if width == 1:
        code = query[0]
        for row in range(len(marks)):
            far = popcount(word_at(codes, row) ^ code)
            place = items[far]
            items[far] = place + U32(1)
            places[count] = place
            count += U64(marks[row])
        return I64(count)  # type: ignore[no-any-return]
    for row in range(len(marks)):
        far = U64(0)
        for word in range(width):
            far += popcount(word_at(codes, row * width + word) ^ query[word])
        place = items[far]
        items[far] = place + U32(1)
        places[count] = place
        count += U64(marks[row])
    return I64(count)  # type: ignore[no-any-return]


@part
def _tally(
    codes: Words, query: Words, rows: Counts, grades: Shorts, distances: Shorts, counts: NDArray[np.int64]
) -> None:
    """Note the distances of the relevant items, and count them by the labels that they share instead of as sharing none."""
    width = U64(len(query))
    for one in range(len(rows)):
        at = U64(rows[one]) * width
        far = popcount(codes[at] ^ query[0])
        for word in range(1, len(query)):
            far += popcount(codes[at + U64(word)] ^ query[word])
        distances[one] = far
        counts[far, grades[one]] += 1
    for far in range(len(counts)):
        for shared in range(1, counts.shape[1]):
            counts[far, 0] -= counts[far, shared]


@part
def _place(
    distances: Shorts,
    grades: Shorts,
    places: Counts,
    nearer: Numbers,
    hits: Numbers,
    topk: int,
    sums: NDArray[np.float64],
    first: Shorts,
) -> None:
    """Precision at the places of the relevant items, and what stands at the first places."""
    gains, near, seen = 0.0, 0.0, 0.0
    for one in range(len(distances)):
        far = distances[one]
        place = nearer[far] + I64(places[one])
        hit = hits[far] + 1
        hits[far] = hit
        gain = F64(hit) / F64(place + 1)
        gains += gain
        if place < topk:
            near += gain
            seen += 1.0
        if place < len(first):
            first[place] = grades[one]
    sums[0], sums[1], sums[2] = gains, near, seen


@part
def _without(rows: Counts, grades: Shorts, count: int, own: int) -> int:
    """Take a row out of the ascending `rows`; how many are left."""
    kept = 0
    for one in range(count):
        rows[kept], grades[kept] = rows[one], grades[one]
        kept += I64(rows[one] != U32(own))
    return kept


@part
def _differ(one: Words, other: Words) -> bool:
    differ = False
    for word in range(len(one)):
        differ |= one[word] != other[word]
    return differ


_CODES = (read(U64), read(U64), read(U64, 2), read(U64, 2), read(I64), I64)
_ROOM = (written(U8), written(U32), written(U32), written(U16), written(U16))


@kernel(NONE(*_CODES, *_ROOM, written(I64, 3), written(F64, 2), written(U16, 2)))
def rank(
    codes: Words,
    labels: Words,
    queries: Words,
    wanted: Words,
    own: Numbers,
    topk: int,
    marks: NDArray[np.uint8],
    rows: Counts,
    places: Counts,
    grades: Shorts,
    distances: Shorts,
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
    first: Shorts,
) -> None:
    """Rank all items for each query, equal distances in the order of the items, as a stable sort does.

    Args:
        codes: (N * V,) of the items.
        labels: (N * M,) their label sets.
        queries: (q, V) codes.
        wanted: (q, M) label sets; faster where equal ones follow one another.
        own: (q,) the item that a query is itself, which is left out; -1 where there is none.
        topk: How many places the second and third sum are over.
        marks: (N,) room.
        rows: (N + 1,) room.
        places: (N + 1,) room.
        grades: (N + 1,) room.
        distances: (N,) room.
        counts: (q, bits + 1, G + 1) result, zeros before: items by distance and labels shared with the query, of which
            there are at most G.
        sums: (q, 3) result: precision summed over the places of all relevant items, over those among the first `topk`,
            and the number of these.
        first: (q, F) result, zeros before: labels shared by the items at the first places.
    """
    width, bits = queries.shape[1], counts.shape[1]
    found = 0
    for query in range(len(queries)):
        code, labelled, skipped = queries[query], wanted[query], own[query]
        if query == 0 or own[query - 1] >= 0 or _differ(labelled, wanted[query - 1]):
            found = _relevant(labels, labelled, marks, rows, grades)
        items = np.zeros(bits, dtype=np.uint32)
        taken = 0
        if skipped >= 0:
            taken = _collect(codes[: skipped * width], code, marks[:skipped], items, places, taken)
            found = _without(rows, grades, found, skipped)
        _collect(codes[(skipped + 1) * width :], code, marks[skipped + 1 :], items, places, taken)
        for far in range(bits):
            counts[query, far, 0] = I64(items[far])
        _tally(codes, code, rows[:found], grades, distances, counts[query])
        nearer, hits = np.zeros(bits, dtype=np.int64), np.zeros(bits, dtype=np.int64)
        for far in range(1, bits):
            nearer[far] = nearer[far - 1] + I64(items[far - 1])
            hits[far] = hits[far - 1] + I64(items[far - 1]) - counts[query, far - 1, 0]
        _place(distances[:found], grades, places, nearer, hits, topk, sums[query], first[query])
