"""How the bits of a code set behave: balance, entropy, correlation, and a query's margins."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import CodeError
from hashviewer.progress import Progress, silent

SAMPLE = 50_000  # rows for the correlation: its standard error is then below 0.0045
WIDE = 1024  # bits up to which the whole sample is used; the work grows with the square of the bits
BLOCK = 65_536  # rows counted between two calls of progress
SEED = 0

_BITS_OF_BYTE = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.int64)  # (256, 8)


@dataclass(frozen=True, slots=True, eq=False)
class BitStatistics:
    """Statistics of the bits of a code set.

    Attributes:
        bits: Width of the codes.
        count: Rows counted.
        balance: (bits,) share of rows whose bit is 1, 0…1; NaN without rows.
        entropy: (bits,) entropy of each bit, 0…1 bit; NaN without rows.
        correlation: (bits, bits) Pearson correlation of the bits, -1…1; 0 where a bit never changes.
        dead: Bits that have the same value in all rows, ascending.
        sampled: Rows that the correlation was computed from; all of them, or a seeded sample of a larger set.
    """

    bits: int
    count: int
    balance: NDArray[np.float64]
    entropy: NDArray[np.float64]
    correlation: NDArray[np.float32]
    dead: tuple[int, ...]
    sampled: int


def bit_statistics(
    codes: NDArray[np.uint8],
    bits: int,
    *,
    rows: NDArray[np.bool_] | None = None,
    progress: Progress = silent,
) -> BitStatistics:
    """Balance, entropy and correlation of the bits of packed codes (N, W).

    Args:
        codes: Packed codes (N, W), W = ceil(bits / 8).
        bits: Width of the codes.
        rows: (N,) True for the rows to count; None counts all.
        progress: Told the rows counted; may cancel.

    Raises:
        CodeError: The codes are not `bits` wide, or the mask has another length.
    """
    if codes.ndim != 2 or codes.shape[1] != packed.width(bits):
        raise CodeError(
            f"{bits} bits fill {packed.width(bits)} bytes, but the codes have the shape {codes.shape}."
        )
    if rows is not None and rows.shape != codes.shape[:1]:
        raise CodeError(f"The filter has {rows.size} marks for {len(codes)} codes.")
    count = len(codes) if rows is None else int(np.count_nonzero(rows))
    ones = _ones(codes, bits, rows, progress)
    sample = codes[sampled_rows(np.arange(len(codes)) if rows is None else np.flatnonzero(rows), bits)]
    return counted_statistics(
        ones, sample, bits, count=count, may_cancel=partial(progress, len(codes), len(codes))
    )


def sampled_rows(rows: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """The rows whose codes the correlation of `bits` bits is computed from: all of `rows`, or a seeded sample; ascending."""
    limit = SAMPLE if bits <= WIDE else SAMPLE * WIDE // bits
    if len(rows) > limit:
        return np.sort(np.random.default_rng(SEED).choice(rows, size=limit, replace=False))
    return rows


def counted_statistics(
    ones: NDArray[np.int64],
    sample: NDArray[np.uint8],
    bits: int,
    *,
    count: int,
    may_cancel: Callable[[], None] = lambda: None,
) -> BitStatistics:
    """The statistics that follow from counts and a sample, wherever those come from.

    Args:
        ones: (bits,) how often each bit is 1.
        sample: (n, W) the codes of `sampled_rows`.
        bits: Width of the codes.
        count: Rows counted.
        may_cancel: Called now and then; may raise `Cancelled`.
    """
    balance = ones / count if count else np.full(bits, np.nan)
    return BitStatistics(
        bits=bits,
        count=count,
        balance=balance,
        entropy=_entropy(balance),
        correlation=_correlation(packed.unpack(sample, bits), may_cancel),
        dead=tuple(int(bit) for bit in np.flatnonzero((ones == 0) | (ones == count))) if count else (),
        sampled=len(sample),
    )


def bit_margins(outputs: NDArray[np.floating]) -> NDArray[np.float32]:
    """How far each bit of a query was from the other value: |output| (bits,), 1 = the query's median.

    Where more than half of the outputs are zero the largest one is 1 instead.
    """
    size = np.abs(outputs.astype(np.float32))
    unit = float(np.median(size)) or float(size.max())
    return (size / unit).astype(np.float32) if unit else size


def _ones(
    codes: NDArray[np.uint8], bits: int, rows: NDArray[np.bool_] | None, progress: Progress
) -> NDArray[np.int64]:
    """How often each bit is 1: (bits,). Counts the values of each byte, then looks up their bits."""
    values = np.zeros((codes.shape[1], 256), dtype=np.int64)
    for start in range(0, len(codes), BLOCK):
        block = codes[start : start + BLOCK]
        if rows is not None:
            block = block[rows[start : start + BLOCK]]
        for column in range(codes.shape[1]):
            values[column] += np.bincount(block[:, column], minlength=256)
        progress(min(start + BLOCK, len(codes)), len(codes))
    counted: NDArray[np.int64] = (values @ _BITS_OF_BYTE).reshape(-1)[:bits]
    return counted


def _entropy(balance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy in bits of a coin that shows 1 with probability `balance`."""
    both = np.stack([balance, 1 - balance])
    logs = np.log2(both, out=np.zeros_like(both), where=both > 0)
    entropy: NDArray[np.float64] = np.abs(both * logs).sum(axis=0)
    return entropy


def _correlation(ones: NDArray[np.bool_], may_cancel: Callable[[], None]) -> NDArray[np.float32]:
    """Pearson correlation (B, B) of bits (n, B); 0 where a bit has the same value in all rows."""
    count, bits = ones.shape
    planes = _planes(ones)
    together = np.empty((bits, bits))  # how often two bits are 1 in the same row
    for bit in range(bits):
        may_cancel()
        # counting words is faster than a matrix product, and exact
        together[bit] = np.bitwise_count(planes & planes[bit]).sum(axis=1, dtype=np.int64)
    share = together.diagonal() / max(count, 1)
    covariance = together / max(count, 1) - np.outer(share, share)
    deviation = np.sqrt(share * (1 - share))
    scale = np.outer(deviation, deviation)
    result = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)
    correlation: NDArray[np.float32] = np.clip(result, -1, 1).astype(np.float32)
    return correlation


def _planes(ones: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """One row of words for each bit (B, words): bit b of all rows (n, B), filled up with zeros."""
    count, bits = ones.shape
    packed_rows = np.packbits(np.ascontiguousarray(ones.T), axis=1)  # (B, ceil(n / 8))
    filled = np.zeros((bits, -(-count // 64) * 8), dtype=np.uint8)
    filled[:, : packed_rows.shape[1]] = packed_rows
    return filled.view(np.uint64)
