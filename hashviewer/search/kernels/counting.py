"""How many items lie at each distance of some queries and share labels with them, and where these stand in the ranking.

One pass over the items counts them by distance and notes how many of its distance lie before each relevant one. Once it is
known how many items are nearer than each distance, places in the whole ranking follow. Codes and label sets are
whole words of 64 bits, filled up with zeros.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.kernels.compiling import F64, I64, NONE, U16, U32, U64, kernel, part, read, written
from hashviewer.search.kernels.words import popcount, word_at

Words: TypeAlias = NDArray[np.uint64]
Numbers: TypeAlias = NDArray[np.int64]
Counts: TypeAlias = NDArray[np.uint32]
Shorts: TypeAlias = NDArray[np.uint16]


@part
def _relevant(labels: Words, wanted: Words, rows: Counts, grades: Shorts) -> int:
    """Note the rows of the items that share a label, and how many they share; how many items there are."""
    sets, found = len(wanted), U64(0)
    for row in range(len(labels) // sets):
        same = popcount(word_at(labels, row * sets) & wanted[0])
        for word in range(1, sets):
            same += popcount(word_at(labels, row * sets + word) & wanted[word])
        rows[found] = U32(row)  # the next one writes over what is none
        grades[found] = U16(same)
        found += U64(same > U64(0))
    return I64(found)  # type: ignore[no-any-return]


@part
def _apart(words: Words, start: int, other: Words) -> int:
    """Bits in which the words from `start` on and `other` differ."""
    far = U64(0)
    for word in range(len(other)):
        far += popcount(word_at(words, start + word) ^ other[word])
    return far  # type: ignore[no-any-return]


@part
def _count(codes: Words, query: Words, items: Counts) -> None:
    """Count the items by distance into four tables in turn, so that equal distances do not wait for one another."""
    width, code = len(query), query[0]
    if width > 1:
        for row in range(len(codes) // width):
            items[row & 3, _apart(codes, row * width, query)] += U32(1)
        return
    whole = len(codes) // 4 * 4
    for row in range(0, whole, 4):  # without the remainder of the loop above: a quarter faster
        items[0, popcount(word_at(codes, row) ^ code)] += U32(1)
        items[1, popcount(word_at(codes, row + 1) ^ code)] += U32(1)
        items[2, popcount(word_at(codes, row + 2) ^ code)] += U32(1)
        items[3, popcount(word_at(codes, row + 3) ^ code)] += U32(1)
    for row in range(whole, len(codes)):
        items[0, popcount(word_at(codes, row) ^ code)] += U32(1)


@part
def _collect(
    codes: Words, query: Words, rows: Counts, items: Counts, distances: Shorts, places: Counts
) -> None:
    """Count items by distance, and note distance and place of the relevant ones among those of their distance.

    The others between two of these go into four tables in turn, so that equal distances do not wait for one another.

    Args:
        codes: (N * V,) of the items.
        query: (V,) a code.
        rows: (n,) the relevant items, ascending.
        items: (4, bits + 1) counts, zeros before.
        distances: (n,) result.
        places: (n,) result.
    """
    width, start, end = len(query), 0, len(codes) // len(query)
    code = query[0]
    for one in range(len(rows) + 1):
        row = I64(rows[one]) if one < len(rows) else end
        if width == 1:
            for other in range(start, row):
                items[other & 3, popcount(word_at(codes, other) ^ code)] += U32(1)
        else:
            for other in range(start, row):
                items[other & 3, _apart(codes, other * width, query)] += U32(1)
        if row < end:
            far = _apart(codes, row * width, query)
            distances[one] = far
            places[one] = items[0, far] + items[1, far] + items[2, far] + items[3, far]
            items[0, far] += U32(1)
        start = row + 1


@part
def _measure(codes: Words, query: Words, rows: Counts, distances: Shorts) -> None:
    """Note the distances of some items."""
    for one in range(len(rows)):
        distances[one] = _apart(codes, I64(rows[one]) * len(query), query)


@part
def _tally(items: Counts, distances: Shorts, grades: Shorts, counts: NDArray[np.int64]) -> None:
    """Sum up the tables (4, bits + 1) of all items, and count the relevant ones by the labels they share instead."""
    for far in range(len(counts)):
        for table in range(len(items)):
            counts[far, 0] += I64(items[table, far])
    for one in range(len(distances)):
        counts[distances[one], grades[one]] += 1
    for far in range(len(counts)):
        for shared in range(1, counts.shape[1]):
            counts[far, 0] -= counts[far, shared]


@part
def _leave_out(
    own: int, codes: Words, query: Words, labels: Words, wanted: Words, counts: NDArray[np.int64]
) -> int:
    """Take the item that a query is itself out of the counts; its distance, or -1 where there is none."""
    if own < 0:
        return -1
    far, shared = _apart(codes, own * len(query), query), U64(0)
    for word in range(len(wanted)):
        shared += popcount(word_at(labels, own * len(wanted) + word) & wanted[word])
    counts[far, shared] -= 1
    return I64(far)  # type: ignore[no-any-return]


@part
def _place(
    rows: Counts,
    distances: Shorts,
    grades: Shorts,
    places: Counts,
    nearer: Numbers,
    hits: Numbers,
    own: int,
    own_far: int,
    topk: int,
    sums: NDArray[np.float64],
    first: Shorts,
) -> None:
    """Precision at the places of the relevant items, and what stands at the first places."""
    gains, near, seen = 0.0, 0.0, 0.0
    for one in range(len(distances)):
        row, far = I64(rows[one]), I64(distances[one])
        if row == own:
            continue
        place = nearer[far] + I64(places[one]) - I64((far == own_far) & (row > own))
        hit = hits[far] + 1
        hits[far] = hit
        gain = F64(hit) / F64(place + 1)
        gains += gain
        inside = F64(place < topk)  # no branch: it would be foreseen wrongly too often
        near += gain * inside
        seen += inside
        if place < len(first):
            first[place] = grades[one]
    sums[0], sums[1], sums[2] = gains, near, seen


@part
def _differ(one: Words, other: Words) -> bool:
    differ = False
    for word in range(len(one)):
        differ |= one[word] != other[word]
    return differ


_CODES = (read(U64), read(U64), read(U64, 2), read(U64, 2), read(I64), I64)
_ROOM = (written(U32), written(U32), written(U16), written(U16))


@kernel(NONE(*_CODES, *_ROOM, written(I64, 3), written(F64, 2), written(U16, 2)))
def rank(
    codes: Words,
    labels: Words,
    queries: Words,
    wanted: Words,
    own: Numbers,
    topk: int,
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
        rows: (N + 1,) room.
        places: (N,) room.
        grades: (N + 1,) room.
        distances: (N,) room.
        counts: (q, bits + 1, G + 1) result, zeros before: items by distance and labels shared with the query, of which
            there are at most G.
        sums: (q, 3) result: precision summed over the places of all relevant items, over those among the first `topk`,
            and the number of these.
        first: (q, F) result, zeros before: labels shared by the items at the first places.
    """
    bits, found = counts.shape[1], 0
    for query in range(len(queries)):
        code, labelled = queries[query], wanted[query]
        if query == 0 or _differ(labelled, wanted[query - 1]):
            found = _relevant(labels, labelled, rows, grades)
        items = np.zeros((4, bits), dtype=np.uint32)
        _collect(codes, code, rows[:found], items, distances, places)
        _tally(items, distances[:found], grades, counts[query])
        own_far = _leave_out(own[query], codes, code, labels, labelled, counts[query])
        nearer, hits = np.zeros(bits, dtype=np.int64), np.zeros(bits, dtype=np.int64)
        for far in range(1, bits):
            nearer[far] = nearer[far - 1] + counts[query, far - 1, 0]
            hits[far] = hits[far - 1]
            for shared in range(1, counts.shape[2]):
                hits[far] += counts[query, far - 1, shared]
            nearer[far] += hits[far] - hits[far - 1]
        relevant = (rows[:found], distances[:found], grades, places)
        _place(*relevant, nearer, hits, own[query], own_far, topk, sums[query], first[query])


@kernel(NONE(*_CODES[:-1], written(U32), written(U16), written(U16), written(I64, 3)))
def count(
    codes: Words,
    labels: Words,
    queries: Words,
    wanted: Words,
    own: Numbers,
    rows: Counts,
    grades: Shorts,
    distances: Shorts,
    counts: NDArray[np.int64],
) -> None:
    """The `counts` of `rank` alone, which need no item's place: several times as fast. Arguments as there."""
    bits, found = counts.shape[1], 0
    for query in range(len(queries)):
        code, labelled = queries[query], wanted[query]
        if query == 0 or _differ(labelled, wanted[query - 1]):
            found = _relevant(labels, labelled, rows, grades)
        items = np.zeros((4, bits), dtype=np.uint32)
        _count(codes, code, items)
        _measure(codes, code, rows[:found], distances)
        _tally(items, distances[:found], grades, counts[query])
        _leave_out(own[query], codes, code, labels, labelled, counts[query])
