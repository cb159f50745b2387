"""Hash tables find what a plain scan finds, within the radius that they promise, and say what it cost."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import KINDS, found_pairs, in_order, made_codes, plain_distances

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import BucketTable, MultiIndex
from hashviewer.search.probes import by_distance, by_margin

BITS = [8, 13, 16, 48, 64, 72, 128, 1024]


def plain(query, codes, radius=None):
    """(distance, row) of all rows, or those within the radius, in order."""
    distances = plain_distances(query, codes)
    return in_order(distances.tolist(), None if radius is None else distances <= radius)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(BITS), st.sampled_from(KINDS), st.integers(1, 300), st.integers(0, 3), st.booleans())
def test_one_table_is_exact_within_its_radius(bits, kind, count, radius, inside):
    codes = made_codes(kind, bits, count, seed=radius)
    query = codes[count // 2] if inside else made_codes(kind, bits, 1, seed=9)[0]
    found = BucketTable.build(codes, bits).search(query, radius=radius)
    assert found_pairs(found) == plain(query, codes, radius)
    assert found.exact
    assert found.complete == radius
    assert found.histogram.sum() == len(found.rows)
    assert found.cost.candidates >= len(found.rows)
    assert found.cost.microseconds > 0


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(BITS),
    st.sampled_from(KINDS),
    st.integers(1, 400),
    st.integers(0, 12),
    st.integers(1, 8),
)
def test_several_tables_are_exact_within_any_radius(bits, kind, count, radius, tables):
    radius = min(radius, bits)
    codes = made_codes(kind, bits, count, seed=tables)
    query = packed.flipped(codes[count // 2], radius % bits)
    index = MultiIndex.build(codes, bits, tables=tables)
    found = index.search(query, radius=radius)
    assert found_pairs(found) == plain(query, codes, radius)
    assert found.exact
    nearest = index.search(query, k=10)
    assert found_pairs(nearest) == plain(query, codes)[:10]
    both = index.search(query, k=3, radius=radius)
    assert found_pairs(both) == plain(query, codes, radius)[:3]


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [24, 64, 128])
def test_large_tables_are_exact_and_probe_few_buckets(kind, bits):
    codes = made_codes(kind, bits, 100_000)
    index, table = MultiIndex.build(codes, bits), BucketTable.build(codes, bits)
    for row in (0, 50_000, 99_999):
        expected = plain(codes[row], codes, 3)
        found = index.search(codes[row], radius=3)
        assert found_pairs(found) == expected
        assert found.cost.probed == 4  # radius 3 over four groups: each group's own bucket
        assert found_pairs(table.search(codes[row], radius=2)) == [pair for pair in expected if pair[0] <= 2]


def test_the_pigeonhole_bound_holds_for_every_way_to_spread_flipped_bits():
    bits, rng = 16, np.random.default_rng(0)
    code = made_codes("random", bits, 1)
    for tables in range(1, 6):
        for radius in range(7):
            flips = [rng.choice(bits, size=radius, replace=False) for _ in range(40)]
            far = np.repeat(code, 40, axis=0)
            for row, chosen in enumerate(flips):
                for bit in chosen:
                    far[row] = packed.flipped(far[row], int(bit))
            padded = np.concatenate([far, made_codes("random", bits, 5000, seed=1)])
            found = MultiIndex.build(padded, bits, tables=tables).search(code[0], radius=radius)
            assert set(range(40)) <= set(found.rows.tolist())


def test_a_table_counts_its_probes_and_the_empty_ones():
    codes = packed.pack(np.array([[0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0]], dtype=bool))
    codes = np.concatenate([codes, made_codes("random", 4, 40)])
    cost = BucketTable.build(codes, 4).search(codes[0], radius=1).cost
    occupied = {tuple(code) for code in codes.tolist()}
    near = [code for code in range(16) if bin(code).count("1") <= 1]
    assert cost.probed == 5
    assert cost.empty == sum((code << 4,) not in occupied for code in near)
    assert cost.candidates == sum(int(code[0]) >> 4 in near for code in codes)


def test_bounded_probes_say_how_far_they_are_complete():
    codes = made_codes("clustered", 64, 5000)
    table = BucketTable.build(codes, 64)
    some = table.search(codes[0], radius=2, probes=100)
    assert (some.cost.probed, some.complete, some.exact) == (100, 1, False)
    assert set(some.rows) <= {row for _, row in plain(codes[0], codes, 2)}
    first = table.search(codes[0], radius=2, k=1)
    assert first.rows.tolist() == [plain(codes[0], codes)[0][1]]
    assert first.exact


def test_uncertain_bits_are_flipped_first_in_the_order_of_their_sums():
    margins = np.random.default_rng(3).random(7)
    flips = np.uint64(1) << np.arange(7, dtype=np.uint64)
    probes = by_margin(flips, margins, 128)
    assert len(set(probes.tolist())) == 128
    sums = [sum(margins[bit] for bit in range(7) if int(probe) >> bit & 1) for probe in probes]
    assert sums == pytest.approx(sorted(sums))
    assert by_margin(flips, margins, 5).tolist() == probes[:5].tolist()


def test_probing_by_margin_finds_what_its_buckets_hold():
    outputs = np.random.default_rng(0).normal(size=(4000, 12))
    codes = packed.from_outputs(outputs)
    table = BucketTable.build(codes, 12)
    few = table.search_uncertain(codes[5], np.abs(outputs[5]), probes=20, k=8)
    assert (few.cost.probed, few.exact) == (20, False)
    assert few.rows[0] == plain(codes[5], codes)[0][1]
    everything = table.search_uncertain(codes[5], np.abs(outputs[5]), probes=1 << 12)
    assert found_pairs(everything) == plain(codes[5], codes)
    assert everything.exact


def test_probes_by_distance_name_every_code_once():
    flips = np.uint64(1) << np.arange(9, dtype=np.uint64)
    rings = list(by_distance(flips, 9))
    assert [len(ring) for ring in rings] == [comb(9, d) for d in range(10)]
    assert sorted(np.concatenate(rings).tolist()) == list(range(512))
    assert all(bin(int(probe)).count("1") == d for d, ring in enumerate(rings) for probe in ring)


@pytest.mark.parametrize("count", [0, 1])
def test_tables_of_nothing_and_of_one_photo_answer(count):
    codes = np.zeros((count, 8), np.uint8)
    for found in (
        BucketTable.build(codes, 64).search(np.zeros(8, np.uint8), radius=2),
        MultiIndex.build(codes, 64).search(np.zeros(8, np.uint8), radius=2),
        MultiIndex.build(codes, 64).search(np.zeros(8, np.uint8), k=4),
    ):
        assert found.rows.tolist() == list(range(count))
        assert found.exact


CODES = np.zeros((10, 8), np.uint8)
TABLE, INDEX = BucketTable.build(CODES, 64), MultiIndex.build(CODES, 64)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        (lambda: TABLE.search(CODES[0], radius=65), "0 to 64"),
        (lambda: TABLE.search(CODES[0], radius=1, k=0), "at least 1"),
        (lambda: TABLE.search(CODES[0], radius=1, probes=0), "at least 1"),
        (lambda: TABLE.search(CODES[0, :4], radius=1), "different models"),
        (lambda: TABLE.search_uncertain(CODES[0], np.ones(3), probes=2), "one finite output"),
        (lambda: INDEX.search(CODES[0]), "radius or a number"),
        (lambda: INDEX.search(CODES[0], radius=-1), "0 to 64"),
        (lambda: INDEX.search(CODES[0], k=0), "at least 1"),
        (lambda: INDEX.search(CODES[0, :4], k=1), "different models"),
        (lambda: MultiIndex.build(CODES, 64, tables=65), "1 to 64 tables"),
        (lambda: MultiIndex.build(CODES, 32), "32 bits fill 4 bytes"),
        (lambda: BucketTable.build(CODES, 32), "32 bits fill 4 bytes"),
    ],
)
def test_a_lookup_that_does_not_fit_is_refused_in_words(search, words):
    with pytest.raises(SearchError, match=words):
        search()
