"""Several tables over parts of the code: exact within a radius while looking into very few buckets.

If two codes differ in at most r bits and m disjoint groups of bits are looked at, then one group differs in at most
r / m of them: with r = m s + a, one of the first a + 1 groups in at most s, or one of the others in at most s - 1 (the
pigeonhole principle). So a query looks into the buckets that near in each group, and compares whole codes.
"""

import time
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import kernels
from hashviewer.search.lookup import gathered
from hashviewer.search.neighbours import Neighbours, in_order
from hashviewer.search.probes import by_distance, within
from hashviewer.search.ranking import rank
from hashviewer.search.results import Cost, check_count, check_radius
from hashviewer.search.scan import check_shapes

WIDEST = 22  # bits of a group: a table of four million buckets is 16 MB
BLOCK = 1 << 18  # rows whose group values are computed at a time


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A table over some neighbouring bits, addressed by their value.

    Attributes:
        first: The first of the bits.
        bits: How many there are.
        starts: (2^bits + 1,) where each bucket's rows begin.
        rows: (N,) rows by bucket, ascending within.
    """

    first: int
    bits: int
    starts: NDArray[np.uint32]
    rows: NDArray[np.uint32]

    def value(self, codes: NDArray[np.uint8]) -> NDArray[np.uint32]:
        """What the group's bits say in codes (n, W), as numbers (n,)."""
        byte, shift = divmod(self.first, 8)
        value = np.zeros(len(codes), dtype=np.uint32)
        for place in range(byte, byte + 4):  # 22 bits from any bit on lie in four bytes
            value <<= np.uint32(8)
            if place < codes.shape[1]:
                value |= codes[:, place]
        return (value >> np.uint32(32 - shift - self.bits)) & np.uint32((1 << self.bits) - 1)


