"""What a histogram of distances tells: the curve of random codes and the gap that separates a group."""

from dataclasses import dataclass
from itertools import pairwise
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of empty distances after some photos: "7 photos within 6; the next is at 14".

    Attributes:
        radius: The last occupied distance before the gap.
        within: Photos at this distance or nearer.
        next_distance: The first occupied distance after it; None if all photos are within.
    """

    radius: int
    within: int
    next_distance: int | None


def binomial_histogram(bits: int, total: int) -> NDArray[np.float64]:
    """How many of `total` codes lie at each distance 0…bits if all codes are random: (bits + 1,).

    total * C(bits, d) / 2^bits, by logarithms: neither the binomial nor the power fits a float at 4096 bits.
    """
    whole = lgamma(bits + 1)
    logs = [whole - lgamma(d + 1) - lgamma(bits - d + 1) - bits * log(2) for d in range(bits + 1)]
    expected: NDArray[np.float64] = total * np.exp(np.array(logs))
    return expected


def largest_gap(histogram: NDArray[np.int64], *, minimum: int = 1, up_to: int | None = None) -> Gap | None:
    """The widest gap in the distances to a query, which is a natural radius.

    Args:
        histogram: (bits + 1,) photos at each distance.
        minimum: At least so many photos before the gap (2 where the query itself is in the library).
        up_to: The gap begins at this distance or nearer; None for half of the bits, where random codes lie.

    Returns:
        The gap; of equally wide ones the nearest. None if there are too few photos, or no distance is skipped.
    """
    last = (len(histogram) - 1) // 2 if up_to is None else up_to
    occupied = np.flatnonzero(histogram)
    within = np.cumsum(histogram)
    begins = [int(d) for d in occupied if d <= last and within[d] >= minimum]
    if not begins:
        return None
    after = {int(a): int(b) for a, b in pairwise(occupied)}
    if begins[0] not in after:
        return Gap(radius=begins[0], within=int(within[begins[0]]), next_distance=None)
    best = max((d for d in begins if d in after), key=lambda d: after[d] - d)
    if after[best] - best < 2:
        return None
    return Gap(radius=best, within=int(within[best]), next_distance=after[best])
