"""All distances to a query and their histogram, in one pass over the codes.

The pass goes block by block, so that a block's codes, differences and counts stay in the cache. Once the compiled
kernels are loaded they make the pass: they give the same `Scan`, bit for bit, and the smallest distance of each block
besides.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import kernels
from hashviewer.search.kernels.sizes import LAST_SMALL

SHORT = 24  # words per code up to which column by column is the faster order
BLOCK_BYTES = 512 * 1024  # of codes; with the temporaries about the size of a core's second-level cache
LEAST_COMPILED = 4096  # codes below which numpy is as fast as starting a kernel


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """Distances of all rows to one query.

    Attributes:
        distances: (N,) in bits, as bytes up to `LAST_SMALL` bits, else as 16-bit numbers; the largest number of the
            type where a row was left out.
        histogram: (bits + 1,) how many searched rows lie at each distance.
        minima: (ceil(N / BLOCK),) the smallest distance of each `kernels.sizes.BLOCK` rows; None if it was not noted.
    """

    distances: NDArray[np.unsignedinteger]
    histogram: NDArray[np.int64]
    minima: NDArray[np.unsignedinteger] | None = None


def scan(
    query: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    bits: int,
    *,
    rows: NDArray[np.bool_] | None = None,
    prefix: int | None = None,
) -> Scan:
    """Hamming distances of `query` (W,) to `codes` (N, W) and their histogram.

    Args:
        query: One packed code (W,), W = ceil(bits / 8).
        codes: Packed codes (N, W).
        bits: Width of the codes, 1 to 4096.
        rows: (N,) True for the rows to search; None searches all.
        prefix: Compare only so many of the first bits; None compares all.

    Raises:
        SearchError: Query, codes, bits and mask do not fit each other, or a code has bits beyond its width.
    """
    check_shapes(query, codes, bits, rows)
    if prefix is not None:
        check_prefix(prefix, bits)
    if kernels.ready() and len(codes) >= LEAST_COMPILED:
        distances, counts, minima = kernels.module("scanning").scan(
            query, codes, prefix or bits, rows, prefix=prefix is not None
        )
        return Scan(distances=distances, histogram=_cut(counts, prefix or bits), minima=minima)
    if prefix is not None:
        return _by_numpy(_start(query[None], prefix)[0], _start(codes, prefix), prefix, rows)
    return _by_numpy(query, codes, bits, rows)


def _start(codes: NDArray[np.uint8], prefix: int) -> NDArray[np.uint8]:
    """A copy of the first `prefix` bits of codes (N, W)."""
    start = codes[:, : packed.width(prefix)].copy()
    start[:, -1] &= np.uint8(0xFF & (0xFF << (8 * start.shape[1] - prefix)))
    return start


def _by_numpy(
    query: NDArray[np.uint8], codes: NDArray[np.uint8], bits: int, rows: NDArray[np.bool_] | None
) -> Scan:
    words = _as_words(codes)
    target = np.ascontiguousarray(query).view(words.dtype)
    small = bits <= LAST_SMALL
    kind: np.dtype[np.unsignedinteger] = np.dtype(np.uint8 if small else np.uint16)
    distances: NDArray[np.unsignedinteger] = np.empty(len(codes), dtype=kind)
    pairs = np.zeros(65536, dtype=np.int64)
    histogram = np.zeros(65536, dtype=np.int64)
    step = max(2, BLOCK_BYTES // codes.shape[1]) & ~1  # even: two byte-sized distances are counted at a time
    for start in range(0, len(codes), step):
        block = slice(start, min(start + step, len(codes)))
        counts = _distances(target, words[block], distances.dtype)
        if rows is not None:  # all bits set where a row is left out: cheaper than assigning by mask
            counts |= np.subtract(rows[block], 1, dtype=np.int16).view(np.uint16).astype(counts.dtype)
        distances[block] = counts
        _count(counts, pairs, histogram)
    histogram += _unpaired(pairs)
    histogram[255 if small else 65535] = 0  # the rows left out
    return Scan(distances=distances, histogram=_cut(histogram, bits))


def _cut(histogram: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """The histogram of the distances 0…bits (bits + 1,); there must be no others."""
    if histogram[bits + 1 :].any():
        raise SearchError(
            f"Some codes have bits set beyond their {bits} bits: the library is damaged or the number of bits is wrong."
        )
    return histogram[: bits + 1].copy()


def _distances(
    target: NDArray[np.unsignedinteger], words: NDArray[np.unsignedinteger], dtype: np.dtype
) -> NDArray[np.unsignedinteger]:
    """Distances (n,) of the words (n, V) of some codes to the words (V,) of the query."""
    total: NDArray[np.unsignedinteger]
    if len(target) > SHORT:
        total = np.bitwise_count(words ^ target).sum(axis=1, dtype=dtype)
        return total
    total = np.bitwise_count(words[:, 0] ^ target[0]).astype(dtype, copy=False)
    for column in range(1, len(target)):  # numpy's loop over a short last axis costs more than the work in it
        total += np.bitwise_count(words[:, column] ^ target[column])
    return total


def _count(
    counts: NDArray[np.unsignedinteger], pairs: NDArray[np.int64], histogram: NDArray[np.int64]
) -> None:
    """Add the distances of a block to `pairs` (byte-sized, two at a time) or to `histogram`."""
    rest = counts
    if counts.dtype == np.uint8:
        whole = len(counts) & ~1
        seen = np.bincount(counts[:whole].view(np.uint16))
        pairs[: len(seen)] += seen
        rest = counts[whole:]
    seen = np.bincount(rest)
    histogram[: len(seen)] += seen


def _unpaired(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The histogram (65536,) of byte-sized distances counted in pairs."""
    grid = pairs.reshape(256, 256)
    single = np.zeros(65536, dtype=np.int64)
    single[:256] = grid.sum(axis=0) + grid.sum(axis=1)
    return single


