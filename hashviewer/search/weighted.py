"""Distances of packed codes in which bits count differently: by given weights, or by the query's own outputs."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search.scan import check_shapes
from hashviewer.search.scored import ScoredMatches
from hashviewer.search.tables import Tables, rank_by_tables

_BITS_OF_BYTES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder=packed.BIT_ORDER)


def rank_weighted(
    query: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    bits: int,
    weights: NDArray[np.floating],
    *,
    k: int | None = None,
    radius: float | None = None,
    rows: NDArray[np.bool_] | None = None,
) -> ScoredMatches:
    """Rank by weighted Hamming distance: the sum of the weights of the bits that differ.

    Args:
        query: One packed code (W,).
        codes: Packed codes (N, W).
        bits: Width of the codes.
        weights: (bits,) finite, 0 or more.
        k: At most so many rows; None for all.
        radius: Only rows at this distance or nearer; None for any.
        rows: (N,) True for the rows to search; None searches all.

    Raises:
        SearchError: Something does not fit, or a weight is negative or not a number.
    """
    check_shapes(query, codes, bits, rows)
    check_weights(weights, bits)
    return rank_by_tables(weighted_tables(query, bits, weights), codes, k=k, radius=radius, rows=rows)


def rank_asymmetric(
    outputs: NDArray[np.floating],
    codes: NDArray[np.uint8],
    bits: int,
    *,
    measure: Literal["margin", "euclidean"] = "margin",
    k: int | None = None,
    radius: float | None = None,
    rows: NDArray[np.bool_] | None = None,
) -> ScoredMatches:
    """Rank by the distance of the query's real-valued outputs to codes of -1 and +1.

    Both measures order the rows alike, and as the inner product does: "margin" is the sum of |output| over the bits in
    which a code differs from the outputs' signs, "euclidean" the squared distance of outputs and code,
    which is ``sum((|output| - 1)^2) + 4 margin``.

    Args:
        outputs: (bits,) the network's outputs for the query.
        codes: Packed codes (N, W).
        bits: Width of the codes.
        measure: Which of the two.
        k: At most so many rows; None for all.
        radius: Only rows at this distance or nearer; None for any.
        rows: (N,) True for the rows to search; None searches all.

    Raises:
        SearchError: Something does not fit, or an output is not a number.
    """
    check_outputs(outputs, bits)
    query = packed.from_outputs(outputs)
    check_shapes(query, codes, bits, rows)
    margins = np.abs(outputs.astype(np.float64))
    if measure == "margin":
        tables = weighted_tables(query, bits, margins)
    else:
        tables = weighted_tables(query, bits, 4 * margins, offset=float(np.square(margins - 1).sum()))
    return rank_by_tables(tables, codes, k=k, radius=radius, rows=rows)


def check_outputs(outputs: NDArray[np.floating], bits: int) -> None:
    """Refuse outputs that are not one finite number for each bit."""
    if outputs.shape != (bits,):
        raise SearchError(
            f"The query has {outputs.size} outputs and the library's codes {bits} bits: they come from different models. "
            "Encode the query with the library's model."
        )
    if not np.isfinite(outputs).all():
        raise SearchError(
            "An output of the query is not a finite number: its picture or the model is damaged."
        )


def weighted_tables(
    query: NDArray[np.uint8], bits: int, weights: NDArray[np.floating], *, offset: float = 0.0
) -> Tables:
    """Tables (W, 256) of what each byte adds: the weights (bits,) of its bits that differ from those of `query` (W,)."""
    width = packed.width(bits)
    padded = np.zeros(8 * width)
    padded[:bits] = weights
    of_query = np.unpackbits(query, bitorder=packed.BIT_ORDER).reshape(width, 1, 8)
    values = ((_BITS_OF_BYTES[None] ^ of_query) * padded.reshape(width, 1, 8)).sum(axis=2)  # (W, 256)
    return Tables(values=values.astype(np.float32), offset=offset)


def check_weights(weights: NDArray[np.floating], bits: int) -> None:
    """Refuse weights that are not one finite number of 0 or more for each bit."""
    if weights.shape != (bits,):
        raise SearchError(
            f"There are {weights.size} weights for codes of {bits} bits; give one for each bit."
        )
    if not np.isfinite(weights).all():
        raise SearchError("A weight is not a finite number; give numbers of 0 or more.")
    if (weights < 0).any():
        raise SearchError(f"The weight {weights.min():g} is negative; give numbers of 0 or more.")
