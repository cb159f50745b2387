"""Pairs of near codes, bucket by bucket; and the counting sort that makes the buckets."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.kernels.compiling import I64, NONE, U16, U32, U64, kernel, part, read, written
from hashviewer.search.kernels.words import popcount

Words: TypeAlias = NDArray[np.uint64]
Rows: TypeAlias = NDArray[np.uint32]


@kernel(NONE(read(U32), written(U32), written(U32)))
def distribute(values: Rows, places: Rows, rows: Rows) -> None:
    """Put the rows in the order (value, row).

    Args:
        values: (N,) the bucket of each row.
        places: (buckets,) where each bucket begins; moved on.
        rows: (N,) result.
    """
    for row in range(len(values)):
        value = values[row]
        place = places[value]
        places[value] = place + U32(1)
        rows[place] = row


@part
def _distance(codes: Words, width: int, one: int, other: int) -> int:
    distance = U64(0)
    for word in range(width):
        distance += popcount(codes[one * width + word] ^ codes[other * width + word])
    return distance  # type: ignore[no-any-return]


@part
def _is_first(codes: Words, width: int, one: int, other: int, masks: Words, group: int) -> bool:
    """Whether two codes agree in no earlier group, in which they would have been found already."""
    for earlier in range(group):
        differs = False
        for word in range(width):
            if (codes[one * width + word] ^ codes[other * width + word]) & masks[earlier * width + word]:
                differs = True
                break
        if not differs:
            return False
    return True


@kernel(
    I64(read(U64), I64, read(U32), read(U32), read(U64), I64, I64, I64, I64, written(U32, 2), written(U16))
)
def near_pairs(
    codes: Words,
    width: int,
    order: Rows,
    ends: Rows,
    masks: Words,
    group: int,
    radius: int,
    start: int,
    end: int,
    pairs: NDArray[np.uint32],
    distances: NDArray[np.uint16],
) -> int:
    """Pairs within a radius that share a bucket and none of the groups before; those beyond P are not written.

    Args:
        codes: (N * width,) words of the codes, bucket by bucket.
        width: Words of a code.
        order: (N,) which row each code is of.
        ends: (N,) where the bucket of each code ends.
        masks: (groups * width,) the bits of each group.
        group: Which of them the buckets are of.
        radius: The largest distance.
        start: The first place in `codes` whose partners, later in its bucket, are looked for.
        end: Where to stop.
        pairs: (P, 2) result: the two rows; how many there are is returned.
        distances: (P,) result.
    """
    found = 0
    for one in range(start, end):
        for other in range(one + 1, I64(ends[one])):
            distance = _distance(codes, width, one, other)
            if distance <= U64(radius) and _is_first(codes, width, one, other, masks, group):
                if found < len(pairs):
                    pairs[found, 0] = order[one]
                    pairs[found, 1] = order[other]
                    distances[found] = distance
                found += 1
    return found