def _as_words(codes: NDArray[np.uint8]) -> NDArray[np.unsignedinteger]:
    """Codes (N, W) as the widest integers that fill a code: (N, V)."""
    if not codes.flags.c_contiguous:
        codes = np.ascontiguousarray(codes)
    for word in (np.uint64, np.uint32, np.uint16):
        if codes.shape[1] % np.dtype(word).itemsize == 0:
            return codes.view(word)
    return codes


def check_prefix(prefix: int, bits: int) -> None:
    """Refuse a prefix that codes of `bits` bits do not have."""
    if not 1 <= prefix <= bits:
        raise SearchError(
            f"The first {prefix} bits of codes of {bits} cannot be compared; choose 1 to {bits}."
        )


def check_shapes(
    query: NDArray[np.uint8], codes: NDArray[np.uint8], bits: int, rows: NDArray[np.bool_] | None
) -> None:
    """Refuse a query, codes, a width and a mask that do not fit one another."""
    if not 1 <= bits <= 4096:
        raise SearchError(f"Codes of {bits} bits cannot be searched; 1 to 4096 bits can.")
    if codes.ndim != 2 or codes.shape[1] != packed.width(bits):
        raise SearchError(
            f"{bits} bits fill {packed.width(bits)} bytes, but the codes have the shape {codes.shape}; "
            "open the code set with its own number of bits."
        )
    if query.shape != codes.shape[1:]:
        raise SearchError(
            f"The query's code has {8 * query.shape[-1] if query.ndim else 0} bits and the library's {bits}: "
            "they come from different models. Encode the query with the library's model."
        )
    if rows is not None and (rows.shape != codes.shape[:1] or rows.dtype != np.bool_):
        raise SearchError(
            f"The filter has {rows.size} marks for {len(codes)} codes; the library has changed since, search again."
        )