@dataclass(frozen=True, slots=True, eq=False)
class MultiIndex:
    """Tables over disjoint groups of bits.

    Attributes:
        codes: (N, W) the packed codes.
        bits: Width of the codes.
        groups: The tables.
    """

    codes: NDArray[np.uint8]
    bits: int
    groups: tuple[Group, ...]

    @classmethod
    def build(cls, codes: NDArray[np.uint8], bits: int, *, tables: int = 4) -> Self:
        """Index packed codes (N, W) by so many groups of bits, of equal length but at most 22.

        Raises:
            SearchError: Codes and bits do not fit, or there are not so many groups of bits.
        """
        check_shapes(np.zeros(codes.shape[-1], dtype=np.uint8), codes, bits, None)
        if not 1 <= tables <= bits:
            raise SearchError(
                f"Codes of {bits} bits cannot be cut into {tables} parts; choose 1 to {bits} tables."
            )
        if len(codes) >= 1 << 32:
            raise SearchError(
                "More than four thousand million photos do not fit one index; split the library."
            )
        codes = np.ascontiguousarray(codes)
        return cls(codes, bits, tuple(_group(codes, bits, tables, place) for place in range(tables)))

    def radii(self, radius: int) -> tuple[int, ...]:
        """How far each group must be probed for the answer within `radius` to be exact; -1: not at all."""
        share, rest = divmod(radius, len(self.groups))
        return tuple(share if place <= rest else share - 1 for place in range(len(self.groups)))

    def probes(self, radius: int) -> float:
        """How many buckets an exact search within `radius` looks into."""
        return float(
            sum(_within(group.bits, r) for group, r in zip(self.groups, self.radii(radius), strict=True))
        )

    def search(
        self, query: NDArray[np.uint8], *, k: int | None = None, radius: int | None = None
    ) -> Neighbours:
        """The exact rows within `radius`, or the exact `k` nearest.

        For `k` the radius grows until there are so many; where that would probe more buckets than there are codes, all
        codes are compared instead.

        Args:
            query: One packed code (W,).
            k: At most so many rows; None for all within the radius.
            radius: Only rows at this distance or nearer; None for any, then `k` is needed.

        Raises:
            SearchError: The query does not fit, k is below 1, the radius is not in 0…bits, or both are missing.
        """
        started = time.perf_counter()
        check_count(k)
        check_shapes(query, self.codes, self.bits, None)
        if radius is None and k is None:
            raise SearchError("A lookup needs a radius or a number of neighbours; give one of them.")
        last = self.bits if radius is None else radius
        check_radius(last, self.bits)
        spent = Cost(0.0, 0, 0)
        for reach in [last] if k is None else range(last + 1):
            if self.probes(reach) > len(self.codes):
                return self._compare_all(query, k, radius, spent, started)
            candidates, spent = self._candidates(query, reach, spent)
            distances = packed.hamming(query, self.codes[candidates])
            rows, far = in_order(candidates, distances, k=k, radius=reach)
            if k is not None and len(rows) == k:
                break
        cost = Cost(
            time.perf_counter() - started, spent.scanned, 0, spent.probed, spent.empty, spent.candidates
        )
        return Neighbours(rows, far, self.bits, complete=reach, exact=True, cost=cost)

    def _candidates(
        self, query: NDArray[np.uint8], radius: int, spent: Cost
    ) -> tuple[NDArray[np.int64], Cost]:
        """Rows in the buckets that the pigeonhole principle asks for, some of them several times."""
        found, probed, empty = [np.empty(0, dtype=np.int64)], 0, 0
        for group, reach in zip(self.groups, self.radii(radius), strict=True):
            if reach < 0:
                continue
            values = int(group.value(query[None])[0]) ^ _differences(group.bits, reach)
            starts, ends = group.starts[values], group.starts[values + 1]
            occupied = ends > starts
            found.append(gathered(group.rows, starts[occupied], ends[occupied]))
            probed += len(values)
            empty += len(values) - int(np.count_nonzero(occupied))
        rows = np.concatenate(found)
        cost = Cost(
            seconds=0.0,
            scanned=spent.scanned + len(rows),
            reranked=0,
            probed=spent.probed + probed,
            empty=spent.empty + empty,
            candidates=spent.candidates + len(rows),
        )
        return rows, cost

    def _compare_all(
        self, query: NDArray[np.uint8], k: int | None, radius: int | None, spent: Cost, started: float
    ) -> Neighbours:
        matches = rank(query, self.codes, self.bits, k=k, radius=radius)
        cost = Cost(
            time.perf_counter() - started,
            spent.scanned + len(self.codes),
            0,
            spent.probed,
            spent.empty,
            spent.candidates,
        )
        complete = self.bits if radius is None else radius
        return Neighbours(
            matches.rows, matches.distances, self.bits, complete=complete, exact=True, cost=cost
        )


def _within(bits: int, radius: int) -> int:
    return within(bits, min(radius, bits)) if radius >= 0 else 0


def _differences(bits: int, radius: int) -> NDArray[np.int64]:
    """All numbers of `bits` bits with at most `radius` ones, fewest first."""
    flips = np.uint64(1) << np.arange(bits, dtype=np.uint64)
    return np.concatenate(list(by_distance(flips, min(radius, bits)))).astype(np.int64)


def _group(codes: NDArray[np.uint8], bits: int, tables: int, place: int) -> Group:
    first = bits * place // tables
    length = min(bits * (place + 1) // tables - first, WIDEST)
    empty = Group(first, length, np.empty(0, np.uint32), np.empty(0, np.uint32))
    values = np.empty(len(codes), dtype=np.uint32)
    for start in range(0, len(codes), BLOCK):
        values[start : start + BLOCK] = empty.value(codes[start : start + BLOCK])
    starts = np.zeros((1 << length) + 1, dtype=np.uint32)
    np.cumsum(np.bincount(values, minlength=1 << length), out=starts[1:])
    if kernels.ready():
        rows = np.empty(len(codes), dtype=np.uint32)
        kernels.module("joining").distribute(values, starts[:-1].copy(), rows)
    else:
        kind = np.uint16 if length <= 16 else np.uint32  # numpy sorts 16 bits by counting
        rows = np.argsort(values.astype(kind), kind="stable").astype(np.uint32)
    return Group(first, length, starts, rows)
