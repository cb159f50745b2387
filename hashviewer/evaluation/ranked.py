"""Rankings by Hamming distance of many queries, reduced to counts: how many items at each distance share how many labels.

Queries go in blocks, several threads at a time; what a block needs does not grow with the database, so neither does
the memory beside the codes and labels themselves. Small work is done by numpy, and where the compiled kernels cannot be had.
"""

import logging
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import kernels
from hashviewer.search.kernels.threads import cores

QUERIES = 32  # of a block at most
TABLES = 1 << 20  # numbers that a block counts in at most
LEAST_PAIRS = (
    1 << 28
)  # pairs of query and item from which on it is worth to compile or load a kernel, seconds by numpy

Words = NDArray[np.uint64]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Codes and labels of some items.

    Attributes:
        codes: (N, W) packed.
        labels: (N, C) uint8 multi-hot.
    """

    codes: NDArray[np.uint8]
    labels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is told of the order in which a stable sort by distance puts the items.

    Attributes:
        topk: Places of the sums over the first ones; 0 for none.
        first: Places whose shared labels are told.
    """

    topk: int = 0
    first: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """The rankings of a block of q queries.

    Attributes:
        start: Place of its first query among all.
        counts: (q, bits + 1, G + 1) items at each distance that share 0…G labels with the query, itself left out.
        sums: (q, 3) precision summed over the places of the relevant items, in the order of a stable sort; the same among
            the first K places; how many relevant items stand there. 0 where no order was asked for.
        first: (q, F) labels shared by the items at the first places; 0 beyond the last item.
    """

    start: int
    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    first: NDArray[np.uint16]

    @property
    def items(self) -> NDArray[np.int64]:
        """(q, bits + 1) items at each distance."""
        items: NDArray[np.int64] = self.counts.sum(axis=2)
        return items

    @property
    def relevant(self) -> NDArray[np.int64]:
        """(q, bits + 1) items at each distance that share a label with the query."""
        relevant: NDArray[np.int64] = self.counts[:, :, 1:].sum(axis=2)
        return relevant


def ranked(
    queries: Coded,
    database: Coded,
    bits: int,
    *,
    own_rows: NDArray[np.int64] | None = None,
    order: Order | None = None,
) -> Iterator[Ranked]:
    """Rank the database for all queries, block by block in their order.

    Args:
        queries: Who asks.
        database: What is ranked.
        bits: Width of the codes.
        own_rows: (Q,) the row of the database that is the query itself; -1 where there is none.
        order: What is told of the order; None tells counts only, in half the time.

    Raises:
        SearchError: A code is not `bits` wide.
    """
    for codes in (queries.codes, database.codes):
        _check(codes, bits)
    work = _Work(queries, database, bits, own_rows, order)
    if not _compiled(len(queries.codes) * len(database.codes)):
        yield from (work.by_numpy(start) for start in range(len(queries.codes)))
        return
    starts = range(0, len(queries.codes), work.step)
    with ThreadPoolExecutor(cores()) as threads:
        ahead: deque[Future[Ranked]] = deque()
        try:
            for start in starts:
                ahead.append(threads.submit(work.by_kernel, start))
                if len(ahead) > 2 * cores():
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for one in ahead:
                one.cancel()


