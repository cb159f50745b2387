"""faiss's own indexes of binary codes, which the planner measures for comparison."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import log2
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.model import Expected, foreseen, found_share
from hashviewer.planner.plan import Family, Goal
from hashviewer.planner.survey import Step, Survey
from hashviewer.planner.ways import Answer, Builder, Built
from hashviewer.search.probes import within

if TYPE_CHECKING:
    from faiss import IndexBinary, IndexBinaryIVF

LEAST = 1000  # codes below which no index is worth a comparison
PER_LIST = 39  # codes that faiss wants to see for each list that it trains
TRAINED = 64  # codes for each list that it may see at most
TRAININGS = 5  # passes over these: more make the lists hardly better
LISTS = (1, 4, 16, 64)  # probed
FLIPS = (0, 1, 2, 3)
HASHES = 4
CHUNK = 100_000  # codes added at a time, so that a plan can be cancelled meanwhile
Nearness = Callable[[int, NDArray[np.int64]], NDArray[np.uint8]]
"""(n,) how far a query of a survey must look to find rows (n,): flips, or lists before theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """How far each query of a survey must look in an index to find rows.

    Attributes:
        sampled: (Q, s) for the sample.
        near: For the exact answer of each query (n,).
    """

    sampled: NDArray[np.uint8]
    near: tuple[NDArray[np.uint8], ...]

    @classmethod
    def of(cls, survey: Survey, nearness: Nearness, step: Step) -> "Reach":
        """By how an index works, without asking it."""
        sampled = np.empty((len(survey.queries), len(survey.sample)), dtype=np.uint8)
        near = []
        for place, known in enumerate(survey.near):
            step()
            sampled[place] = nearness(place, survey.sample)
            near.append(nearness(place, known.rows))
        return cls(sampled, tuple(near))


@dataclass(frozen=True, slots=True, eq=False)
class FaissWay:
    """A search by an index of faiss.

    Attributes:
        name: For the user.
        family: Which kind it is of.
        how: None, since HashViewer does not search so.
        index: faiss's.
        setting: Its attribute that says how far to look, and the value.
        probes: Buckets or lists that it looks into.
        goal: What is to be found.
        reach: How far it must look to find what is known of the collection.
        looks: How far it looks.
    """

    name: str
    family: Family
    index: "IndexBinary"
    setting: tuple[str, int]
    probes: int
    goal: Goal
    reach: Reach
    looks: int
    how: None = None

    def ask(self, code: NDArray[np.uint8], outputs: NDArray[np.float32] | None) -> Answer:
        """Search for a code (W,)."""
        import faiss

        setattr(self.index, *self.setting)
        kept: Any = faiss.cvar  # its stubs do not know what it holds
        statistics = kept.indexIVF_stats if self.family == "ivf" else kept.indexBinaryHash_stats
        statistics.reset()
        with _one_thread():
            started = time.perf_counter()
            if self.goal.radius is not None:
                _, distances, _ = self.index.range_search(code[None], self.goal.radius + 1)
            else:
                found, rows = self.index.search(code[None], self.goal.k or 1)
                distances = found[rows >= 0]
            seconds = time.perf_counter() - started
        candidates = int(statistics.ndis)
        kept = (
            len(distances) if self.goal.k is None else float(through_heap(np.array(candidates), self.goal.k))
        )
        return Answer(np.sort(distances), 1, self.probes, candidates, 0, kept, seconds)

    def expect(self, survey: Survey, count: int, step: Step) -> Expected:
        """What it will cost and find among `count` codes like those of the survey."""
        limits = survey.limits(count)
        found = np.count_nonzero(self.reach.sampled <= self.looks, axis=1)
        recall = [
            found_share(survey, place, near <= self.looks, limits, count)
            for place, near in enumerate(self.reach.near)
        ]
        nothing, candidates = np.zeros(len(found)), survey.scaled(found, count)
        expected = foreseen(
            survey,
            count,
            steps=nothing + 1,
            probes=nothing + self.probes,
            candidates=candidates,
            compared=nothing,
            recall=np.array(recall),
        )
        k = self.goal.k
        return expected if k is None else replace(expected, kept=through_heap(candidates, k))


def through_heap(candidates: NDArray[np.number], k: int) -> NDArray[np.float64]:
    """How many of so many candidates (n,) are among the nearest `k` when they come, if they come in any order.

    The i-th is with the chance of k / i, so that k + k (1 / (k + 1) + … + 1 / candidates) are, about k (1 + ln(candidates / k)).
    """
    first = np.minimum(candidates, k).astype(np.float64)
    kept: NDArray[np.float64] = first + k * np.log(np.maximum(candidates / k, 1.0))
    return kept


