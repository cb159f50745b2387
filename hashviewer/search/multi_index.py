"""Several tables over parts of the code: exact within a radius while looking into very few buckets.

If two codes differ in at most r bits and m disjoint groups of bits are looked at, then one group differs in at most
r / m of them: with r = m s + a, one of the first a + 1 groups in at most s, or one of the others in at most s - 1 (the
pigeonhole principle). So a query looks into the buckets that near in each group, and compares whole codes.
"""

import time
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self, TypeAlias

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
NARROWEST = (
    8  # bits of a group that may be cut; a group has no more than about as many buckets as there are codes
)
BLOCK = 1 << 18  # rows whose group values are computed at a time
ROOM = 1 << 16  # rows found for which there is room at least; memory that is not written takes no time

Looked: TypeAlias = tuple[NDArray[np.integer], NDArray[np.unsignedinteger], int, int]
"""Rows, their distances, empty buckets, rows looked at."""


@dataclass(frozen=True, slots=True)
class Group:
    """Some neighbouring bits, whose value is the address of a bucket.

    Attributes:
        first: The first of the bits.
        bits: How many there are.
        base: Where the buckets of its table begin in `MultiIndex.starts`.
    """

    first: int
    bits: int
    base: int

    def values(self, codes: NDArray[np.uint8]) -> NDArray[np.uint32]:
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
        groups: Which bits each table is over.
        starts: Where each bucket's rows begin, table by table; each has one more than it has buckets.
        rows: (tables, n) the rows indexed, by bucket, ascending within.
    """

    codes: NDArray[np.uint8]
    bits: int
    groups: tuple[Group, ...]
    starts: NDArray[np.uint32]
    rows: NDArray[np.uint32]

    @classmethod
    def build(
        cls, codes: NDArray[np.uint8], bits: int, *, tables: int = 4, rows: NDArray[np.bool_] | None = None
    ) -> Self:
        """Index codes by groups of bits, of equal length but at most 22, or fewer for few codes.

        Args:
            codes: Packed codes (N, W).
            bits: Width of the codes.
            tables: How many groups.
            rows: (N,) True for the rows to index; None indexes all.

        Raises:
            SearchError: Codes, bits and mask do not fit, or there are not so many groups of bits.
        """
        check_shapes(np.zeros(codes.shape[-1], dtype=np.uint8), codes, bits, rows)
        if not 1 <= tables <= bits:
            raise SearchError(
                f"Codes of {bits} bits cannot be cut into {tables} parts; choose 1 to {bits} tables."
            )
        if len(codes) >= 1 << 32:
            raise SearchError(
                "More than four thousand million photos do not fit one index; split the library."
            )
        codes = np.ascontiguousarray(codes)
        groups = groups_of(bits, tables, len(codes) if rows is None else int(np.count_nonzero(rows)))
        starts = np.zeros(groups[-1].base + (1 << groups[-1].bits) + 1, dtype=np.uint32)
        chosen = codes if rows is None else codes[rows]
        by_bucket = np.empty((tables, len(chosen)), dtype=np.uint32)
        for place, group in enumerate(groups):
            _fill(chosen, group, starts[group.base : group.base + (1 << group.bits) + 1], by_bucket[place])
        if rows is not None:
            by_bucket = np.flatnonzero(rows).astype(np.uint32)[by_bucket]
        return cls(codes, bits, groups, starts, by_bucket)

    def table(self, place: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """One of the tables: where each bucket begins (buckets + 1,), and its rows (N,)."""
        group = self.groups[place]
        return self.starts[group.base : group.base + (1 << group.bits) + 1], self.rows[place]

    def radii(self, radius: int) -> tuple[int, ...]:
        """How far each group must be probed for the answer within `radius` to be exact; -1: not at all."""
        return radii_of(len(self.groups), radius)

    def probes(self, radius: int) -> int:
        """How many buckets an exact search within `radius` looks into."""
        return probe_count(self.groups, radius)

    def search(
        self,
        query: NDArray[np.uint8],
        *,
        k: int | None = None,
        radius: int | None = None,
        rows: NDArray[np.bool_] | None = None,
    ) -> Neighbours:
        """The exact rows within `radius`, or the exact `k` nearest.

        For `k` the radius grows until there are so many, and each step looks into the buckets that are new in it; where
        that would probe more buckets than there are codes, all codes are compared instead.

        Args:
            query: One packed code (W,).
            k: At most so many rows; None for all within the radius.
            radius: Only rows at this distance or nearer; None for any, then `k` is needed.
            rows: (N,) True for the rows to find; None finds all that are indexed.

        Raises:
            SearchError: Query or mask do not fit, k is below 1, the radius is not in 0…bits, or both are missing.
        """
        started = time.perf_counter()
        check_count(k)
        check_shapes(query, self.codes, self.bits, rows)
        if radius is None and k is None:
            raise SearchError("A lookup needs a radius or a number of neighbours; give one of them.")
        last = self.bits if radius is None else radius
        check_radius(last, self.bits)
        spent, before = Cost(0.0, 0, 0), -1
        parts: list[tuple[NDArray[np.integer], NDArray[np.unsignedinteger]]] = []
        for reach in [last] if k is None else range(last + 1):
            if self.probes(reach) > self.rows.shape[1]:
                return self._compare_all(query, (k, radius, rows), spent, started)
            there, near, spent = self._near(query, (before, reach), last, spent)
            if rows is not None:
                wanted = rows[there]
                there, near = there[wanted], near[wanted]
            parts.append((there, near))
            before = reach
            if k is not None and _holds(parts, reach, k):
                break
        found, far = (np.concatenate([part[which] for part in parts]) for which in (0, 1))
        found, far = in_order(found, far, k=None, radius=None)
        cost = replace(spent, seconds=time.perf_counter() - started)
        return _answer(found, far, self.bits, k=k, complete=reach, cost=cost)

    def _probes(self, query: NDArray[np.uint8], known: int, radius: int) -> NDArray[np.int64]:
        """The buckets (P, 2), as table and place in `starts`, that the pigeonhole principle asks for beyond those `known`."""
        number, width = int.from_bytes(query.tobytes(), "big"), 8 * len(query)
        values = [
            (number >> (width - group.first - group.bits)) & ((1 << group.bits) - 1) for group in self.groups
        ]
        table, flipped, base = _template(self.groups, self.radii(known), self.radii(radius))
        probes = np.empty((len(table), 2), dtype=np.int64)
        probes[:, 0] = table
        probes[:, 1] = (np.array(values)[table] ^ flipped) + base
        return probes

    def _near(
        self, query: NDArray[np.uint8], step: tuple[int, int], radius: int, spent: Cost
    ) -> tuple[NDArray[np.integer], NDArray[np.unsignedinteger], Cost]:
        """The rows within the radius that a step from one reach to the next finds, some several times, and their distances."""
        probes = self._probes(query, *step)
        look = self._look_compiled if kernels.ready() else self._look
        rows, distances, empty, candidates = look(query, probes, radius)
        cost = Cost(
            seconds=0.0,
            scanned=spent.scanned + candidates,
            reranked=0,
            probed=spent.probed + len(probes),
            empty=spent.empty + empty,
            candidates=spent.candidates + candidates,
        )
        return rows, distances, cost

    def _look(self, query: NDArray[np.uint8], probes: NDArray[np.int64], radius: int) -> Looked:
        starts, ends = (
            self.starts[probes[:, 1]].astype(np.int64),
            self.starts[probes[:, 1] + 1].astype(np.int64),
        )
        table = probes[:, 0] * self.rows.shape[1]
        rows = gathered(self.rows.reshape(-1), table + starts, table + ends)
        distances = packed.hamming(query, self.codes[rows])
        near = distances <= radius
        return rows[near], distances[near], int(np.count_nonzero(starts == ends)), len(rows)

    def _look_compiled(self, query: NDArray[np.uint8], probes: NDArray[np.int64], radius: int) -> Looked:
        target, mask = kernels.module("scanning").query_words(query, 8 * len(query))
        usual = len(probes) * self.rows.shape[1] >> self.groups[0].bits  # rows in so many buckets
        cost, room = np.empty(2, dtype=np.int64), max(ROOM, 2 * usual)
        while True:
            rows, distances = np.empty(room, dtype=np.uint32), np.empty(room, dtype=np.uint32)
            count = kernels.module("probing").near(
                self.codes.reshape(-1),
                len(query),
                target,
                mask,
                self.starts,
                self.rows,
                probes,
                radius,
                rows,
                distances,
                cost,
            )
            if count <= room:
                return rows[:count], distances[:count], int(cost[0]), int(cost[1])
            room = count

    def _compare_all(
        self,
        query: NDArray[np.uint8],
        wanted: tuple[int | None, int | None, NDArray[np.bool_] | None],
        spent: Cost,
        started: float,
    ) -> Neighbours:
        """The exact answer from all codes; `wanted` is k, the radius and the mask."""
        k, radius, rows = wanted
        matches = rank(query, self.codes, self.bits, k=k, radius=radius, rows=self._indexed(rows))
        cost = replace(spent, seconds=time.perf_counter() - started, scanned=spent.scanned + len(self.codes))
        return Neighbours(
            matches.rows,
            matches.distances,
            self.bits,
            complete=self.bits if radius is None else radius,
            exact=True,
            cost=cost,
            found=matches.rows,
            found_distances=matches.distances,
            compared=matches,
        )

    def _indexed(self, rows: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """The mask with the rows that are not indexed left out."""
        if self.rows.shape[1] == len(self.codes):
            return rows
        mask = np.zeros(len(self.codes), dtype=np.bool_)
        mask[self.rows[0]] = True
        return mask if rows is None else mask & rows


def _holds(parts: list[tuple[NDArray[np.integer], NDArray[np.unsignedinteger]]], radius: int, k: int) -> bool:
    """Whether there are `k` different rows within the radius; the parts are rows and their distances."""
    near = [rows[distances <= radius] for rows, distances in parts]
    return sum(map(len, near)) >= k and len(np.unique(np.concatenate(near))) >= k


def _answer(
    found: NDArray[np.int64], far: NDArray[np.int32], bits: int, *, k: int | None, complete: int, cost: Cost
) -> Neighbours:
    """The exact answer among the rows found (F,) at these distances, in order."""
    return Neighbours(
        found[:k],
        far[:k],
        bits,
        complete=complete,
        exact=True,
        cost=cost,
        found=found,
        found_distances=far,
    )


@lru_cache(maxsize=256)
def radii_of(tables: int, radius: int) -> tuple[int, ...]:
    """How far each of so many groups must be probed for the answer within `radius` to be exact; -1: not at all."""
    share, rest = divmod(radius, tables)  # a radius of -1 is -1 everywhere
    return tuple(share if place <= rest else share - 1 for place in range(tables))


@lru_cache(maxsize=256)
def probe_count(groups: tuple[Group, ...], radius: int) -> int:
    """How many buckets an exact search within `radius` looks into."""
    radii = radii_of(len(groups), radius)
    return sum(
        within(group.bits, min(reach, group.bits))
        for group, reach in zip(groups, radii, strict=True)
        if reach >= 0
    )


@lru_cache(maxsize=32)
def _template(
    groups: tuple[Group, ...], known: tuple[int, ...], radii: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each bucket to be probed (P,): its table, how its value differs from the query's, the table's base.

    Those within the `known` radii are left out.
    """
    flipped = [
        _differences(group.bits, inner, reach)
        for group, inner, reach in zip(groups, known, radii, strict=True)
    ]
    bases = np.array([group.base for group in groups], dtype=np.int64)
    table = np.repeat(np.arange(len(groups)), [len(part) for part in flipped])
    return table, np.concatenate(flipped), bases[table]


