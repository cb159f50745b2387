"""Distances of a query's feature to photos stored as code words of a quantizer (asymmetric distance computation).

A product quantizer cuts the feature in parts and names the nearest code word of each; a composite one names one code word
of each code book, whose sum stands for the feature. One byte names one of up to 256 code words.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search.tables import BLOCK, Tables

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


def sum_tables(feature: NDArray[np.floating], codebooks: NDArray[np.floating]) -> Tables:
    """Tables for squared Euclidean distances to the sums of a composite quantizer, less the sums' squared lengths.

    These are no matter of single words: a row's own (see `squared_lengths`) is added to what the tables say of it.

    Args:
        feature: (D,) the query's feature.
        codebooks: (M, K, D) code words of each book, K up to 256.

    Raises:
        SearchError: Feature and code books do not fit.
    """
    products = composite_tables(feature, codebooks).values
    return Tables(values=2 * products, offset=float(np.square(feature.astype(np.float64)).sum()))


def score_tables(scores: NDArray[np.floating]) -> Tables:
    """Tables of a query that scores the words itself, the higher the nearer.

    Args:
        scores: (M, K) of each word of each book, K up to 256.

    Raises:
        SearchError: There are more words than a byte can name, or none.
    """
    _check(scores[..., None])
    return Tables(values=_filled(-scores.astype(np.float64)))


def word_numbers(codes: NDArray[np.uint8], bits: int, words: int) -> NDArray[np.uint8]:
    """The numbers of code words, a byte each, in packed codes; the most significant bit of a number comes first.

    Args:
        codes: (N, W) packed.
        bits: Width of the codes.
        words: Words of a book: a power of two, at most 256.

    Returns:
        (N, M), the codes themselves where a number is a byte.

    Raises:
        SearchError: The bits are not a whole number of numbers.
    """
    each = (words - 1).bit_length()
    if not 2 <= words <= 256 or words != 1 << each or bits % each:
        raise SearchError(f"Codes of {bits} bits do not consist of numbers of {words} code words.")
    if each == 8:
        return codes
    numbers = np.empty((len(codes), bits // each), dtype=np.uint8)
    for start in range(0, len(codes), BLOCK):
        some = slice(start, start + BLOCK)
        ones = packed.unpack(codes[some], bits).reshape(-1, bits // each, each)
        numbers[some] = np.packbits(ones, axis=2, bitorder="big")[:, :, 0] >> (8 - each)
    return numbers


def squared_lengths(numbers: NDArray[np.uint8], codebooks: NDArray[np.floating]) -> NDArray[np.float32]:
    """Squared lengths (N,) of the sums of code words that numbers (N, M) name in books (M, K, D)."""
    _check(codebooks)
    count = len(codebooks)
    lengths = np.zeros(len(numbers), dtype=np.float64)
    for m in range(count):  # ||sum of c_m||^2 as the sum of products of two words, by tables of these
        lengths += np.square(codebooks[m]).sum(axis=1)[numbers[:, m]]
        for other in range(m + 1, count):
            products = codebooks[m] @ codebooks[other].T  # (K, K)
            lengths += 2 * products[numbers[:, m], numbers[:, other]]
    return lengths.astype(np.float32)


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
