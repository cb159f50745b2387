"""How fast the exact search is, against faiss and against what the memory delivers.

Every figure is a quotient of times taken in turn in one process, median of rounds; every answer is checked against the
other's before anything is timed. Codes are clustered as those of photos are: every photo is its cluster's centre with
some bits turned over, and one in ten is a near-duplicate of another.
"""

import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from hashviewer import codes as packed
from hashviewer.search import (
    MultiIndex,
    Neighbours,
    join,
    kernels,
    rank,
    rank_asymmetric,
    rank_weighted,
)

BITS = 64
ROWS = 10_000_000
PAIRS_ROWS = 1_000_000
ROUNDS = 25
CLUSTER = 400  # photos in a cluster, about
NOISE = 0.13  # share of bits turned over
DUPLICATES = 0.1  # share of photos that are another one with up to three bits turned over


def run() -> list[Figure]:
    """Measure the compiled kernels; the seconds they take to compile the first time are not counted."""
    kernels.load()
    codes = clustered(ROWS)
    figures = _scans(codes)
    figures += _lookups(codes)
    del codes
    return [*figures, *_join(), *_hundred_million()]


def clustered(rows: int, seed: int = 0) -> NDArray[np.uint8]:
    """Codes (rows, 8) as those of photos are."""
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 1 << 64, max(rows // CLUSTER, 1), dtype=np.uint64, endpoint=False)
    words = centres[rng.integers(0, len(centres), rows)]
    for bit in range(BITS):
        turned = rng.random(rows, dtype=np.float32) < NOISE
        words ^= turned.astype(np.uint64) << np.uint64(bit)
    copies = rng.choice(rows, int(rows * DUPLICATES), replace=False)
    words[copies] = words[rng.integers(0, rows, len(copies))]
    for _ in range(3):
        some = copies[rng.random(len(copies)) < 0.5]
        words[some] ^= np.uint64(1) << rng.integers(0, BITS, len(some), dtype=np.uint64)
    return words.view(np.uint8).reshape(rows, 8)


def in_turn(
    functions: dict[str, Callable[[int], object]], rounds: int = ROUNDS, *, rest: float = 0.0
) -> dict[str, NDArray[np.float64]]:
    """Seconds (rounds,) of each function, called one after the other with the number of the round.

    `rest` seconds pass before each call, where one leaves threads behind that spin for a while, as those of BLAS do.
    """
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(-1, rounds):
        for name, function in functions.items():
            time.sleep(rest)
            begin = time.perf_counter()
            function(number)
            if number >= 0:
                seconds[name].append(time.perf_counter() - begin)
    return {name: np.array(taken) for name, taken in seconds.items()}


def ratio(seconds: dict[str, NDArray[np.float64]], one: str, other: str) -> float:
    """How many times as long as `other` does `one` take, by the medians."""
    return float(median(seconds[one]) / median(seconds[other]))


def _queries(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows = np.random.default_rng(1).integers(0, len(codes), ROUNDS + 1)
    return codes[rows]


def _scans(codes: NDArray[np.uint8]) -> list[Figure]:
    import faiss

    queries = _queries(codes)
    index = faiss.IndexBinaryFlat(BITS)
    index.add(codes)
    for query in queries[:5]:
        expected = np.bitwise_count(codes.view(np.uint64)[:, 0] ^ query.view(np.uint64)[0])
        matches = rank(query, codes, BITS, k=100)
        assert matches.distances.tolist() == index.search(query[None], 100)[0][0].tolist()
        assert matches.histogram.tolist() == np.bincount(expected, minlength=BITS + 1).tolist()
    weights = np.random.default_rng(2).random(BITS)
    outputs = np.random.default_rng(3).normal(size=(ROUNDS + 1, BITS))
    words, threads = codes.view(np.uint64).reshape(-1), faiss.omp_get_max_threads()
    seconds = in_turn(
        {
            "rank": lambda i: rank(queries[i], codes, BITS, k=100),
            "faiss": lambda i: _faiss(index, queries[i], threads),
            "faiss on one core": lambda i: _faiss(index, queries[i], 1),
            "memory": lambda _: _read(words),
            "weighted": lambda i: rank_weighted(queries[i], codes, BITS, weights, k=100),
            "asymmetric": lambda i: rank_asymmetric(outputs[i], codes, BITS, k=100),
        }
    )
    told = ", ".join(f"{name} {median(taken) * 1e3:.1f} ms" for name, taken in seconds.items())
    how = f"{ROWS:,} × {BITS} bits, {ROUNDS} queries in turn: {told}"
    flat = max(
        ratio(seconds, "rank", "faiss"), ratio(seconds, "rank", "faiss on one core")
    )  # against its better one
    memory = ratio(seconds, "memory", "rank")
    weighted, asymmetric = ratio(seconds, "weighted", "rank"), ratio(seconds, "asymmetric", "rank")
    return [
        Figure("search: top-100 with histogram / faiss top-100", flat, "x", "≤ 0.6", flat <= 0.6, how),
        Figure("search: share of the memory's speed", memory, "x", "≥ 0.5", memory >= 0.5, how),
        Figure("search: weighted / Hamming ranking", weighted, "x", "≤ 3.5", weighted <= 3.5, how),
        Figure("search: asymmetric / Hamming ranking", asymmetric, "x", "≤ 3.5", asymmetric <= 3.5, how),
    ]


def _faiss(index: Any, query: NDArray[np.uint8], threads: int) -> None:
    import faiss

    faiss.omp_set_num_threads(threads)  # with other programs on the machine its threads wait for one another
    index.search(query[None], 100)


def _read(words: NDArray[np.uint64]) -> None:
    """Read all codes on all cores and do nothing else."""
    kernels.module("threads").over_ranges(lambda start, end: words[start:end].sum(), len(words))


def _lookups(codes: NDArray[np.uint8]) -> list[Figure]:
    import faiss

    queries = _queries(codes)
    begin = time.perf_counter()
    index = MultiIndex.build(codes, BITS)
    built = time.perf_counter() - begin
    multi = faiss.IndexBinaryMultiHash(BITS, 4, 16)  # the same four groups of 16 bits
    multi.add(codes)
    tables = f"{ROWS:,} × {BITS} clustered bits, {len(index.groups)} tables built in {built:.1f} s"
    return [
        figure
        for radius in (1, 2, 3)
        for figure in _lookups_at(radius, codes, queries, index, multi, tables=tables)
    ]


def _lookups_at(
    radius: int,
    codes: NDArray[np.uint8],
    queries: NDArray[np.uint8],
    index: MultiIndex,
    multi: Any,
    *,
    tables: str,
) -> list[Figure]:
    """Against the flat scan, to which the answers are equal, and against faiss's tables."""
    recall = _recall(radius, codes, queries, index, multi)
    seconds = in_turn(
        {
            "lookup": lambda i: index.search(queries[i], radius=radius),
            "scan": lambda i: rank(queries[i], codes, BITS, radius=radius),
            "faiss": lambda i: multi.range_search(queries[i][None], radius + 1),
        }
    )
    cost = [_cost(index.search(query, radius=radius)) for query in queries]
    how = (
        f"{tables}; lookup {median(seconds['lookup']) * 1e6:.0f} µs, flat scan {median(seconds['scan']) * 1e6:.0f} µs, "
        f"faiss IndexBinaryMultiHash {median(seconds['faiss']) * 1e6:.0f} µs at recall {min(recall):.2f}…"
        f"{max(recall):.2f}; median {median(cost):.0f} candidates"
    )
    scan, theirs = ratio(seconds, "scan", "lookup"), ratio(seconds, "faiss", "lookup")
    name = f"lookup: IndexBinaryMultiHash / tables at radius {radius}"
    return [
        Figure(f"lookup: flat scan / tables at radius {radius}", scan, "x", "≥ 5", scan >= 5, how),
        Figure(name, theirs, "x", "> 1 at equal recall", theirs > 1, how),
    ]


def _recall(
    radius: int,
    codes: NDArray[np.uint8],
    queries: NDArray[np.uint8],
    index: MultiIndex,
    multi: Any,
) -> list[float]:
    """Of faiss's tables, a query each; ours are held to the exact answer."""
    recall = []
    for query in queries:
        exact = rank(query, codes, BITS, radius=radius)
        found = index.search(query, radius=radius)
        assert found.rows.tolist() == exact.rows.tolist()
        assert found.exact
        theirs = multi.range_search(query[None], radius + 1)[2]  # faiss takes what is nearer than that
        recall.append(len(set(theirs.tolist()) & set(exact.rows.tolist())) / len(exact.rows))
    return recall


def _cost(found: Neighbours) -> int:
    return found.cost.candidates


def _join() -> list[Figure]:
    codes = clustered(PAIRS_ROWS, seed=5)
    begin = time.perf_counter()
    pairs = join(codes, BITS, radius=3)
    seconds = time.perf_counter() - begin
    for row in np.random.default_rng(0).integers(0, PAIRS_ROWS, 50).tolist():
        near = np.flatnonzero(packed.hamming(codes[row], codes) <= 3)
        mine = pairs.rows[(pairs.rows == row).any(axis=1)]
        assert sorted(mine.sum(axis=1) - row) == [other for other in near.tolist() if other != row]
    how = f"{PAIRS_ROWS:,} × {BITS} clustered bits, radius 3: {len(pairs.rows):,} pairs; 50 rows checked by a scan"
    return [Figure("join: all pairs within radius 3", seconds, "s", "≤ 10", seconds <= 10, how)]


def _hundred_million() -> list[Figure]:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 1 << 64, 10 * ROWS, dtype=np.uint64, endpoint=False).view(np.uint8).reshape(-1, 8)
    tenth = codes[:ROWS]
    tracemalloc.start()  # numpy tells it of every array
    before = tracemalloc.get_traced_memory()[0]
    matches = rank(codes[7], codes, BITS, k=100)
    extra = (tracemalloc.get_traced_memory()[1] - before - matches.all_distances.nbytes) / 1e9
    tracemalloc.stop()
    seconds = in_turn(
        {
            "large": lambda i: rank(codes[i], codes, BITS, k=100),
            "tenth": lambda i: rank(codes[i], tenth, BITS, k=100),
        }
    )
    times = ratio(seconds, "large", "tenth")
    how = (
        f"{10 * ROWS:,} × {BITS} random bits {median(seconds['large']) * 1e3:.1f} ms, "
        f"{ROWS:,} {median(seconds['tenth']) * 1e3:.1f} ms"
    )
    return [
        Figure("search: 100 million codes / 10 million", times, "x", "≤ 11", times <= 11, how),
        Figure(
            "search: memory beyond codes and distances",
            extra,
            "GB",
            "≤ 0.3",
            extra <= 0.3,
            how + "; the most allocated at a time, without the distances",
        ),
    ]
