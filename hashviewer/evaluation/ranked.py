"""Rankings by Hamming distance of many queries, reduced to counts: how many items at each distance share how many labels.

Queries go in blocks, several threads at a time. Beside the codes and labels a thread holds 12 bytes for each item,
however many queries there are. Small work is done by numpy, and where the compiled kernels cannot be had.
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
COUNTS = 1 << 18  # numbers that a block counts in at most
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
class First:
    """What is told of the first places of a ranking.

    Attributes:
        topk: Places of the sums over the first ones; 0 for none.
        grades: Places whose shared labels are told.
        placed: Whether sums are told at all; without, the counts alone come several times as fast.
    """

    topk: int = 0
    grades: int = 0
    placed: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """The rankings of a block of q queries.

    Attributes:
        places: (q,) of its queries among all.
        counts: (q, bits + 1, G + 1) items at each distance that share 0…G labels with the query, itself left out.
        sums: (q, 3) precision summed over the places of the relevant items, in the order of a stable sort; the same among
            the first K places; how many relevant items stand there. Meaningless where they were not asked for.
        grades: (q, F) labels shared by the items at the first places; 0 beyond the last item.
    """

    places: NDArray[np.int64]
    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    grades: NDArray[np.uint16]

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
    first: First | None = None,
) -> Iterator[Ranked]:
    """Rank the database for all queries, block by block; queries of the same labels go together.

    Args:
        queries: Who asks.
        database: What is ranked.
        bits: Width of the codes.
        own_rows: (Q,) the row of the database that is the query itself; -1 where there is none.
        first: What is told of the first places.

    Raises:
        SearchError: A code is not `bits` wide.
    """
    for codes in (queries.codes, database.codes):
        _check(codes, bits)
    work = _Work(queries, database, bits, own_rows, first or First())
    if not _compiled(len(queries.codes) * len(database.codes)):
        yield from (work.by_numpy(place) for place in range(len(queries.codes)))
        return
    with ThreadPoolExecutor(cores()) as threads:
        ahead: deque[Future[Ranked]] = deque()
        try:
            for places in work.blocks():
                ahead.append(threads.submit(work.by_kernel, places))
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
        first: First,
    ) -> None:
        self.bits, self.first = bits, first
        self.queries, self.codes = _words(queries.codes), _words(database.codes)
        self.wanted, self.labels = _label_sets(queries.labels), _label_sets(database.labels)
        self.own = np.full(len(queries.codes), -1) if own_rows is None else own_rows.astype(np.int64)
        self.stride = int((queries.labels > 0).sum(axis=1).max(initial=0)) + 1
        self.step = int(np.clip(COUNTS // ((bits + 1) * self.stride), 1, QUERIES))
        self.rooms: list[tuple[NDArray[np.generic], ...]] = []

    def blocks(self) -> list[NDArray[np.int64]]:
        """Places of the queries of each block."""
        _, alike = np.unique(self.wanted, axis=0, return_inverse=True)
        order = np.argsort(alike.reshape(-1), kind="stable")
        return [order[start : start + self.step] for start in range(0, len(order), self.step)]

    def by_kernel(self, places: NDArray[np.int64]) -> Ranked:
        """The block of some queries."""
        queries, wanted, own = self.queries[places], self.wanted[places], self.own[places]
        told = self._nothing(places)
        try:
            room = self.rooms.pop()  # of a block that is done
        except IndexError:
            kinds = (np.uint32, np.uint32, np.uint16, np.uint16)
            room = tuple(np.empty(len(self.codes) + 1, dtype=kind) for kind in kinds)
        given = (self.codes.reshape(-1), self.labels.reshape(-1), queries, wanted, own)
        counting = kernels.module("counting")
        if self.first.placed:
            counting.rank(*given, self.first.topk, *room, told.counts, told.sums, told.grades)
        else:
            rows, _, grades, distances = room
            counting.count(*given, rows, grades, distances, told.counts)
        self.rooms.append(room)
        return told

    def by_numpy(self, place: int) -> Ranked:
        """The block of one query."""
        far, same = _ones(self.codes ^ self.queries[place]), _ones(self.labels & self.wanted[place])
        if self.own[place] >= 0:
            far, same = np.delete(far, self.own[place]), np.delete(same, self.own[place])
        told = self._nothing(np.array([place]))
        keys = far.astype(np.int64) * self.stride + same
        told.counts[0] = np.bincount(keys, minlength=told.counts.size).reshape(told.counts.shape[1:])
        shared = same[np.argsort(far, kind="stable")]
        head = shared[: self.first.grades]
        told.grades[0, : len(head)] = head
        ranks = np.flatnonzero(shared)
        gains = np.arange(1, len(ranks) + 1) / (ranks + 1)
        near = ranks < self.first.topk
        told.sums[0] = gains.sum(), gains[near].sum(), np.count_nonzero(near)
        return told

    def _nothing(self, places: NDArray[np.int64]) -> Ranked:
        queries = len(places)
        return Ranked(
            places,
            np.zeros((queries, self.bits + 1, self.stride), dtype=np.int64),
            np.zeros((queries, 3)),
            np.zeros((queries, self.first.grades), dtype=np.uint16),
        )


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


def _label_sets(labels: NDArray[np.uint8]) -> Words:
    """The labels (N, C) of each item as bits of whole words (N, ceil(C / 64))."""
    sets = np.zeros((len(labels), max(-(-labels.shape[1] // 64), 1)), dtype=np.uint64)
    for label in range(labels.shape[1]):
        sets[:, label // 64] |= (labels[:, label] > 0).astype(np.uint64) << np.uint64(label % 64)
    return sets


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
