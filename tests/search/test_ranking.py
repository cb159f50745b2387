"""The exact ranking, against plain loops, against faiss, and in its properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import found_pairs, in_order, slow_distance

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import not_searched, rank


def random_codes(bits, count, seed=0, *, share=0.5):
    rng = np.random.default_rng(seed)
    return packed.pack(rng.random((count, bits)) < share)


@st.composite
def searches(draw):
    bits = draw(st.sampled_from([1, 2, 7, 8, 9, 16, 24, 31, 32, 40, 48, 64, 65, 96, 128, 248, 249, 256, 320]))
    count = draw(st.integers(0, 60))
    seed = draw(st.integers(0, 2**16))
    share = draw(st.sampled_from([0.02, 0.5, 0.98]))  # nearly equal codes give many ties
    rng = np.random.default_rng(seed)
    codes = random_codes(bits, count, seed, share=share)
    query = random_codes(bits, 1, seed + 1, share=share)[0]
    rows = draw(st.sampled_from(["all", "some", "none"]))
    mask = None if rows == "all" else (rng.random(count) < (0.6 if rows == "some" else 0.0))
    return query, codes, bits, mask


@settings(max_examples=150, deadline=None)
@given(searches(), st.integers(1, 70), st.integers(0, 320))
def test_a_ranking_equals_the_one_of_plain_loops(search, k, radius):
    query, codes, bits, mask = search
    radius = min(radius, bits)
    expected = in_order([slow_distance(query, code) for code in codes], mask)
    everything = rank(query, codes, bits, rows=mask)
    assert found_pairs(everything) == expected
    first = rank(query, codes, bits, k=k, rows=mask)
    assert first.rows.tolist() == [row for _, row in expected[:k]]
    near = rank(query, codes, bits, radius=radius, rows=mask)
    assert near.rows.tolist() == [row for distance, row in expected if distance <= radius]
    both = rank(query, codes, bits, k=k, radius=radius, rows=mask)
    assert both.rows.tolist() == near.rows.tolist()[:k]


@settings(max_examples=100, deadline=None)
@given(searches())
def test_histogram_radius_counts_and_ranks_agree_with_each_other(search):
    query, codes, bits, mask = search
    matches = rank(query, codes, bits, rows=mask)
    searched = len(codes) if mask is None else int(mask.sum())
    assert len(matches.histogram) == bits + 1
    assert matches.total == searched == len(matches.rows)
    assert sorted(matches.rows.tolist()) == list(range(len(codes)) if mask is None else np.flatnonzero(mask))
    for radius in {0, bits // 3, bits}:
        assert matches.within(radius) == int(np.count_nonzero(matches.distances <= radius))
    for place, row in enumerate(matches.rows.tolist()):
        assert matches.rank_of(row) == place
    if mask is not None:
        assert (matches.all_distances[~mask] == not_searched(matches.all_distances)).all()
        assert all(matches.rank_of(int(row)) is None for row in np.flatnonzero(~mask))


@settings(max_examples=30, deadline=None)
@given(searches(), st.randoms(use_true_random=False))
def test_the_order_of_the_library_does_not_change_distances(search, random):
    query, codes, bits, _ = search
    order = list(range(len(codes)))
    random.shuffle(order)
    plain, shuffled = rank(query, codes, bits), rank(query, codes[order], bits)
    assert plain.distances.tolist() == shuffled.distances.tolist()
    assert plain.histogram.tolist() == shuffled.histogram.tolist()
    assert plain.all_distances[order].tolist() == shuffled.all_distances.tolist()


@pytest.mark.parametrize(("bits", "count"), [(8, 70_001), (64, 200_003), (128, 90_001), (1024, 5_003)])
def test_distances_are_those_of_faiss(bits, count):
    import faiss

    codes = random_codes(bits, count, seed=bits)
    query = codes[count // 2]
    index = faiss.IndexBinaryFlat(bits)
    index.add(codes)
    distances, rows = index.search(query[None], 500)
    matches = rank(query, codes, bits, k=500)
    assert matches.distances.tolist() == distances[0].tolist()
    cut = distances[0][-1]  # faiss may choose among the rows at the last distance
    assert set(matches.rows[matches.distances < cut]) == set(rows[0][distances[0] < cut])


@pytest.mark.parametrize("bits", [1, 13, 64, 249, 4096])
def test_many_blocks_give_the_same_as_one_step(bits):
    codes = random_codes(bits, 70_001 if bits < 4096 else 700, seed=3)
    mask = np.random.default_rng(4).random(len(codes)) < 0.7
    matches = rank(codes[7], codes, bits, rows=mask, k=5)
    expected = packed.hamming(codes[7], codes)
    assert (matches.all_distances[mask] == expected[mask]).all()
    assert matches.histogram.tolist() == np.bincount(expected[mask], minlength=bits + 1).tolist()


def test_codes_that_are_not_contiguous_are_searched_as_well():
    wide = random_codes(128, 50)
    assert rank(wide[3, :8], wide[:, :8], 64).rows[0] == 3


def test_equal_distances_are_in_the_order_of_the_rows():
    codes = np.zeros((100, 8), dtype=np.uint8)
    assert rank(codes[50], codes, 64, k=10).rows.tolist() == list(range(10))


def test_an_empty_library_gives_no_rows_and_an_empty_histogram():
    matches = rank(np.zeros(8, np.uint8), np.zeros((0, 8), np.uint8), 64, k=10)
    assert matches.rows.tolist() == []
    assert matches.histogram.tolist() == [0] * 65


def test_the_cost_says_how_many_codes_were_read():
    codes = random_codes(64, 321)
    cost = rank(codes[0], codes, 64, k=1).cost
    assert (cost.scanned, cost.reranked) == (321, 0)
    assert cost.seconds > 0


def test_the_place_of_a_row_outside_the_library_is_unknown():
    codes = random_codes(64, 5)
    matches = rank(codes[0], codes, 64)
    assert matches.rank_of(5) is None
    assert matches.rank_of(-1) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"k": 0}, "at least 1"),
        ({"radius": 65}, "0 to 64"),
        ({"radius": -1}, "0 to 64"),
        ({"bits": 128}, "128 bits fill 16 bytes"),
        ({"bits": 0}, "1 to 4096"),
        ({"query": np.zeros(4, np.uint8)}, "different models"),
        ({"rows": np.ones(3, bool)}, "3 marks for 10 codes"),
    ],
)
def test_a_search_that_does_not_fit_is_refused_in_words(change, words):
    given = {"query": np.zeros(8, np.uint8), "codes": np.zeros((10, 8), np.uint8), "bits": 64} | change
    query, codes, bits = given.pop("query"), given.pop("codes"), given.pop("bits")
    with pytest.raises(SearchError, match=words):
        rank(query, codes, bits, **given)


def test_a_radius_beyond_the_code_has_no_count():
    codes = random_codes(64, 5)
    with pytest.raises(SearchError, match="0 to 64"):
        rank(codes[0], codes, 64).within(65)


@pytest.mark.parametrize("bits", [9, 249])
def test_bits_set_beyond_the_width_are_noticed(bits):
    codes = np.zeros((4, packed.width(bits)), dtype=np.uint8)
    codes[2] = 255
    with pytest.raises(SearchError, match="damaged"):
        rank(codes[0], codes, bits)
