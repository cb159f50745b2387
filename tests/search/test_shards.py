"""What shards answer, merged, is what the whole collection answers: to the last row, tie and count."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import made_codes

from benchmarks.shards import (
    Answer,
    Shard,
    answer,
    cut_into,
    mean_average_precision,
    merged,
    nearest_in_two_steps,
    ones_of,
    pairs_of_ones,
    same,
)
from hashviewer import codes as packed
from hashviewer.search import MultiIndex, rank, rank_weighted
from hashviewer.statistics import bit_statistics

KINDS = ("random", "clustered", "duplicates", "equal")


def shards_of(codes, count, generator, *, by_hash):
    parts = cut_into(len(codes), count, generator=generator, by_hash=by_hash)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(codes)))
    return [Shard(rows, codes[rows]) for rows in parts]


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    bits=st.sampled_from((8, 12, 64, 100, 256)),
    count=st.integers(1, 400),
    shards=st.integers(1, 17),
    k=st.sampled_from((1, 7, 100, 1000)),
    by_hash=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_merged_answers_are_those_of_the_whole(kind, bits, count, shards, k, by_hash, seed):
    generator = np.random.default_rng(seed)
    codes = made_codes(kind, bits, count, seed)
    relevant = generator.random(count) < 0.2
    query = codes[int(generator.integers(count))]
    parts = shards_of(codes, shards, generator, by_hash=by_hash)
    options = {"k": k, "radius": min(3, bits), "relevant": relevant}
    told = [answer(query, part, bits, **options) for part in parts]
    whole = answer(query, Shard(np.arange(count), codes), bits, **options)
    assert same(merged(told, k=k), whole)
    rows, distances = nearest_in_two_steps(query, parts, bits, k=k)
    assert rows.tolist() == whole.rows.tolist()
    assert distances.tolist() == whole.distances.tolist()


def test_merging_does_not_depend_on_the_order_in_which_shards_answer_or_on_merging_in_stages():
    generator = np.random.default_rng(4)
    codes = made_codes("duplicates", 64, 500, 4)
    parts = shards_of(codes, 9, generator, by_hash=False)
    relevant = generator.random(500) < 0.3
    told = [answer(codes[3], part, 64, k=50, radius=3, relevant=relevant) for part in parts]
    whole = merged(told, k=50)
    assert same(merged(told[::-1], k=50), whole)
    assert same(merged([merged(told[:4], k=50), merged(told[4:], k=50)], k=50), whole)


def by_plain_loops(query, codes, bits, k, radius, relevant):
    """The answer written down naively."""
    distances = [int(np.unpackbits(query ^ code)[:bits].sum()) for code in codes]
    order = sorted(range(len(codes)), key=lambda row: (distances[row], row))[:k]
    histogram, hits, occupied = [0] * (bits + 1), [0] * (bits + 1), {}
    for row, distance in enumerate(distances):
        histogram[distance] += 1
        hits[distance] += bool(relevant[row])
        if distance <= radius:
            occupied.setdefault(codes[row].tobytes(), (distance, []))[1].append(row)
    return order, [distances[row] for row in order], histogram, hits, occupied


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_is_what_plain_loops_count(kind):
    generator = np.random.default_rng(8)
    codes = made_codes(kind, 20, 150, 8)
    relevant = generator.random(150) < 0.4
    parts = shards_of(codes, 5, generator, by_hash=True)
    found = merged([answer(codes[0], p, 20, k=40, radius=3, relevant=relevant) for p in parts], k=40)
    rows, distances, histogram, hits, occupied = by_plain_loops(codes[0], codes, 20, 40, 3, relevant)
    assert found.rows.tolist() == rows
    assert found.distances.tolist() == distances
    assert found.histogram.tolist() == histogram
    assert found.relevant.tolist() == hits
    assert {code: (d, members.tolist()) for code, (d, members) in found.occupied.items()} == occupied


def test_buckets_are_joined_and_not_added_up():
    codes = np.zeros((6, 8), np.uint8)
    codes[4:, 0] = 1
    parts = [Shard(rows, codes[rows]) for rows in (np.array([0, 2, 4]), np.array([1, 3, 5]))]
    told = [answer(codes[0], p, 64, k=6, radius=3, relevant=np.zeros(6, np.bool_)) for p in parts]
    assert sum(len(each.occupied) for each in told) == 4  # what a sum would say
    assert len(merged(told, k=6).occupied) == 2


def test_mean_average_precision_follows_from_summed_counts_to_the_last_digit():
    generator = np.random.default_rng(6)
    codes = made_codes("clustered", 48, 800, 6)
    labels = generator.integers(0, 5, 800)
    parts = shards_of(codes, 7, generator, by_hash=False)
    whole, sums = [], []
    for row in range(0, 800, 40):
        options = {"k": 10, "radius": 0, "relevant": labels == labels[row]}
        whole.append(answer(codes[row], Shard(np.arange(800), codes), 48, **options))
        sums.append(merged([answer(codes[row], part, 48, **options) for part in parts], k=10))
    assert mean_average_precision(sums) == mean_average_precision(whole)


def test_bits_and_their_correlation_follow_from_sums():
    generator = np.random.default_rng(7)
    codes = made_codes("clustered", 40, 900, 7)
    parts = shards_of(codes, 6, generator, by_hash=False)
    ones = np.sum([ones_of(part.codes, 40) for part in parts], axis=0)
    both = np.sum([pairs_of_ones(part.codes, 40) for part in parts], axis=0)
    bits = packed.unpack(codes, 40)
    assert ones.tolist() == bits.sum(axis=0).tolist()
    assert (np.diag(both) == ones).all()
    mean = ones / 900
    covariance = both / 900 - np.outer(mean, mean)
    spread = np.sqrt(np.outer(mean * (1 - mean), mean * (1 - mean)))
    expected = bit_statistics(codes, 40).correlation
    assert np.allclose(covariance / spread, expected, atol=1e-6)


def test_weighted_rankings_and_lookups_merge_as_well():
    generator = np.random.default_rng(11)
    codes = made_codes("clustered", 64, 3000, 11)
    weights = generator.random(64)
    parts = shards_of(codes, 5, generator, by_hash=True)
    whole = rank_weighted(codes[1], codes, 64, weights, k=50)
    found = [rank_weighted(codes[1], part.codes, 64, weights, k=50) for part in parts]
    rows = np.concatenate([part.rows[each.rows] for part, each in zip(parts, found, strict=True)])
    distances = np.concatenate([each.distances for each in found])
    order = np.lexsort((rows, distances))[:50]
    assert rows[order].tolist() == whole.rows.tolist()
    assert distances[order].tolist() == whole.distances.tolist()
    near = [part.rows[MultiIndex.build(part.codes, 64).search(codes[1], radius=2).rows] for part in parts]
    exact = rank(codes[1], codes, 64, radius=2)
    assert sorted(np.concatenate(near).tolist()) == sorted(exact.rows.tolist())


def test_a_shard_that_is_missing_shows_in_the_sum_of_the_histogram():
    generator = np.random.default_rng(12)
    codes = made_codes("random", 64, 300, 12)
    parts = shards_of(codes, 4, generator, by_hash=True)
    told: list[Answer] = [
        answer(codes[0], part, 64, k=5, radius=3, relevant=np.zeros(300, np.bool_)) for part in parts
    ]
    assert merged(told, k=5).histogram.sum() == 300
    assert merged(told[1:], k=5).histogram.sum() == 300 - len(parts[0].rows)


@pytest.mark.parametrize("by_hash", [False, True])
def test_shards_are_ascending_runs_of_all_sizes(by_hash):
    parts = cut_into(10_000, 12, generator=np.random.default_rng(1), by_hash=by_hash)
    assert all(a < b for rows in parts for a, b in pairwise(rows.tolist()))
    sizes = [len(rows) for rows in parts]
    assert max(sizes) < 1.2 * min(sizes) if by_hash else max(sizes) > 20 * min(sizes)
