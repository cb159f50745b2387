"""One hash table: photos with equal codes share a bucket, and a query looks into the buckets around its own."""

import time
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search.neighbours import FIRST, Neighbours, in_order
from hashviewer.search.probes import by_distance, by_margin, within
from hashviewer.search.results import Cost, check_count, check_radius
from hashviewer.search.scan import check_shapes

MOST_PROBES = 1 << 22  # more would take longer than to compare every code
MOST_UNCERTAIN = 1 << 16  # buckets in the order of confidence, which come one by one


@dataclass(frozen=True, slots=True, eq=False)
class BucketTable:
    """Buckets sorted by a key of 64 bits, found by bisection.

    Up to 64 bits the key is the code. A wider code's key is the exclusive or of one random number for each bit that is
    set, so flipping a bit changes it by that bit's number; every row found is compared by its whole code, so codes that
    happen to share a key do no harm.

    Attributes:
        codes: (N, W) the packed codes.
        bits: Width of the codes.
        flips: (bits,) how the key changes when a bit is flipped.
        keys: (B,) keys of the occupied buckets, ascending.
        starts: (B + 1,) where each bucket's rows begin.
        rows: (n,) the rows indexed, by bucket, ascending within.
    """

    codes: NDArray[np.uint8]
    bits: int
    flips: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def build(cls, codes: NDArray[np.uint8], bits: int, *, rows: NDArray[np.bool_] | None = None) -> Self:
        """The table of packed codes (N, W).

        Args:
            codes: Packed codes (N, W).
            bits: Width of the codes.
            rows: (N,) True for the rows to index; None indexes all.

        Raises:
            SearchError: Codes, bits and mask do not fit.
        """
        check_shapes(np.zeros(codes.shape[-1], dtype=np.uint8), codes, bits, rows)
        flips = _flips(bits)
        keys = _keys(codes if rows is None else codes[rows], bits, flips)
        order = np.argsort(keys, kind="stable").astype(np.int64, copy=False)
        keys = keys[order]
        starts = np.flatnonzero(np.append(FIRST, keys[1:] != keys[:-1])[: len(keys)])
        indexed = order if rows is None else np.flatnonzero(rows)[order]
        ends = np.append(starts, len(keys)).astype(np.int64)
        return cls(codes, bits, flips, keys[starts], ends, indexed)

    def search(
        self,
        query: NDArray[np.uint8],
        *,
        radius: int,
        k: int | None = None,
        probes: int | None = None,
        rows: NDArray[np.bool_] | None = None,
    ) -> Neighbours:
        """The rows within `radius`, probing in order of distance.

        Where there are more codes within the radius than occupied buckets, all of these are compared instead.

        Args:
            query: One packed code (W,).
            radius: How far to look, 0…bits.
            k: At most so many rows; None for all found. Farther buckets are left alone once there are so many.
            probes: Look into at most so many buckets; None for as many as it takes to be exact.
            rows: (N,) True for the rows to find; None finds all.

        Raises:
            SearchError: Query or mask do not fit, the radius is not in 0…bits, or k or `probes` is below 1.
        """
        started = time.perf_counter()
        self._check(query, k, probes, rows)
        check_radius(radius, self.bits)
        most = len(self.keys) if probes is None else probes
        if probes is None and within(self.bits, radius) > min(max(most, 1), MOST_PROBES):
            return self._compare_all(query, radius, k, rows, started)
        key, cost, complete, found = self._key(query), Cost(0.0, 0, 0), -1, [np.empty(0, dtype=np.int64)]
        for distance, differences in enumerate(by_distance(self.flips, radius)):
            probed = differences[: most - cost.probed] if probes is not None else differences
            there, cost = self._look(key ^ probed, cost, rows)
            found.append(there)
            complete = distance if len(probed) == len(differences) else complete
            if len(probed) < len(differences) or (k is not None and cost.candidates >= k):
                break
        return self._answer(query, np.concatenate(found), cost, (k, radius, complete), started)

    def search_uncertain(
        self,
        query: NDArray[np.uint8],
        margins: NDArray[np.floating],
        *,
        probes: int,
        k: int | None = None,
        rows: NDArray[np.bool_] | None = None,
    ) -> Neighbours:
        """The rows in the `probes` buckets that the network finds likeliest: its least certain bits are flipped first.

        Where that would be very many buckets and more than are occupied, all of these are compared instead.

        Args:
            query: One packed code (W,).
            margins: (bits,) |output| of the query.
            probes: How many buckets to look into, at least 1.
            k: At most so many rows; None for all found.
            rows: (N,) True for the rows to find; None finds all.

        Raises:
            SearchError: Query or mask do not fit, a margin is not a number, or k or `probes` is below 1.
        """
        started = time.perf_counter()
        self._check(query, k, probes, rows)
        if margins.shape != (self.bits,) or not np.isfinite(margins).all():
            raise SearchError(f"The query needs one finite output for each of its {self.bits} bits.")
        count = min(probes, MOST_PROBES, 1 << min(self.bits, 62))
        if count > max(MOST_UNCERTAIN, len(self.keys)):
            return self._compare_all(query, self.bits, k, rows, started)
        differences = by_margin(self.flips, np.abs(margins), count)
        there, cost = self._look(self._key(query) ^ differences, Cost(0.0, 0, 0), rows)
        complete = self.bits if self.bits < 62 and count == 1 << self.bits else 0
        return self._answer(query, there, cost, (k, None, complete), started)

    def _check(
        self,
        query: NDArray[np.uint8],
        k: int | None,
        probes: int | None,
        rows: NDArray[np.bool_] | None,
    ) -> None:
        check_count(k)
        check_shapes(query, self.codes, self.bits, rows)
        if probes is not None and probes < 1:
            raise SearchError(f"{probes} buckets were to be looked into; choose at least 1.")

    def _key(self, query: NDArray[np.uint8]) -> np.uint64:
        key: np.uint64 = _keys(query[None], self.bits, self.flips)[0]
        return key

    def _look(
        self, probed: NDArray[np.uint64], cost: Cost, wanted: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], Cost]:
        """The wanted rows in the buckets of these keys, and the cost with what this added."""
        sought = np.sort(probed)
        sought = sought[np.append(FIRST, sought[1:] != sought[:-1])]
        place = np.searchsorted(self.keys, sought)
        inside = place < len(self.keys)
        place, sought = place[inside], sought[inside]
        hits = place[self.keys[place] == sought]
        rows = gathered(self.rows, self.starts[hits], self.starts[hits + 1])
        if wanted is not None:
            rows = rows[wanted[rows]]
        return rows, Cost(
            seconds=0.0,
            scanned=cost.scanned + len(rows),
            reranked=0,
            probed=cost.probed + len(probed),
            empty=cost.empty + len(probed) - len(hits),
            candidates=cost.candidates + len(rows),
        )

    def _compare_all(
        self,
        query: NDArray[np.uint8],
        radius: int,
        k: int | None,
        wanted: NDArray[np.bool_] | None,
        started: float,
    ) -> Neighbours:
        distances = packed.hamming(query, self.codes[self.rows[self.starts[:-1]]])
        near = np.flatnonzero(distances <= radius)
        rows = gathered(self.rows, self.starts[near], self.starts[near + 1])
        if wanted is not None:
            rows = rows[wanted[rows]]
        count = len(self.keys)
        cost = Cost(0.0, len(rows) + count, 0, probed=count, empty=0, candidates=len(rows))
        return self._answer(query, rows, cost, (k, radius, radius), started)

    def _answer(
        self,
        query: NDArray[np.uint8],
        candidates: NDArray[np.int64],
        cost: Cost,
        wanted: tuple[int | None, int | None, int],
        started: float,
    ) -> Neighbours:
        """The candidates ranked; `wanted` is k, the radius, and the radius within which all were found."""
        k, radius, complete = wanted
        found, far = in_order(
            candidates, packed.hamming(query, self.codes[candidates]), k=None, radius=radius
        )
        rows, distances = found[:k], far[:k]
        all_within = radius is not None and complete >= radius
        enough = k is not None and len(rows) == k and int(distances[-1]) <= complete
        spent = Cost(time.perf_counter() - started, cost.scanned, 0, cost.probed, cost.empty, cost.candidates)
        exact = all_within or enough or complete >= self.bits
        return Neighbours(
            rows,
            distances,
            self.bits,
            complete=complete,
            exact=exact,
            cost=spent,
            found=found,
            found_distances=far,
        )


