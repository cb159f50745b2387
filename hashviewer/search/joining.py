"""All pairs of photos whose codes are near each other, exactly and without comparing every pair."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.progress import Progress, silent
from hashviewer.search import kernels
from hashviewer.search.lookup import gathered
from hashviewer.search.multi_index import MultiIndex
from hashviewer.search.scan import check_shapes

LIMIT = 50_000_000
STEP = 1 << 14  # codes whose partners a thread looks for at a time
BLOCK_PAIRS = 1 << 20  # pairs that numpy compares at a time


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of near photos, in the order of their rows.

    Attributes:
        rows: (P, 2) the two rows, the smaller one first.
        distances: (P,) their distance in bits.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.uint16]


def join(
    codes: NDArray[np.uint8], bits: int, *, radius: int, limit: int = LIMIT, progress: Progress = silent
) -> Pairs:
    """All pairs of rows at most `radius` apart.

    Equal codes are joined once. Codes within the radius agree in one of radius + 1 groups of bits at least, so only
    those that share a bucket in some group are compared: the larger the radius, the shorter the groups and the more
    there is to compare.

    Args:
        codes: Packed codes (N, W).
        bits: Width of the codes.
        radius: The largest distance, below the number of bits.
        limit: Refuse an answer of more pairs.
        progress: Told the groups done; may cancel.

    Raises:
        SearchError: Codes and bits do not fit, the radius is not in 0…bits - 1, or there are more pairs than `limit`.
    """
    check_shapes(np.zeros(codes.shape[-1], dtype=np.uint8), codes, bits, None)
    if not 0 <= radius < bits:
        raise SearchError(f"Pairs within {radius} of {bits} bits cannot be joined; choose 0 to {bits - 1}.")
    order, starts = _distinct(codes)
    sizes = np.diff(starts)
    few = codes[order[starts[:-1]]]
    inside = int((sizes * (sizes - 1) // 2).sum())
    if inside > limit:
        raise _too_many(inside, radius, limit)
    one, other, distances = _join_distinct(few, bits, radius, limit, progress)
    total = inside + int((sizes[one] * sizes[other]).sum())
    if total > limit:
        raise _too_many(total, radius, limit)
    return _expanded(order, starts, one, other, distances)


def _too_many(pairs: int, radius: int, limit: int) -> SearchError:
    return SearchError(
        f"At least {pairs:,} pairs of photos are within {radius} bits, more than the {limit:,} that can be listed; choose "
        "a smaller radius or fewer photos."
    )


def _words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Codes (N, W) as words (N, V), the last one padded."""
    padded = np.zeros((len(codes), -(-codes.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : codes.shape[1]] = codes
    return padded.view(np.uint64)


def _distinct(codes: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows (N,) by code, ascending within; and where each different code begins, and the end: (D + 1,)."""
    words = _words(codes)
    order = np.argsort(words[:, 0], kind="stable") if words.shape[1] == 1 else np.lexsort(tuple(words.T))
    in_order = words[order]
    new = np.ones(len(codes), dtype=np.bool_)
    new[1:] = (in_order[1:] != in_order[:-1]).any(axis=1)
    starts = np.append(np.flatnonzero(new), len(codes))
    return order.astype(np.int64, copy=False), starts.astype(np.int64)


Joined = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]


def _join_distinct(
    codes: NDArray[np.uint8], bits: int, radius: int, limit: int, progress: Progress
) -> Joined:
    """Places of pairs of different codes within the radius, and their distances."""
    index = MultiIndex.build(codes, bits, tables=radius + 1)
    words = _words(codes)
    masks = np.zeros((len(index.groups), words.shape[1] * 8), dtype=np.uint8)
    for place, group in enumerate(index.groups):
        ones = np.zeros(words.shape[1] * 64, dtype=np.uint8)
        ones[group.first : group.first + group.bits] = 1
        masks[place] = np.packbits(ones)
    flat = masks.view(np.uint64).reshape(-1)
    found: list[Joined] = []
    for place in range(len(index.groups)):
        progress(place, len(index.groups), "Comparing near codes")
        starts, order = index.table(place)
        ends = np.repeat(starts[1:], np.diff(starts))
        compare = _compiled if kernels.ready() else _by_numpy
        found += compare(words, order, ends, flat, place, radius, limit)
        if sum(len(pairs[0]) for pairs in found) > limit:
            raise _too_many(sum(len(pairs[0]) for pairs in found), radius, limit)
    progress(len(index.groups), len(index.groups), "Comparing near codes")
    one, other, distances = (np.concatenate(part) for part in zip(*found, strict=True))
    return one, other, distances


def _compiled(
    words: NDArray[np.uint64],
    order: NDArray[np.uint32],
    ends: NDArray[np.uint32],
    masks: NDArray[np.uint64],
    group: int,
    radius: int,
    limit: int,
) -> list[Joined]:
    joining, threads = kernels.module("joining"), kernels.module("threads")
    sorted_words = words[order].reshape(-1)
    found: list[Joined] = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint16))]

    def work(start: int, end: int) -> None:
        room = 4 * STEP
        while True:
            pairs, distances = np.empty((room, 2), dtype=np.uint32), np.empty(room, dtype=np.uint16)
            count = joining.near_pairs(
                sorted_words, words.shape[1], order, ends, masks, group, radius, start, end, pairs, distances
            )
            if count > limit:
                raise _too_many(count, radius, limit)
            if count <= room:
                break
            room = count
        rows = pairs[:count].astype(np.int64)
        found.append((rows[:, 0], rows[:, 1], distances[:count].copy()))

    threads.over_ranges(work, len(order), step=STEP)
    return found


def _by_numpy(
    words: NDArray[np.uint64],
    order: NDArray[np.uint32],
    ends: NDArray[np.uint32],
    masks: NDArray[np.uint64],
    group: int,
    radius: int,
    limit: int,
) -> list[Joined]:
    width = words.shape[1]
    by_group = masks.reshape(-1, width)[:group]
    partners = ends.astype(np.int64) - np.arange(len(order)) - 1
    done = np.concatenate([[0], np.cumsum(partners)])
    found: list[Joined] = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint16))]
    start = 0
    while start < len(order):
        end = max(start + 1, int(np.searchsorted(done, done[start] + BLOCK_PAIRS, side="right")) - 1)
        first = np.repeat(np.arange(start, end), partners[start:end])
        place = np.arange(start, end)
        second = gathered(np.arange(len(order)), place + 1, ends[start:end].astype(np.int64))
        one, other = order[first].astype(np.int64), order[second].astype(np.int64)
        differ = words[one] ^ words[other]
        distances = np.bitwise_count(differ).sum(axis=1, dtype=np.uint16)
        near = distances <= radius
        for mask in by_group:
            near &= (differ & mask).any(axis=1)
        found.append((one[near], other[near], distances[near]))
        if sum(len(pairs[0]) for pairs in found) > limit:
            raise _too_many(limit + 1, radius, limit)
        start = end
    return found


def _expanded(
    order: NDArray[np.int64],
    starts: NDArray[np.int64],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    distances: NDArray[np.uint16],
) -> Pairs:
    """Pairs of rows from pairs of different codes and from the rows of each code."""
    sizes = np.diff(starts)
    ends = np.repeat(starts[1:], sizes)
    place = np.flatnonzero(np.repeat(sizes > 1, sizes))  # rows that share their code with others
    left = [np.repeat(order[place], ends[place] - place - 1)]
    right = [gathered(order, place + 1, ends[place])]
    count = sizes[one] * sizes[other]
    pair = np.repeat(np.arange(len(one)), count)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
    left.append(order[starts[one[pair]] + step // sizes[other[pair]]])
    right.append(order[starts[other[pair]] + step % sizes[other[pair]]])
    rows = np.stack([np.concatenate(left), np.concatenate(right)], axis=1)
    rows.sort(axis=1)
    far = np.concatenate([np.zeros(len(left[0]), dtype=np.uint16), distances[pair]])
    sequence = np.lexsort((rows[:, 1], rows[:, 0]))
    return Pairs(rows=rows[sequence], distances=far[sequence])
