"""Hamming distances of a range of codes to one query, and their histogram, in one pass.

A distance of at most 248 fits a byte, and two neighbouring bytes are counted together in a table of 256 × 256: half
the additions, and two tables take turns, so that equal distances in a row do not wait for one another. Wider codes
are counted one by one in four histograms. Rows that are left out get the largest number of their type.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.kernels.compiling import I64, NONE, U8, U16, U32, U64, kernel, part, read, written
from hashviewer.search.kernels.sizes import BLOCK
from hashviewer.search.kernels.words import bytes_at, popcount, prefetch, word_at

AHEAD = 4096  # bytes of codes asked for in advance: about what the memory delivers while it answers
LONE = 0xFF00  # counted with a distance that has no neighbour

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint64]
Pairs: TypeAlias = NDArray[np.uint16]


@part
def _smallest(distances: NDArray[np.unsignedinteger]) -> int:
    least = distances[0]
    for place in range(len(distances)):
        value = distances[place]
        least = value if value < least else least  # vectorised, where min() is not
    return least  # type: ignore[no-any-return]


@part
def _count_words(codes: Words, query: int, pairs: Pairs, tables: NDArray[np.uint32]) -> None:
    """Distances of the pairs of one-word codes, and their counts."""
    first, second = tables[0], tables[1]
    whole = len(pairs) // 4
    for eight in range(whole):  # one cache line of codes
        at = 8 * eight
        prefetch(codes, at + AHEAD // 8)
        one = popcount(word_at(codes, at) ^ query) | (popcount(word_at(codes, at + 1) ^ query) << U64(8))
        first[one] += U32(1)
        two = popcount(word_at(codes, at + 2) ^ query) | (popcount(word_at(codes, at + 3) ^ query) << U64(8))
        second[two] += U32(1)
        three = popcount(word_at(codes, at + 4) ^ query) | (
            popcount(word_at(codes, at + 5) ^ query) << U64(8)
        )
        first[three] += U32(1)
        four = popcount(word_at(codes, at + 6) ^ query) | (popcount(word_at(codes, at + 7) ^ query) << U64(8))
        second[four] += U32(1)
        pairs[4 * eight] = U16(one)  # together at the end: the processor writes neighbours in one go
        pairs[4 * eight + 1] = U16(two)
        pairs[4 * eight + 2] = U16(three)
        pairs[4 * eight + 3] = U16(four)
    for pair in range(4 * whole, len(pairs)):
        at = 2 * pair
        both = popcount(word_at(codes, at) ^ query) | (popcount(word_at(codes, at + 1) ^ query) << U64(8))
        first[both] += U32(1)
        pairs[pair] = U16(both)


@kernel(NONE(read(U64), U64, written(U16), written(U8), written(U8), written(U32, 2)))
def one_word(
    codes: Words, query: int, pairs: Pairs, distances: Bytes, minima: Bytes, tables: NDArray[np.uint32]
) -> None:
    """The pass over codes of 64 bits, all of them searched.

    Args:
        codes: (N,) words.
        query: The query's word.
        pairs: (N // 2,) the same memory as `distances`.
        distances: (N,) result.
        minima: (ceil(N / BLOCK),) result: the smallest distance of each block.
        tables: (2, 65536) counts of distance a followed by distance b at a + 256 b; added to.
    """
    for start in range(0, len(codes), BLOCK):
        end = min(start + BLOCK, len(codes))
        _count_words(codes[start:end], query, pairs[start // 2 : end // 2], tables)
        if end % 2:
            lone = popcount(word_at(codes, end - 1) ^ query)
            distances[end - 1] = lone
            tables[0, lone | U64(LONE)] += U32(1)
        minima[start // BLOCK] = _smallest(distances[start:end])


@part
def _measure(
    codes: Bytes,
    stride: int,
    used: int,
    query: Words,
    mask: int,
    distances: NDArray[np.unsignedinteger],
) -> None:
    """Distances of codes of any width: whole words, then the last eight bytes of the code, of which `mask` counts.

    The prefetch, needed anyway, also keeps the compiler from vectorising the loops, which would make them slower.
    """
    whole = len(query) - 1
    tail = query[whole]
    if whole == 0:
        for row in range(len(distances)):
            prefetch(codes, row * stride + AHEAD)
            distances[row] = popcount((bytes_at(codes, row * stride + used - 8) ^ tail) & mask)
    elif whole == 1:
        head = query[0]
        for row in range(len(distances)):
            at = row * stride
            prefetch(codes, at + AHEAD)
            distances[row] = popcount(bytes_at(codes, at) ^ head) + popcount(
                (bytes_at(codes, at + used - 8) ^ tail) & mask
            )
    else:
        for row in range(len(distances)):
            at = row * stride
            prefetch(codes, at + AHEAD)
            total = popcount((bytes_at(codes, at + used - 8) ^ tail) & mask)
            for word in range(whole):
                total += popcount(bytes_at(codes, at + 8 * word) ^ query[word])
            distances[row] = total


@part
def _count_pairs(pairs: Pairs, tables: NDArray[np.uint32]) -> None:
    first, second = tables[0], tables[1]
    for two in range(len(pairs) // 2):
        first[pairs[2 * two]] += U32(1)
        second[pairs[2 * two + 1]] += U32(1)
    if len(pairs) % 2:
        first[pairs[len(pairs) - 1]] += U32(1)


_ONE = (read(U8), I64, I64, read(U64), U64, read(U8), written(U8), written(U16), written(U8), written(U32, 2))


@kernel(NONE(*_ONE))
def narrow(
    codes: Bytes,
    stride: int,
    used: int,
    query: Words,
    mask: int,
    rows: Bytes,
    distances: Bytes,
    pairs: Pairs,
    minima: Bytes,
    tables: NDArray[np.uint32],
) -> None:
    """The pass over codes of up to 248 bits.

    Args:
        codes: (N * stride,) bytes; eight bytes before a code of fewer may be read, so they must be there.
        stride: Bytes of a code.
        used: How many of them are compared: all, or those of a prefix.
        query: Words of the query: the whole ones but the last, and its last eight bytes.
        mask: Which bits of the last word count.
        rows: (N,) 1 for the rows to search, or (0,) for all.
        distances: (N,) result; 255 where a row is left out.
        pairs: (N // 2,) the same memory as `distances`.
        minima: (ceil(N / BLOCK),) result: the smallest distance of each block.
        tables: (2, 65536) counts of pairs; added to.
    """
    for start in range(0, len(distances), BLOCK):
        end = min(start + BLOCK, len(distances))
        block = distances[start:end]
        _measure(codes[start * stride : end * stride], stride, used, query, mask, block)
        if len(rows) > 0:
            marks = rows[start:end]
            for row in range(len(block)):
                block[row] |= U8(marks[row] - U8(1))
        _count_pairs(pairs[start // 2 : end // 2], tables)
        if end % 2:
            tables[0, U64(distances[end - 1]) | U64(LONE)] += U32(1)
        minima[start // BLOCK] = _smallest(block)


@kernel(NONE(read(U8), I64, I64, read(U64), U64, read(U8), written(U16), written(U16), written(U32, 2)))
def wide(
    codes: Bytes,
    stride: int,
    used: int,
    query: Words,
    mask: int,
    rows: Bytes,
    distances: Pairs,
    minima: Pairs,
    tables: NDArray[np.uint32],
) -> None:
    """The pass over codes of more than 248 bits: as `narrow`, but 65535 is left out and `tables` is (4, 8 used + 1)."""
    for start in range(0, len(distances), BLOCK):
        end = min(start + BLOCK, len(distances))
        block = distances[start:end]
        _measure(codes[start * stride : end * stride], stride, used, query, mask, block)
        for row in range(len(block)):
            if len(rows) > 0 and rows[start + row] == 0:
                block[row] = U16(0xFFFF)
            else:
                tables[row % 4, block[row]] += U32(1)
        minima[start // BLOCK] = _smallest(block)
