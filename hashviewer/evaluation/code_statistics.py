"""How codes use their bits: whether bits are balanced, repeat one another, and how many codes there are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer.statistics import bit_statistics


@dataclass(frozen=True, slots=True)
class CodeStatistics:
    """What says at a glance whether codes have collapsed.

    Attributes:
        bit_mean: Mean over the bits of |mean of the bit as -1 or +1|: 0 where every bit is balanced, 1 where none ever
            changes.
        correlation: Mean of |correlation| over the pairs of different bits, from at most 50,000 codes; a bit that
            never changes counts as 0. NaN for a single bit.
        distinct: Different codes.
    """

    bit_mean: float
    correlation: float
    distinct: int


def code_statistics(codes: NDArray[np.uint8], bits: int) -> CodeStatistics:
    """Statistics of packed codes (N, W), N > 0."""
    found = bit_statistics(codes, bits)
    pairs = np.abs(found.correlation[np.triu_indices(bits, 1)].astype(np.float64))
    return CodeStatistics(
        bit_mean=float(np.abs(2 * found.balance - 1).mean()),
        correlation=float(pairs.mean()) if bits > 1 else float("nan"),
        distinct=_distinct(codes),
    )


def _distinct(codes: NDArray[np.uint8]) -> int:
    """How many different codes (N, W) there are."""
    whole = np.zeros((len(codes), -(-codes.shape[1] // 8) * 8), dtype=np.uint8)
    whole[:, : codes.shape[1]] = codes
    words = whole.view(np.uint64)
    if words.shape[1] > 1:
        return len(np.unique(words, axis=0))
    ordered = np.sort(words[:, 0])  # faster than numpy.unique
    return 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