def gathered(
    rows: NDArray[np.integer], starts: NDArray[np.integer], ends: NDArray[np.integer]
) -> NDArray[np.int64]:
    """The parts `starts`…`ends` (n,) of `rows`, one after another."""
    lengths = (ends - starts).astype(np.int64)
    total = int(lengths.sum())
    shift = np.repeat(starts.astype(np.int64) - (np.cumsum(lengths) - lengths), lengths)
    taken: NDArray[np.int64] = rows[np.arange(total) + shift].astype(np.int64, copy=False)
    return taken


def _flips(bits: int) -> NDArray[np.uint64]:
    """How a key changes when a bit is flipped: its place in a short code, a random number for a wide one."""
    if bits <= 64:
        return np.uint64(1) << (63 - np.arange(bits, dtype=np.uint64))
    return np.random.default_rng(bits).integers(0, 1 << 64, bits, dtype=np.uint64, endpoint=False)


def _keys(codes: NDArray[np.uint8], bits: int, flips: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The key (N,) of each code (N, W)."""
    if bits <= 64:
        padded = np.zeros((len(codes), 8), dtype=np.uint8)
        padded[:, : codes.shape[1]] = codes
        return padded.view(">u8")[:, 0].astype(np.uint64)
    values = np.zeros((codes.shape[1], 256), dtype=np.uint64)  # what each value of each byte adds
    for bit in range(bits):
        values[bit // 8, (np.arange(256) >> (7 - bit % 8)) & 1 == 1] ^= flips[bit]
    keys = np.zeros(len(codes), dtype=np.uint64)
    for byte in range(codes.shape[1]):
        keys ^= values[byte][codes[:, byte]]
    return keys
