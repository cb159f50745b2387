"""A collection on many machines, simulated on one: each shard answers for its own codes, and the answers are merged.

Everything that the window shows is an aggregate that can be merged: the nearest rows are the nearest of the shards'
nearest, and counts are sums of counts. Shards answer here with the same functions that answer for a library, and every
merged answer is compared with that of the whole collection: equal, not nearly equal. Ties are what could go wrong, so
codes are made that have many, and shards of very different sizes, empty ones too.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from benchmarks.search import clustered
from hashviewer import codes as packed
from hashviewer.evaluation.average_precision import average_precision_of_counts
from hashviewer.search import kernels, rank
from hashviewer.statistics import buckets

ROWS = 10_000_000
BITS = 64
K = 100
QUERIES = 20
SHARDS = (4, 64)


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of a collection that one machine holds.

    Attributes:
        rows: (n,) the rows of the collection, ascending.
        codes: (n, W) their packed codes.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a shard, or a collection, answers to a query.

    Attributes:
        rows: (m,) the nearest rows of the collection, by (distance, row).
        distances: (m,) their distances.
        histogram: (bits + 1,) how many codes lie at each distance.
        relevant: (bits + 1,) how many of them are relevant: all that mean average precision needs.
        occupied: By code, its distance and its rows: the buckets within the radius.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.int32]
    histogram: NDArray[np.int64]
    relevant: NDArray[np.int64]
    occupied: dict[bytes, tuple[int, NDArray[np.int64]]]


def cut_into(
    count: int, shards: int, *, generator: np.random.Generator, by_hash: bool
) -> list[NDArray[np.int64]]:
    """The rows of each shard: spread by a hash of the row, or runs of very different lengths, some of them empty."""
    if by_hash:
        owners = (np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
        owners %= np.uint64(shards)
        return [np.flatnonzero(owners == np.uint64(shard)) for shard in range(shards)]
    shares = generator.dirichlet(np.full(shards, 0.3))  # from almost nothing to almost everything
    bounds = np.floor(np.cumsum(shares)[:-1] * count).astype(np.int64)
    return list(np.split(np.arange(count, dtype=np.int64), bounds))


def answer(
    query: NDArray[np.uint8], shard: Shard, bits: int, *, k: int, radius: int, relevant: NDArray[np.bool_]
) -> Answer:
    """A shard's answer, by the functions that answer for a library; `relevant` (N,) is of the whole collection."""
    if not len(shard.rows):
        nothing = np.zeros(bits + 1, np.int64)
        return Answer(shard.rows, np.zeros(0, np.int32), nothing, nothing, {})
    found = rank(query, shard.codes, bits, k=k)
    near = buckets(
        query, shard.codes, bits, radius=radius, distances=found.all_distances, limit=len(shard.codes)
    )
    marks = relevant[shard.rows]
    return Answer(
        rows=shard.rows[found.rows],
        distances=found.distances,
        histogram=found.histogram,
        relevant=np.bincount(found.all_distances[marks], minlength=bits + 1),
        occupied={
            bucket.code.tobytes(): (bucket.distance, shard.rows[bucket.rows]) for bucket in near.buckets
        },
    )


def merged(answers: Sequence[Answer], *, k: int) -> Answer:
    """The answer of the collection whose shards have answered.

    Buckets are joined by their code and not added up: photos of one code may lie on several shards.
    """
    rows = np.concatenate([answer.rows for answer in answers])
    distances = np.concatenate([answer.distances for answer in answers])
    order = np.lexsort((rows, distances))[:k]
    occupied: dict[bytes, tuple[int, NDArray[np.int64]]] = {}
    for each in answers:
        for code, (distance, members) in each.occupied.items():
            known = occupied.get(code)
            occupied[code] = (
                distance,
                members if known is None else np.sort(np.concatenate((known[1], members))),
            )
    return Answer(
        rows[order],
        distances[order],
        np.sum([answer.histogram for answer in answers], axis=0),
        np.sum([answer.relevant for answer in answers], axis=0),
        occupied,
    )