def faiss_builders(codes: NDArray[np.uint8], goal: Goal) -> list[tuple[str, Builder]]:
    """What faiss builds to be tried, each with a name for the progress; nothing for few codes."""
    if len(codes) < LEAST:
        return []
    return [
        ("faiss's lists", lambda survey, step: _lists(survey, goal, step)),
        ("faiss's hash index", lambda survey, step: _hash(survey, goal, step)),
        ("faiss's several hash indexes", lambda survey, step: _several_hashes(survey, goal, step)),
    ]


def _lists(survey: Survey, goal: Goal, step: Step) -> Built:
    import faiss

    codes, width = survey.codes, 8 * survey.codes.shape[1]
    count = max(1, min(round(len(codes) ** 0.5), len(codes) // PER_LIST))
    started = time.perf_counter()
    quantizer = faiss.IndexBinaryFlat(width)
    index = faiss.IndexBinaryIVF(quantizer, width, count)
    index.cp.max_points_per_centroid = TRAINED
    index.cp.niter = TRAININGS
    with _one_thread():
        index.train(codes)
        _add(index, codes, step)
    seconds = time.perf_counter() - started
    most = min(count, LISTS[-1])
    nearest = quantizer.search(codes[survey.queries], most)[1]
    list_of = _list_of(index, len(codes))

    def nearness(place: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        before = np.full(count, most, dtype=np.uint8)
        before[nearest[place]] = np.arange(most)
        return before[list_of[rows]]

    reach = Reach.of(survey, nearness, step)
    ways = tuple(
        FaissWay(
            f"faiss, {lists} of {count:,} lists",
            "ivf",
            index,
            ("nprobe", lists),
            lists,
            goal,
            reach,
            looks=lists - 1,
        )
        for lists in LISTS
        if lists <= count
    )
    return Built(ways, _memory(index), seconds)


def _add(index: "IndexBinary", codes: NDArray[np.uint8], step: Step) -> None:
    for start in range(0, len(codes), CHUNK):
        step()
        index.add(codes[start : start + CHUNK])


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let faiss use one thread: with other programs on the machine several wait for one another longer than they save."""
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def _list_of(index: "IndexBinaryIVF", count: int) -> NDArray[np.int64]:
    """(N,) the list that each row is in."""
    import faiss

    found = np.empty(count, dtype=np.int64)
    for number in range(index.nlist):
        size = index.get_list_size(number)
        if size:
            found[faiss.rev_swig_ptr(index.invlists.get_ids(number), size)] = number
    return found


def _hash(survey: Survey, goal: Goal, step: Step) -> Built:
    import faiss

    size = _hash_bytes(survey.codes)
    index = faiss.IndexBinaryHash(8 * survey.codes.shape[1], 8 * size)
    return _hashed(index, survey, goal, (1, size), [flips for flips in FLIPS if flips <= 8 * size], step)


def _several_hashes(survey: Survey, goal: Goal, step: Step) -> Built:
    import faiss

    size = _hash_bytes(survey.codes)
    hashes = min(HASHES, survey.codes.shape[1] // size)
    index = faiss.IndexBinaryMultiHash(8 * survey.codes.shape[1], hashes, 8 * size)
    return _hashed(index, survey, goal, (hashes, size), FLIPS[:3], step)


def _hashed(
    index: "IndexBinary",
    survey: Survey,
    goal: Goal,
    shape: tuple[int, int],
    flips: Sequence[int],
    step: Step,
) -> Built:
    """An index by hashes of so many bytes, which are the first of a code, and its ways."""
    hashes, size = shape
    started = time.perf_counter()
    _add(index, survey.codes, step)
    seconds = time.perf_counter() - started
    bytes_of = np.ascontiguousarray(survey.codes[:, : hashes * size].T)

    def nearness(place: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        query = survey.codes[survey.queries[place]]
        differ = np.bitwise_count(bytes_of[:, rows] ^ query[: hashes * size, None])
        least: NDArray[np.uint8] = differ.reshape(hashes, size, -1).sum(axis=1, dtype=np.uint8).min(axis=0)
        return least

    reach = Reach.of(survey, nearness, step)
    family: Family = "hash" if hashes == 1 else "multihash"
    several = "faiss, hash index" if hashes == 1 else f"faiss, {hashes} hash indexes"
    ways = tuple(
        FaissWay(
            f"{several} of {8 * size} bits, {number} flipped",
            family,
            index,
            ("nflip", number),
            hashes * within(8 * size, number),
            goal,
            reach,
            looks=number,
        )
        for number in flips
    )
    return Built(ways, _memory(index), seconds)


def _hash_bytes(codes: NDArray[np.uint8]) -> int:
    """Bytes of a hash key, so that there are about as many buckets as codes."""
    width: int = codes.shape[1]
    return max(1, min(round(log2(len(codes)) / 8), width))


def _memory(index: "IndexBinary") -> int:
    """Bytes of an index as it is stored, which it has at least in memory."""
    import faiss

    return len(faiss.serialize_index_binary(index))
