"""Ranking by look-up tables: what each value of each byte of a code adds to its distance.

Weighted Hamming, asymmetric and quantizer distances are all of this form and differ only in their tables.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.search import kernels
from hashviewer.search.kernels.sizes import PART
from hashviewer.search.memory import empty
from hashviewer.search.results import Cost
from hashviewer.search.scan import LEAST_COMPILED
from hashviewer.search.scored import ScoredMatches, check_scored, nearest_scored

BLOCK = 16_384  # rows that numpy takes at a time


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """A query in the form that codes are compared with: distance = offset + sum over bytes of values[byte, code[byte]].

    Attributes:
        values: (W, 256) what each value of each byte adds.
        offset: What every distance begins with.
    """

    values: NDArray[np.float32]
    offset: float = 0.0


def rank_by_tables(
    tables: Tables,
    codes: NDArray[np.uint8],
    *,
    k: int | None = None,
    radius: float | None = None,
    rows: NDArray[np.bool_] | None = None,
    lengths: NDArray[np.float32] | None = None,
) -> ScoredMatches:
    """The rows nearest by `tables`, sorted by (distance, row).

    The sums are of 32-bit numbers, byte by byte in order, whichever kernel makes them, and a row's own length last.

    Args:
        tables: The query.
        codes: (N, W) codes: packed bits, or the numbers of a quantizer's code words.
        k: At most so many rows; None for all.
        radius: Only rows at this distance or nearer; None for any.
        rows: (N,) True for the rows to search; None searches all.
        lengths: (N,) what each row adds to a squared distance, which is then at least 0; None adds nothing.

    Raises:
        SearchError: Tables and codes do not fit, a value is not a finite number, or k is below 1.
    """
    started = time.perf_counter()
    check_scored(k, radius)
    _check(tables, codes, rows)
    distances, minima = _sums(tables, np.ascontiguousarray(codes), rows)
    if lengths is not None:
        if lengths.shape != distances.shape:
            raise SearchError(
                f"There are {lengths.size} lengths for {len(codes)} codes; the library has changed since, search again."
            )
        np.maximum(distances + lengths, np.float32(0), out=distances)
        minima = _minima(distances)
    nearest = nearest_scored(distances, minima, k=k, radius=radius)
    seconds = time.perf_counter() - started
    return ScoredMatches(
        rows=nearest,
        distances=distances[nearest],
        all_distances=distances,
        cost=Cost(seconds=seconds, scanned=len(codes), reranked=0),
    )


def _sums(
    tables: Tables, codes: NDArray[np.uint8], rows: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Distances (N,), infinite where a row is left out, and the smallest of each part."""
    count, width = codes.shape
    distances = empty(count, np.float32)
    values = np.ascontiguousarray(tables.values, dtype=np.float32).reshape(-1)
    if kernels.ready() and count >= LEAST_COMPILED:
        summing, threads = kernels.module("summing"), kernels.module("threads")
        flat = codes.reshape(-1)
        minima = np.empty(-(-count // PART), dtype=np.float32)
        marks = np.empty(0, dtype=np.uint8) if rows is None else np.ascontiguousarray(rows).view(np.uint8)

        def work(start: int, end: int) -> None:
            summing.sums(
                flat[start * width : end * width],
                width,
                values,
                tables.offset,
                marks[start:end],
                distances[start:end],
                minima[start // PART : -(-end // PART)],
            )

        threads.over_ranges(work, count)
        return distances, minima
    for start in range(0, count, BLOCK):
        part = slice(start, min(start + BLOCK, count))
        distances[part] = np.float32(tables.offset)
        for byte in range(width):
            distances[part] += values[256 * byte : 256 * (byte + 1)][codes[part, byte]]
    if rows is not None:
        distances[~rows] = np.inf
    return distances, _minima(distances)


def _minima(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """The smallest of each part: (ceil(N / PART),)."""
    if not len(distances):
        return np.empty(0, dtype=np.float32)
    minima: NDArray[np.float32] = np.minimum.reduceat(distances, np.arange(0, len(distances), PART))
    return minima


def _check(tables: Tables, codes: NDArray[np.uint8], rows: NDArray[np.bool_] | None) -> None:
    if codes.ndim != 2 or codes.dtype != np.uint8 or tables.values.shape != (codes.shape[1], 256):
        raise SearchError(
            f"The query has tables for {len(tables.values)} bytes, but the codes have the shape {codes.shape}: they come "
            "from different models. Encode the query with the library's model."
        )
    if not np.isfinite(tables.values).all() or not np.isfinite(tables.offset):
        raise SearchError("A weight or an output of the query is not a finite number; give numbers only.")
    if rows is not None and (rows.shape != codes.shape[:1] or rows.dtype != np.bool_):
        raise SearchError(
            f"The filter has {rows.size} marks for {len(codes)} codes; the library has changed since, search again."
        )