def _differences(bits: int, known: int, radius: int) -> NDArray[np.int64]:
    """All numbers of `bits` bits with more than `known` and at most `radius` ones, fewest first."""
    flips = np.uint64(1) << np.arange(bits, dtype=np.uint64)
    rings = list(by_distance(flips, min(radius, bits))) if radius >= 0 else []
    return np.concatenate([np.empty(0, dtype=np.uint64), *rings[max(known + 1, 0) :]]).astype(np.int64)


def groups_of(bits: int, tables: int, count: int) -> tuple[Group, ...]:
    """The groups of bits that so many tables of `count` codes are over."""
    groups, base = [], 0
    widest = min(WIDEST, max(NARROWEST, count.bit_length()))
    for place in range(tables):
        first = bits * place // tables
        length = min(bits * (place + 1) // tables - first, widest)
        groups.append(Group(first, length, base))
        base += (1 << length) + 1
    return tuple(groups)


def _fill(
    codes: NDArray[np.uint8], group: Group, starts: NDArray[np.uint32], rows: NDArray[np.uint32]
) -> None:
    """Make one table: `starts` (buckets + 1,) and `rows` (N,) are written."""
    values = np.empty(len(codes), dtype=np.uint32)
    for start in range(0, len(codes), BLOCK):
        values[start : start + BLOCK] = group.values(codes[start : start + BLOCK])
    np.cumsum(np.bincount(values, minlength=1 << group.bits), out=starts[1:])
    if kernels.ready():
        kernels.module("joining").distribute(values, starts[:-1].copy(), rows)
    else:
        kind = np.uint16 if group.bits <= 16 else np.uint32  # numpy sorts 16 bits by counting
        rows[:] = np.argsort(values.astype(kind), kind="stable")
