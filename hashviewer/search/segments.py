"""Ranking by agreeing segments, for codes whose groups of bits each name one symbol, as ordinal hashing makes them."""

import time

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search.kernels.sizes import LAST_SMALL
from hashviewer.search.quantizer import word_numbers
from hashviewer.search.ranking import ranked
from hashviewer.search.results import Matches, check_count, check_radius, not_searched
from hashviewer.search.scan import Scan, check_shapes
from hashviewer.search.tables import Tables

_BYTE = 8
BLOCK_BITS = 1 << 22  # bits taken apart at a time


def rank_segments(
    query: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    bits: int,
    segment: int,
    *,
    k: int | None = None,
    radius: int | None = None,
    rows: NDArray[np.bool_] | None = None,
) -> Matches:
    """Rank by how many segments differ; `bits` of the result is the number of segments.

    Args:
        query: One packed code (W,).
        codes: Packed codes (N, W).
        bits: Width of the codes.
        segment: Bits of a segment; it must divide `bits`.
        k: At most so many rows; None for all.
        radius: Only rows in which so many segments or fewer differ; None for any.
        rows: (N,) True for the rows to search; None searches all.

    Raises:
        SearchError: Something does not fit.
    """
    started = time.perf_counter()
    check_count(k)
    check_shapes(query, codes, bits, rows)
    if segment < 1 or bits % segment:
        raise SearchError(
            f"Codes of {bits} bits do not fall into segments of {segment}; choose a divisor of {bits}."
        )
    segments = bits // segment
    if radius is not None:
        check_radius(radius, segments)
    distances = _distances(query, codes, bits, segment)
    if rows is not None:
        distances[~rows] = not_searched(distances)
    histogram = np.bincount(distances, minlength=segments + 1)[: segments + 1].astype(np.int64)
    found = Scan(distances=distances, histogram=histogram)
    return ranked(found, segments, k=k, radius=radius, started=started)


def _distances(
    query: NDArray[np.uint8], codes: NDArray[np.uint8], bits: int, segment: int
) -> NDArray[np.unsignedinteger]:
    """In how many segments each code differs: (N,)."""
    segments = bits // segment
    kind: np.dtype[np.unsignedinteger] = np.dtype(np.uint8 if segments <= LAST_SMALL else np.uint16)
    distances: NDArray[np.unsignedinteger] = np.empty(len(codes), dtype=kind)
    step = max(1, BLOCK_BITS // bits)
    for start in range(0, len(codes), step):
        different = packed.unpack(codes[start : start + step] ^ query, bits)
        distances[start : start + step] = different.reshape(-1, segments, segment).any(axis=2).sum(axis=1)
    return distances


def segment_tables(
    query: NDArray[np.uint8], codes: NDArray[np.uint8], bits: int, segment: int
) -> tuple[Tables, NDArray[np.uint8]]:
    """How many segments differ, as look-up tables, and the bytes (N, M) that are looked up.

    Where whole segments lie in a byte these are the codes themselves; else the number that each segment spells.

    Args:
        query: One packed code (W,).
        codes: Packed codes (N, W).
        bits: Width of the codes.
        segment: Bits of a segment, at most 8; it must divide `bits`.

    Raises:
        SearchError: A segment does not fit into a byte.
    """
    if segment > _BYTE:
        raise SearchError(f"Segments of {segment} bits are longer than a byte; {_BYTE} bits are the most.")
    every = np.arange(256, dtype=np.uint8)
    if _BYTE % segment:
        numbers = word_numbers(codes, bits, 1 << segment)
        own = word_numbers(query[None], bits, 1 << segment)[0]
        return Tables((every != own[:, None]).astype(np.float32)), numbers
    different = np.unpackbits(every ^ query[:, None], axis=1).reshape(len(query), 256, -1, segment)
    return Tables(different.any(axis=3).sum(axis=2).astype(np.float32)), codes
