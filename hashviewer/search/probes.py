"""In which order a table is probed: the codes around a query's, as the bits to flip."""

import heapq
from collections.abc import Iterator
from math import comb

import numpy as np
from numpy.typing import NDArray


def by_distance(flips: NDArray[np.uint64], radius: int) -> Iterator[NDArray[np.uint64]]:
    """For each distance 0…radius the keys' differences (C(bits, distance),) of all codes there.

    Args:
        flips: (bits,) how a key changes when a bit is flipped.
        radius: The largest distance, up to the number of bits.
    """
    differences = np.zeros(1, dtype=np.uint64)
    last = np.full(1, -1, dtype=np.int64)  # the last bit flipped; only later ones are flipped besides
    yield differences
    for _ in range(radius):
        bit = np.arange(len(flips))
        probe, added = np.nonzero(bit[None, :] > last[:, None])
        differences, last = differences[probe] ^ flips[added], bit[added]
        yield differences


def by_margin(flips: NDArray[np.uint64], margins: NDArray[np.floating], count: int) -> NDArray[np.uint64]:
    """The keys' differences of the `count` codes nearest in the sum of the flipped bits' margins, nearest first.

    The bits that a network is least sure of are flipped first, as in query-directed probing: from the cheapest set of
    bits, each next one comes by moving its last bit one further or by adding the next bit. Equal sums go by fewer bits.

    Args:
        flips: (bits,) how a key changes when a bit is flipped.
        margins: (bits,) |output| of the query, 0 or more.
        count: How many; no more than there are codes.
    """
    order = np.argsort(margins, kind="stable")
    flip = [int(value) for value in flips[order]]
    found = _cheapest(margins[order].astype(np.float64).tolist(), flip, count)
    return np.array([difference for _, difference in found], dtype=np.uint64)


def margin_of_last(margins: NDArray[np.floating], count: int) -> float:
    """The sum of the flipped bits' margins of the last of the `count` codes that `by_margin` names."""
    cost = np.sort(margins).astype(np.float64).tolist()
    return _cheapest(cost, [0] * len(cost), count)[-1][0]


def _cheapest(cost: list[float], flip: list[int], count: int) -> list[tuple[float, int]]:
    """The `count` sets of bits of the least sums, as sum and difference of the key; `cost` ascends."""
    found = [(0.0, 0)]
    heap = [(cost[0], 1, 0, flip[0])]  # sum, bits flipped, place of the last bit, difference
    while heap and len(found) < count:
        total, flipped, place, difference = heapq.heappop(heap)
        found.append((total, difference))
        if place + 1 < len(cost):
            added = cost[place + 1]
            heapq.heappush(heap, (total + added, flipped + 1, place + 1, difference ^ flip[place + 1]))
            moved = difference ^ flip[place] ^ flip[place + 1]
            heapq.heappush(heap, (total - cost[place] + added, flipped, place + 1, moved))
    return found


def within(bits: int, radius: int) -> int:
    """How many codes lie within a radius of one."""
    return sum(comb(bits, distance) for distance in range(radius + 1))
