"""The nearest rows, in order, from all distances: no sort, since the histogram says where each distance begins."""

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.kernels.compiling import I64, U8, U16, kernel, read, written
from hashviewer.search.kernels.sizes import BLOCK


def _signature(element: object) -> object:
    return I64(read(element), read(element), I64, written(I64), written(I64))


@kernel(_signature(U8), _signature(U16))
def nearest(
    distances: NDArray[np.unsignedinteger],
    minima: NDArray[np.unsignedinteger],
    last: int,
    places: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> int:
    """Put the rows at distance 0…`last` in the order (distance, row).

    Args:
        distances: (N,) all distances.
        minima: (ceil(N / BLOCK),) the smallest of each block.
        last: The largest distance wanted.
        places: (last + 1,) where the rows of each distance begin; moved on.
        rows: (k,) result; rows that do not fit are those last in the order.

    Returns:
        How many rows fitted.
    """
    kept = 0
    for block in range(len(minima)):
        if minima[block] > last:
            continue
        for row in range(block * BLOCK, min((block + 1) * BLOCK, len(distances))):
            distance = distances[row]
            if distance <= last:
                place = places[distance]
                places[distance] = place + 1
                if place < len(rows):
                    rows[place] = row
                    kept += 1
        if kept == len(rows):
            break
    return kept
