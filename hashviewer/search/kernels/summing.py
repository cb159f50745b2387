"""Sums of table entries: one entry for each byte of a code. Every distance of real numbers is such a sum."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.kernels.compiling import F32, I64, NONE, U8, U64, kernel, part, read, written
from hashviewer.search.kernels.words import bytes_at, prefetch
from hashviewer.search.scored import PART

Bytes: TypeAlias = NDArray[np.uint8]
Reals: TypeAlias = NDArray[np.float32]

AHEAD = 4096  # bytes of codes asked for in advance


@part
def _sum_words(codes: Bytes, width: int, tables: Reals, offset: float, distances: Reals) -> None:
    """Sums for codes of whole words: a word is loaded once and taken apart in registers."""
    for row in range(len(distances)):
        at = row * width
        prefetch(codes, at + AHEAD)
        total = F32(offset)
        base = 0
        for word in range(width // 8):
            value = bytes_at(codes, at + 8 * word)
            total += tables[base + I64(value & U64(255))]
            total += tables[base + 256 + I64((value >> U64(8)) & U64(255))]
            total += tables[base + 512 + I64((value >> U64(16)) & U64(255))]
            total += tables[base + 768 + I64((value >> U64(24)) & U64(255))]
            total += tables[base + 1024 + I64((value >> U64(32)) & U64(255))]
            total += tables[base + 1280 + I64((value >> U64(40)) & U64(255))]
            total += tables[base + 1536 + I64((value >> U64(48)) & U64(255))]
            total += tables[base + 1792 + I64(value >> U64(56))]
            base += 2048
        distances[row] = total


@part
def _sum_bytes(codes: Bytes, width: int, tables: Reals, offset: float, distances: Reals) -> None:
    for row in range(len(distances)):
        at = row * width
        total = F32(offset)
        for byte in range(width):
            total += tables[256 * byte + I64(codes[at + byte])]
        distances[row] = total


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
        if width % 8 == 0:
            _sum_words(codes[start * width : end * width], width, tables, offset, block)
        else:
            _sum_bytes(codes[start * width : end * width], width, tables, offset, block)
        least = F32(np.inf)
        for row in range(len(block)):
            if len(rows) > 0 and rows[start + row] == 0:
                block[row] = F32(np.inf)
            value = block[row]
            least = value if value < least else least
        minima[start // PART] = least
