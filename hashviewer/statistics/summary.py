"""What a reader wants to know first about the bits of a code set."""

from dataclasses import dataclass

import numpy as np

from hashviewer.statistics.bits import BitStatistics


@dataclass(frozen=True, slots=True)
class BitSummary:
    """The figures of all bits in one line.

    Attributes:
        bits: Width of the codes.
        balance: Mean share of ones; NaN without rows.
        entropy: Mean entropy of a bit; NaN without rows.
        dead: How many bits never change.
        pair: The two bits that correlate most, in size; None where there are fewer than two living ones.
        correlation: Their correlation, -1…1; 0 without a pair.
    """

    bits: int
    balance: float
    entropy: float
    dead: int
    pair: tuple[int, int] | None
    correlation: float


def summarize(statistics: BitStatistics) -> BitSummary:
    """The summary of `statistics`; of equally correlated pairs the first counts."""
    pair = _strongest_pair(statistics)
    return BitSummary(
        bits=statistics.bits,
        balance=float(statistics.balance.mean()),
        entropy=float(statistics.entropy.mean()),
        dead=len(statistics.dead),
        pair=pair,
        correlation=0.0 if pair is None else float(statistics.correlation[pair]),
    )


def _strongest_pair(statistics: BitStatistics) -> tuple[int, int] | None:
    if statistics.count == 0 or statistics.bits - len(statistics.dead) < 2:
        return None
    sizes = np.abs(np.triu(statistics.correlation, k=1))
    first, second = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    return int(first), int(second)
