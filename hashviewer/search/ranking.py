"""The exact ranking of a library by Hamming distance."""

import time

import numpy as np
from numpy.typing import NDArray

from hashviewer.search import kernels
from hashviewer.search.results import Cost, Matches, check_count, check_radius
from hashviewer.search.scan import Scan, scan


def rank(
    query: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    bits: int,
    *,
    k: int | None = None,
    radius: int | None = None,
    rows: NDArray[np.bool_] | None = None,
    prefix: int | None = None,
) -> Matches:
    """The rows nearest to `query`, sorted by (Hamming distance, row).

    Args:
        query: One packed code (W,), W = ceil(bits / 8).
        codes: Packed codes (N, W).
        bits: Width of the codes, 1 to 4096.
        k: At most so many rows; None for as many as there are.
        radius: Only rows at this distance or nearer; None for any.
        rows: (N,) True for the rows to search; None searches all.
        prefix: Compare only so many of the first bits, for a quick look or for codes whose bits are in order of weight;
            the distances are then of that many bits. None compares all.

    Raises:
        SearchError: The code widths differ, k is below 1, or the radius is not in 0…bits.
    """
    started = time.perf_counter()
    check_count(k)
    if radius is not None:
        check_radius(radius, prefix or bits)
    return ranked(
        scan(query, codes, bits, rows=rows, prefix=prefix),
        prefix or bits,
        k=k,
        radius=radius,
        started=started,
    )


def ranked(found: Scan, bits: int, *, k: int | None, radius: int | None, started: float) -> Matches:
    """The matches in a scan; `bits` is the largest distance there can be, `started` when the search began."""
    nearest = _nearest(found, k=k, radius=bits if radius is None else radius)
    return Matches(
        rows=nearest,
        distances=found.distances[nearest].astype(np.int32),
        histogram=found.histogram,
        all_distances=found.distances,
        bits=bits,
        cost=Cost(seconds=time.perf_counter() - started, scanned=len(found.distances), reranked=0),
    )


def _nearest(found: Scan, *, k: int | None, radius: int) -> NDArray[np.int64]:
    """Rows by (distance, row), at most `k` of them, none farther than `radius`.

    The histogram tells the distance of the k-th row, so only the rows up to it are sorted.
    """
    cumulative = np.cumsum(found.histogram)
    wanted = int(cumulative[radius]) if k is None else min(k, int(cumulative[radius]))
    if wanted == 0:
        return np.empty(0, dtype=np.int64)
    last = int(np.searchsorted(cumulative, wanted))  # distance of the last row wanted
    if found.minima is not None:
        rows = np.empty(wanted, dtype=np.int64)
        places = np.concatenate([[0], cumulative[:last]])
        kernels.module("selecting").nearest(found.distances, found.minima, last, places, rows)
        return rows
    candidates = np.flatnonzero(found.distances <= last)
    order = np.argsort(found.distances[candidates], kind="stable")[:wanted]
    return candidates[order].astype(np.int64, copy=False)