def nearest_in_two_steps(
    query: NDArray[np.uint8], shards: Sequence[Shard], bits: int, *, k: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The same nearest rows as an engine finds them that sums histograms first and then asks for a radius."""
    found = [rank(query, shard.codes, bits) for shard in shards if len(shard.rows)]
    cumulative = np.cumsum(np.sum([each.histogram for each in found], axis=0))
    last = int(np.searchsorted(cumulative, min(k, int(cumulative[-1]))))
    parts = []
    for shard, each in zip((shard for shard in shards if len(shard.rows)), found, strict=True):
        here = np.flatnonzero(each.all_distances <= last)
        parts.append((shard.rows[here], each.all_distances[here].astype(np.int32)))
    rows = np.concatenate([rows for rows, _ in parts])
    distances = np.concatenate([distances for _, distances in parts])
    order = np.lexsort((rows, distances))[:k]
    return rows[order], distances[order]


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers are equal to the last row and count."""
    return (
        all(
            np.array_equal(getattr(one, name), getattr(other, name))
            for name in ("rows", "distances", "histogram", "relevant")
        )
        and one.occupied.keys() == other.occupied.keys()
        and all(
            distance == other.occupied[code][0] and np.array_equal(rows, other.occupied[code][1])
            for code, (distance, rows) in one.occupied.items()
        )
    )


def mean_average_precision(answers: Sequence[Answer]) -> tuple[float, float, float]:
    """Tie-aware, optimistic and pessimistic mean average precision over queries, from the counts alone."""
    values = average_precision_of_counts(
        np.stack([each.histogram for each in answers]), np.stack([each.relevant for each in answers])
    )
    return (float(values[0].mean()), float(values[1].mean()), float(values[2].mean()))


def ones_of(codes: NDArray[np.uint8], bits: int) -> NDArray[np.int64]:
    """How often each bit is 1: (bits,)."""
    return packed.unpack(codes, bits).sum(axis=0, dtype=np.int64)


def pairs_of_ones(codes: NDArray[np.uint8], bits: int) -> NDArray[np.int64]:
    """How often two bits are 1 together: (bits, bits). Correlations follow from its sums over the shards."""
    planes = packed.unpack(codes, bits).astype(np.float64)
    counted: NDArray[np.int64] = (planes.T @ planes).astype(np.int64)
    return counted


def run() -> list[Figure]:
    """Check merged answers over 10,000,000 codes against the whole, and time the merging."""
    kernels.load()
    codes = clustered(ROWS)
    generator = np.random.default_rng(9)
    relevant = generator.random(ROWS) < 0.01
    queries = codes[generator.integers(0, ROWS, QUERIES)]
    collection = Shard(np.arange(ROWS), codes)
    whole = [answer(query, collection, BITS, k=K, radius=3, relevant=relevant) for query in queries]
    figures = []
    for count in SHARDS:
        shards = [
            Shard(rows, codes[rows]) for rows in cut_into(ROWS, count, generator=generator, by_hash=True)
        ]
        equal, seconds, sizes, results = True, [], [], []
        for query, expected in zip(queries, whole, strict=True):
            told = [answer(query, shard, BITS, k=K, radius=3, relevant=relevant) for shard in shards]
            begin = time.perf_counter()
            result = merged(told, k=K)
            seconds.append(time.perf_counter() - begin)
            rows, distances = nearest_in_two_steps(query, shards, BITS, k=K)
            equal &= same(result, expected)
            equal &= np.array_equal(rows, expected.rows) and np.array_equal(distances, expected.distances)
            sizes.append(sum(_bytes(each) for each in told))
            results.append(result)
        equal &= mean_average_precision(results) == mean_average_precision(whole)
        how = (
            f"{ROWS:,} × {BITS} clustered bits on {count} shards, {QUERIES} queries: top-{K}, histogram, buckets within 3, "
            f"counts for mAP, compared with the whole; {median(sizes) / 1e3:.0f} kB from all shards for each query"
        )
        name = f"shards: merging the answers of {count}"
        figures.append(Figure(name, median(seconds) * 1e3, "ms", "equal to the whole", equal, how))
    return figures


def _bytes(told: Answer) -> int:
    """Of an answer on its way."""
    lists = sum(len(code) + rows.nbytes for code, (_, rows) in told.occupied.items())
    return told.rows.nbytes + told.distances.nbytes + told.histogram.nbytes + told.relevant.nbytes + lists
