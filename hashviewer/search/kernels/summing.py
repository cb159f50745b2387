"""Sums of table entries: one entry for each byte of a code. Every distance of real numbers is such a sum."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.kernels.compiling import F32, I64, NONE, U8, U64, kernel, part, read, written
from hashviewer.search.kernels.sizes import PART
from hashviewer.search.kernels.words import bytes_at, prefetch

Bytes: TypeAlias = NDArray[np.uint8]
Reals: TypeAlias = NDArray[np.float32]

AHEAD = 4096  # bytes of codes asked for in advance


@part
def _sum_word(codes: Bytes, tables: Reals, offset: float, distances: Reals) -> float:
    """Sums for codes of eight bytes: loaded at once and taken apart in a register."""
    least = F32(np.inf)
    for row in range(len(distances)):
        prefetch(codes, 8 * row + AHEAD)
        value = bytes_at(codes, 8 * row)
        total = F32(offset)
        for byte in range(8):
            total += tables[U64(256 * byte) + (value & U64(255))]  # unsigned: not tested for being negative
            value >>= U64(8)
        distances[row] = total
        least = total if total < least else least
    return least  # type: ignore[no-any-return]


@part
def _sum_bytes(codes: Bytes, width: int, tables: Reals, offset: float, distances: Reals) -> float:
    least = F32(np.inf)
    for row in range(len(distances)):
        at = U64(row * width)
        prefetch(codes, row * width + AHEAD)
        total = F32(offset)
        for byte in range(width):
            total += tables[U64(256 * byte) + U64(codes[at + U64(byte)])]
        distances[row] = total
        least = total if total < least else least
    return least  # type: ignore[no-any-return]


@kernel(NONE(read(U8), I64, read(F32), F32, read(U8), written(F32), written(F32)))
def sums(
    codes: Bytes, width: int, tables: Reals, offset: float, rows: Bytes, distances: Reals, minima: Reals
) -> None:
    """Distances of codes to a query whose tables are given.

    Args:
        codes: (N * width,) bytes.
        width: Bytes of a code.
        tables: (width * 256,) what each value of each byte adds.
        offset: What every distance begins with.
        rows: (N,) 1 for the rows to search, or (0,) for all.
        distances: (N,) result; infinite where a row is left out.
        minima: (ceil(N / PART),) result: the smallest distance of each part.
    """
    for start in range(0, len(distances), PART):
        end = min(start + PART, len(distances))
        block = distances[start:end]
        if width == 8:
            least = _sum_word(codes[start * width : end * width], tables, offset, block)
        else:
            least = _sum_bytes(codes[start * width : end * width], width, tables, offset, block)
        if len(rows) > 0:
            least = F32(np.inf)
            marks = rows[start:end]
            for row in range(len(block)):
                if marks[row] == 0:
                    block[row] = F32(np.inf)
                elif block[row] < least:
                    least = block[row]
        minima[start // PART] = least
