"""`Scan` by the compiled kernels: the same answer as the numpy pass gives, in a tenth of the time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hashviewer.search.kernels import hamming
from hashviewer.search.kernels.sizes import BLOCK, LAST_SMALL
from hashviewer.search.kernels.threads import over_ranges
from hashviewer.search.memory import empty

Counts = NDArray[np.int64]


def scan(
    query: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    bits: int,
    rows: NDArray[np.bool_] | None,
    *,
    prefix: bool,
) -> tuple[NDArray[np.unsignedinteger], Counts, NDArray[np.unsignedinteger]]:
    """Distances (N,), their counts by distance and the smallest of each block (ceil(N / BLOCK),).

    Args:
        query: One packed code (W,).
        codes: Packed codes (N, W).
        bits: Width of the codes; or of the part of them that is compared.
        rows: (N,) True for the rows to search; None searches all.
        prefix: Whether only the first `bits` bits are compared. Otherwise all are, and the counts go on to 8 W, so that
            bits set beyond the width show.
    """
    codes = np.ascontiguousarray(codes)
    compared = bits if prefix else 8 * codes.shape[1]
    blocks = -(-len(codes) // BLOCK)
    if bits > LAST_SMALL:
        far, least = empty(len(codes), np.uint16), np.empty(blocks, dtype=np.uint16)
        return far, _wide(query, codes, compared, rows, far, least), least
    distances, minima = empty(len(codes), np.uint8), np.empty(blocks, dtype=np.uint8)
    if compared == 64 and codes.shape[1] == 8 and rows is None and codes.ctypes.data % 8 == 0:
        return distances, _one_word(query, codes, distances, minima), minima
    return distances, _narrow(query, codes, compared, rows, distances, minima), minima


def _one_word(
    query: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    distances: NDArray[np.uint8],
    minima: NDArray[np.uint8],
) -> Counts:
    words = codes.view(np.uint64).reshape(-1)
    target = np.ascontiguousarray(query).view(np.uint64)[0]
    pairs = distances[: len(distances) & ~1].view(np.uint16)

    def work(start: int, end: int, tables: NDArray[np.uint32]) -> None:
        hamming.one_word(
            words[start:end],
            target,
            pairs[start // 2 : end // 2],
            distances[start:end],
            minima[start // BLOCK : -(-end // BLOCK)],
            tables,
        )

    return _unpaired(_with_tables(work, len(words), (2, 65536)))[: 8 * codes.shape[1] + 1]


def _narrow(
    query: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    compared: int,
    rows: NDArray[np.bool_] | None,
    distances: NDArray[np.uint8],
    minima: NDArray[np.uint8],
) -> Counts:
    width, used = codes.shape[1], -(-compared // 8)
    target, mask = query_words(query, compared)
    flat, marks = codes.reshape(-1), _marks(rows)
    pairs = distances[: len(distances) & ~1].view(np.uint16)

    def work(start: int, end: int, tables: NDArray[np.uint32]) -> None:
        hamming.narrow(
            _readable(flat, width, start, end),
            width,
            used,
            target,
            mask,
            marks[start:end],
            distances[start:end],
            pairs[start // 2 : end // 2],
            minima[start // BLOCK : -(-end // BLOCK)],
            tables,
        )

    return _unpaired(_with_tables(work, len(codes), (2, 65536)))[: 8 * used + 1]


def _wide(
    query: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    compared: int,
    rows: NDArray[np.bool_] | None,
    distances: NDArray[np.uint16],
    minima: NDArray[np.uint16],
) -> Counts:
    width, used = codes.shape[1], -(-compared // 8)
    target, mask = query_words(query, compared)
    flat, marks = codes.reshape(-1), _marks(rows)

    def work(start: int, end: int, tables: NDArray[np.uint32]) -> None:
        hamming.wide(
            _readable(flat, width, start, end),
            width,
            used,
            target,
            mask,
            marks[start:end],
            distances[start:end],
            minima[start // BLOCK : -(-end // BLOCK)],
            tables,
        )

    counts: Counts = _with_tables(work, len(codes), (4, 8 * used + 1)).sum(axis=0)
    return counts


def _readable(flat: NDArray[np.uint8], width: int, start: int, end: int) -> NDArray[np.uint8]:
    """The bytes of rows `start`…`end`; a kernel reads the end of a code, however short, as eight bytes.

    So the first codes of fewer bytes are copied, behind some that may be read.
    """
    if start > 0 or width >= 8:
        return flat[start * width : end * width]
    copy = np.zeros(end * width + 8, dtype=np.uint8)
    copy[8:] = flat[: end * width]
    return copy[8:]


def _marks(rows: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    return np.empty(0, dtype=np.uint8) if rows is None else np.ascontiguousarray(rows).view(np.uint8)


def _with_tables(
    work: Callable[[int, int, NDArray[np.uint32]], None], count: int, shape: tuple[int, int]
) -> Counts:
    """Run `work` over ranges of `count` rows, each thread with tables of its own; their sum."""
    spare: list[NDArray[np.uint32]] = []
    total = np.zeros(shape, dtype=np.int64)

    def ranged(start: int, end: int) -> None:
        try:
            tables = spare.pop()
        except IndexError:
            tables = np.zeros(shape, dtype=np.uint32)
        work(start, end, tables)
        spare.append(tables)

    over_ranges(ranged, count)
    for tables in spare:
        total += tables
    return total


def _unpaired(tables: Counts) -> Counts:
    """The counts (256,) of single distances from those of pairs (2, 65536); 255 is not a distance."""
    grid = tables.sum(axis=0).reshape(256, 256)
    counts: Counts = grid.sum(axis=0) + grid.sum(axis=1)
    counts[255] = 0
    return counts


def query_words(query: NDArray[np.uint8], compared: int) -> tuple[NDArray[np.uint64], int]:
    """The first `compared` bits of a query as the kernels read codes.

    Returns:
        The whole words but the last, followed by the last eight bytes; and which bits of these count.
    """
    width = -(-compared // 8)
    whole = (width - 1) // 8 * 8
    rest = width - whole
    last, marks = np.zeros(8, dtype=np.uint8), np.zeros(8, dtype=np.uint8)
    last[8 - rest :] = query[whole:width]
    marks[8 - rest :] = 255
    marks[7] = 0xFF & (0xFF << (8 * width - compared))  # bit 0 of a code is the most significant of its byte
    words = np.concatenate([query[:whole], last]).view(np.uint64)
    return words, marks.view(np.uint64)[0]
