"""Distances of a query's feature to photos stored as code words of a quantizer (asymmetric distance computation).

A product quantizer cuts the feature in parts and names the nearest code word of each; a composite one names one code word
of each code book, whose sum stands for the feature. One byte names one of up to 256 code words.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.search.tables import Tables

Measure = Literal["euclidean", "dot"]


def product_tables(
    feature: NDArray[np.floating], codebooks: NDArray[np.floating], *, measure: Measure = "euclidean"
) -> Tables:
    """Tables for the codes of a product quantizer: exact distances to what the codes stand for.

    Args:
        feature: (D,) the query's feature.
        codebooks: (M, K, D / M) code words of each part, K up to 256.
        measure: Squared Euclidean distance, or the negated inner product.

    Raises:
        SearchError: Feature and code books do not fit.
    """
    _check(codebooks)
    parts, _, length = codebooks.shape
    if feature.shape != (parts * length,):
        raise SearchError(_different(feature, parts * length))
    pieces = feature.astype(np.float64).reshape(parts, 1, length)
    if measure == "euclidean":
        values = np.square(codebooks - pieces).sum(axis=2)
    else:
        values = -(codebooks * pieces).sum(axis=2)
    return Tables(values=_filled(values))


def composite_tables(feature: NDArray[np.floating], codebooks: NDArray[np.floating]) -> Tables:
    """Tables for the codes of a composite (additive) quantizer: the negated inner product.

    The squared Euclidean distance orders alike where the quantizer keeps the length of its sums constant, as composite
    quantization does.

    Args:
        feature: (D,) the query's feature.
        codebooks: (M, K, D) code words of each book, K up to 256.

    Raises:
        SearchError: Feature and code books do not fit.
    """
    _check(codebooks)
    if feature.shape != codebooks.shape[2:]:
        raise SearchError(_different(feature, codebooks.shape[2]))
    return Tables(values=_filled(-(codebooks @ feature.astype(np.float64))))


def _filled(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Tables (M, 256) of values (M, K); code words that do not exist are as far as the farthest."""
    parts, words = values.shape
    filled = np.empty((parts, 256), dtype=np.float32)
    filled[:, :words] = values
    filled[:, words:] = values.max(axis=1, keepdims=True)
    return filled


def _check(codebooks: NDArray[np.floating]) -> None:
    if codebooks.ndim != 3 or not 1 <= codebooks.shape[1] <= 256:
        raise SearchError(
            f"Code books of the shape {codebooks.shape} cannot be searched; (books, 1 to 256 words, numbers) can."
        )


def _different(feature: NDArray[np.floating], length: int) -> str:
    return (
        f"The query's feature has {feature.size} numbers and the code books {length}: they come from different models. "
        "Encode the query with the library's model."
    )
