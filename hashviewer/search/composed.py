"""Queries made of several: photos wanted, photos not wanted, and the passes over one photo's crops or mirrorings."""

import time

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.search.ranking import ranked
from hashviewer.search.results import Matches, check_count, check_radius, not_searched
from hashviewer.search.scan import Scan, check_shapes, scan
from hashviewer.search.scored import ScoredMatches
from hashviewer.search.tables import Tables, rank_by_tables
from hashviewer.search.weighted import check_weights, weighted_tables


def rank_any(
    queries: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    bits: int,
    *,
    negatives: NDArray[np.uint8] | None = None,
    k: int | None = None,
    radius: int | None = None,
    rows: NDArray[np.bool_] | None = None,
) -> Matches:
    """Rank by the distance to the nearest of several queries: photos of which any will do, or variants of one.

    Args:
        queries: (Q, W) packed codes, at least one.
        codes: Packed codes (N, W).
        bits: Width of the codes.
        negatives: (P, W) codes not wanted: a row nearer to one of them than to every query is left out.
        k: At most so many rows; None for all.
        radius: Only rows at this distance or nearer; None for any.
        rows: (N,) True for the rows to search; None searches all.

    Raises:
        SearchError: Something does not fit, or there is no query.
    """
    started = time.perf_counter()
    check_count(k)
    _check_queries(queries)
    if radius is not None:
        check_radius(radius, bits)
    nearest = _least(queries, codes, bits, rows)
    if negatives is not None and len(negatives):
        unwanted = _least(negatives, codes, bits, rows) < nearest
        nearest[unwanted] = not_searched(nearest)
    counts = np.bincount(nearest, minlength=bits + 1)[: bits + 1].astype(np.int64)
    return ranked(Scan(distances=nearest, histogram=counts), bits, k=k, radius=radius, started=started)


def rank_mean(
    queries: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    bits: int,
    *,
    shares: NDArray[np.floating] | None = None,
    negatives: NDArray[np.uint8] | None = None,
    strength: float = 0.5,
    weights: NDArray[np.floating] | None = None,
    k: int | None = None,
    rows: NDArray[np.bool_] | None = None,
) -> ScoredMatches:
    """Rank by the mean distance to several queries, less the mean distance to what is not wanted; as fast as for one query.

    Args:
        queries: (Q, W) packed codes, at least one.
        codes: Packed codes (N, W).
        bits: Width of the codes.
        shares: (Q,) how much each query counts, 0 or more; None counts all alike.
        negatives: (P, W) codes not wanted.
        strength: How much the mean distance to the negatives counts, 0 or more.
        weights: (bits,) how much each bit counts; None counts all alike.
        k: At most so many rows; None for all.
        rows: (N,) True for the rows to search; None searches all.

    Raises:
        SearchError: Something does not fit, there is no query, or a share, weight or strength is out of range.
    """
    _check_queries(queries)
    _check_strength(strength)
    per_bit = np.ones(bits) if weights is None else weights
    check_weights(per_bit, bits)
    everyone = [*zip(queries, _shares(shares, len(queries)).tolist(), strict=True)]
    if negatives is not None and len(negatives):
        everyone += [(negative, -strength / len(negatives)) for negative in negatives]
    values = np.zeros((codes.shape[-1], 256))
    for query, share in everyone:
        check_shapes(query, codes, bits, rows)
        values += share * weighted_tables(query, bits, per_bit).values
    return rank_by_tables(Tables(values=values.astype(np.float32)), codes, k=k, rows=rows)


def _shares(shares: NDArray[np.floating] | None, count: int) -> NDArray[np.float64]:
    """How much each of `count` queries counts, summing to 1."""
    parts = np.ones(count) if shares is None else np.asarray(shares, dtype=np.float64)
    if parts.shape != (count,) or not np.isfinite(parts).all() or (parts < 0).any() or parts.sum() == 0:
        raise SearchError(
            f"{parts.size} shares for {count} queries cannot be used; give each a number of 0 or more."
        )
    normed: NDArray[np.float64] = parts / parts.sum()
    return normed


def _check_queries(queries: NDArray[np.uint8]) -> None:
    if queries.ndim != 2 or len(queries) == 0:
        raise SearchError("There is no query; choose at least one photo.")


def _check_strength(strength: float) -> None:
    if not np.isfinite(strength) or strength < 0:
        raise SearchError(f"The strength of the negatives is {strength:g}; give a number of 0 or more.")


def _least(
    queries: NDArray[np.uint8], codes: NDArray[np.uint8], bits: int, rows: NDArray[np.bool_] | None
) -> NDArray[np.unsignedinteger]:
    """The distance (N,) to the nearest of the queries; the largest number of the type where a row is left out."""
    nearest = scan(queries[0], codes, bits, rows=rows).distances
    for query in queries[1:]:
        np.minimum(nearest, scan(query, codes, bits, rows=rows).distances, out=nearest)
    return nearest
