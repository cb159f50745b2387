"""faiss's own indexes of binary codes, which the planner measures for comparison."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.model import Expected, found_share
from hashviewer.planner.plan import Family, Goal
from hashviewer.planner.survey import Survey
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
Belongs = Callable[[Survey, int, NDArray[np.int64]], NDArray[np.bool_]]
"""(n,) whether one query of a survey finds rows (n,)."""


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
        finds: Which rows a query finds, by how the index works.
    """

    name: str
    family: Family
    index: "IndexBinary"
    setting: tuple[str, int]
    probes: int
    goal: Goal
    finds: Belongs
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
        return Answer(np.sort(distances), 1, self.probes, int(statistics.ndis), 0, seconds)

    def expect(self, survey: Survey, count: int) -> Expected:
        """What it will cost and find among `count` codes like those of the survey."""
        limits = survey.limits(count)
        found, recall = [], []
        for place, near in enumerate(survey.near):
            found.append(np.count_nonzero(self.finds(survey, place, survey.sample)))
            recall.append(found_share(survey, place, self.finds(survey, place, near.rows), limits, count))
        nothing = np.zeros(len(found))
        return Expected(
            nothing + 1,
            nothing + self.probes,
            survey.scaled(np.array(found), count),
            nothing,
            np.array(recall),
        )


def faiss_builders(codes: NDArray[np.uint8], goal: Goal) -> list[tuple[str, Builder]]:
    """What faiss builds to be tried, each with a name for the progress; nothing for few codes."""
    if len(codes) < LEAST:
        return []
    return [
        ("faiss's lists", lambda survey: _lists(survey, goal)),
        ("faiss's hash index", lambda survey: _hash(survey, goal)),
        ("faiss's several hash indexes", lambda survey: _several_hashes(survey, goal)),
    ]


def _lists(survey: Survey, goal: Goal) -> Built:
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
        index.add(codes)
    seconds = time.perf_counter() - started
    nearest = quantizer.search(codes[survey.queries], min(count, LISTS[-1]))[1]
    list_of = _list_of(index, len(codes))

    def finds(lists: int) -> Belongs:
        def which(asked: Survey, place: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
            return np.isin(list_of[rows], nearest[place, :lists])

        return which

    ways = tuple(
        FaissWay(
            f"faiss, {lists} of {count:,} lists", "ivf", index, ("nprobe", lists), lists, goal, finds(lists)
        )
        for lists in LISTS
        if lists <= count
    )
    return Built(ways, _memory(index), seconds)


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


def _hash(survey: Survey, goal: Goal) -> Built:
    import faiss

    size = _hash_bytes(survey.codes)
    index = faiss.IndexBinaryHash(8 * survey.codes.shape[1], 8 * size)
    started = time.perf_counter()
    index.add(survey.codes)
    seconds = time.perf_counter() - started
    ways = tuple(_hash_way(index, flips, size, 1, goal) for flips in FLIPS if flips <= 8 * size)
    return Built(ways, _memory(index), seconds)


def _several_hashes(survey: Survey, goal: Goal) -> Built:
    import faiss

    size = _hash_bytes(survey.codes)
    hashes = min(HASHES, survey.codes.shape[1] // size)
    index = faiss.IndexBinaryMultiHash(8 * survey.codes.shape[1], hashes, 8 * size)
    started = time.perf_counter()
    index.add(survey.codes)
    seconds = time.perf_counter() - started
    ways = tuple(_hash_way(index, flips, size, hashes, goal) for flips in FLIPS[:3])
    return Built(ways, _memory(index), seconds)


def _hash_way(index: "IndexBinary", flips: int, size: int, hashes: int, goal: Goal) -> FaissWay:
    def finds(survey: Survey, place: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        differ = survey.codes[rows] ^ survey.codes[survey.queries[place]]
        differ = np.bitwise_count(differ[:, : hashes * size]).reshape(len(rows), hashes, size)
        nearest: NDArray[np.bool_] = differ.sum(axis=2, dtype=np.uint8).min(axis=1) <= flips
        return nearest

    several = "faiss, hash index" if hashes == 1 else f"faiss, {hashes} hash indexes"
    family: Family = "hash" if hashes == 1 else "multihash"
    probes = hashes * within(8 * size, flips)
    name = f"{several} of {8 * size} bits, {flips} flipped"
    return FaissWay(name, family, index, ("nflip", flips), probes, goal, finds)


def _hash_bytes(codes: NDArray[np.uint8]) -> int:
    """Bytes of a hash key, so that there are about as many buckets as codes."""
    width: int = codes.shape[1]
    return max(1, min(round(log2(len(codes)) / 8), width))


def _memory(index: "IndexBinary") -> int:
    """Bytes of an index as it is stored, which it has at least in memory."""
    import faiss

    return len(faiss.serialize_index_binary(index))