class _Work:
    """The codes and label sets as whole words."""

    def __init__(
        self,
        queries: Coded,
        database: Coded,
        bits: int,
        own_rows: NDArray[np.int64] | None,
        order: Order | None,
    ) -> None:
        self.bits, self.order = bits, order
        self.queries, self.codes = _words(queries.codes), _words(database.codes)
        self.wanted, self.labels = (_words(_label_sets(part.labels)) for part in (queries, database))
        self.own = np.full(len(queries.codes), -1) if own_rows is None else own_rows.astype(np.int64)
        self.stride = int((queries.labels > 0).sum(axis=1).max(initial=0)) + 1
        self.step = int(np.clip(TABLES // (4 * (bits + 1) * self.stride), 1, QUERIES))

    def by_kernel(self, start: int) -> Ranked:
        """The block from a query on."""
        counting = kernels.module("counting")
        some = slice(start, start + self.step)
        queries, wanted, own = self.queries[some], self.wanted[some], self.own[some]
        tables = np.zeros((len(queries), counting.LANES, (self.bits + 1) * self.stride), dtype=np.uint32)
        codes, labels = self.codes.reshape(-1), self.labels.reshape(-1)
        counting.count(codes, labels, queries, wanted, np.uint64(self.stride), tables)
        counts = tables.sum(axis=1, dtype=np.int64).reshape(len(queries), self.bits + 1, self.stride)
        for place in np.flatnonzero(own >= 0):
            row = own[place]
            far = np.bitwise_count(self.codes[row] ^ queries[place]).sum()
            counts[place, far, np.bitwise_count(self.labels[row] & wanted[place]).sum()] -= 1
        told = Ranked(start, counts, np.zeros((len(queries), 3)), self._first(len(queries)))
        if self.order is not None:
            places, hits = (_before(part).astype(np.uint64) for part in (told.items, told.relevant))
            topk = np.uint64(self.order.topk)
            counting.put(codes, labels, queries, wanted, own, places, hits, topk, told.sums, told.first)
        return told

    def by_numpy(self, place: int) -> Ranked:
        """The block of one query."""
        far, same = _ones(self.codes ^ self.queries[place]), _ones(self.labels & self.wanted[place])
        if self.own[place] >= 0:
            far, same = np.delete(far, self.own[place]), np.delete(same, self.own[place])
        size = (self.bits + 1) * self.stride
        keys = far.astype(np.int64) * self.stride + same
        counts = np.bincount(keys, minlength=size).reshape(1, -1, self.stride)
        told = Ranked(place, counts, np.zeros((1, 3)), self._first(1))
        if self.order is not None:
            shared = same[np.argsort(far, kind="stable")]
            head = shared[: self.order.first]
            told.first[0, : len(head)] = head
            ranks = np.flatnonzero(shared)
            gains = np.arange(1, len(ranks) + 1) / (ranks + 1)
            near = ranks < self.order.topk
            told.sums[0] = gains.sum(), gains[near].sum(), np.count_nonzero(near)
        return told

    def _first(self, queries: int) -> NDArray[np.uint16]:
        return np.zeros((queries, 0 if self.order is None else self.order.first), dtype=np.uint16)


def _compiled(pairs: int) -> bool:
    """Whether the kernel does the work; it is loaded, and compiled the first time, where that is worth it."""
    if kernels.ready():
        return True
    if pairs < LEAST_PAIRS:
        return False
    try:
        kernels.module("counting")
    except Exception:  # noqa: BLE001 - numba missing or broken, a full disk: numpy does it
        _log.warning("The compiled kernels are not available; numpy counts instead.", exc_info=True)
        return False
    return True


def _check(codes: NDArray[np.uint8], bits: int) -> None:
    """Refuse codes whose distances could be more than `bits`."""
    if codes.ndim != 2 or codes.shape[1] != packed.width(bits):
        raise SearchError(
            f"{bits} bits fill {packed.width(bits)} bytes, but the codes have the shape {codes.shape}."
        )
    spare = 8 * codes.shape[1] - bits
    if spare and bool((codes[:, -1] & np.uint8((1 << spare) - 1)).any()):
        raise SearchError(
            f"Some codes have bits set beyond their {bits} bits: the number of bits is wrong, or the codes are damaged."
        )


def _label_sets(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return packed.pack(labels > 0) if labels.shape[1] else np.zeros((len(labels), 1), dtype=np.uint8)


def _words(codes: NDArray[np.uint8]) -> Words:
    """Packed codes (N, W) as whole words (N, ceil(W / 8)), filled up with zeros."""
    filled = np.zeros((len(codes), -(-codes.shape[1] // 8) * 8), dtype=np.uint8)
    filled[:, : codes.shape[1]] = codes
    return filled.view(np.uint64)


def _ones(words: Words) -> NDArray[np.uint16]:
    """(N,) how many bits of each row (N, V) are 1; as short numbers, which numpy sorts by radix."""
    each = np.bitwise_count(words)
    total: NDArray[np.uint16] = (
        each[:, 0].astype(np.uint16) if each.shape[1] == 1 else each.sum(axis=1, dtype=np.uint16)
    )
    return total


def _before(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """(q, D) how many are nearer than each distance."""
    before: NDArray[np.int64] = np.cumsum(counts, axis=1) - counts
    return before
