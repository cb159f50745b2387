"""Weighted, asymmetric, quantizer, segment and prefix distances, against the same formulas as plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import KINDS, in_order, made_codes

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import (
    Tables,
    composite_tables,
    kernels,
    product_tables,
    rank,
    rank_asymmetric,
    rank_by_tables,
    rank_segments,
    rank_weighted,
)

BITS = [1, 8, 13, 32, 48, 64, 72, 128, 256, 1024]


def ones_of(code, bits):
    return [int(bit) for bit in packed.unpack(code, bits)]


def slow_weighted(query, code, bits, weights):
    return sum(
        w for a, b, w in zip(ones_of(query, bits), ones_of(code, bits), weights, strict=True) if a != b
    )


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(BITS), st.sampled_from(KINDS), st.integers(0, 40), st.integers(1, 50), st.booleans())
def test_a_weighted_ranking_equals_plain_loops(bits, kind, count, k, masked):
    codes = made_codes(kind, bits, count, seed=k)
    query = made_codes(kind, bits, 1, seed=k + 1)[0]
    weights = (
        np.random.default_rng(k).integers(0, 4, bits).astype(float) / 4
    )  # sums are exact, so ties are ties
    mask = np.random.default_rng(k).random(count) < 0.5 if masked else None
    expected = in_order([slow_weighted(query, code, bits, weights) for code in codes], mask)
    found = rank_weighted(query, codes, bits, weights, k=k, rows=mask)
    assert list(zip(found.distances.tolist(), found.rows.tolist(), strict=True)) == expected[:k]
    assert found.total == len(expected)
    near = rank_weighted(query, codes, bits, weights, radius=bits / 8, rows=mask)
    assert near.rows.tolist() == [row for d, row in expected if d <= bits / 8]
    assert near.within(bits / 8) == len(near.rows)
    for place, (_, row) in enumerate(expected):
        assert near.rank_of(row) == place
    assert near.rank_of(count) is None


@pytest.mark.usefixtures("compiled")
@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([8, 13, 48, 64, 128, 1024]), st.sampled_from(KINDS), st.integers(1, 6000), st.booleans()
)
def test_compiled_sums_equal_those_of_numpy_and_so_do_rankings(bits, kind, k, masked):
    codes = made_codes(kind, bits, 5001, seed=k)
    weights = np.random.default_rng(k).random(bits)
    mask = np.random.default_rng(k).random(len(codes)) < 0.5 if masked else None
    compiled = rank_weighted(codes[3], codes, bits, weights, k=k, rows=mask)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "ready", lambda: False)
        plain = rank_weighted(codes[3], codes, bits, weights, k=k, rows=mask)
    assert (compiled.all_distances == plain.all_distances).all()
    assert compiled.rows.tolist() == plain.rows.tolist()
    distances = plain.all_distances
    order = np.lexsort((np.arange(len(codes)), distances))
    assert plain.rows.tolist() == order[np.isfinite(distances[order])][:k].tolist()


def test_equal_weights_give_the_hamming_ranking():
    codes = made_codes("clustered", 64, 3000)
    weighted = rank_weighted(codes[5], codes, 64, np.ones(64), k=500)
    plain = rank(codes[5], codes, 64, k=500)
    assert weighted.rows.tolist() == plain.rows.tolist()
    assert weighted.distances.tolist() == plain.distances.tolist()


def test_asymmetric_distances_are_those_of_the_outputs_to_codes_of_signs():
    outputs = np.random.default_rng(0).normal(size=(200, 24))
    codes = packed.from_outputs(outputs)
    squared = rank_asymmetric(outputs[7], codes, 24, measure="euclidean")
    margin = rank_asymmetric(outputs[7], codes, 24)
    for row in range(200):
        signs = [1 if bit else -1 for bit in ones_of(codes[row], 24)]
        expected = sum((x - s) ** 2 for x, s in zip(outputs[7], signs, strict=True))
        assert squared.all_distances[row] == pytest.approx(expected, rel=1e-5)
        inner = sum(x * s for x, s in zip(outputs[7], signs, strict=True))
        assert margin.all_distances[row] == pytest.approx((np.abs(outputs[7]).sum() - inner) / 2, abs=1e-5)
    assert margin.rows[0] == squared.rows[0] == 7


def test_product_tables_give_the_distances_of_faiss():
    import faiss

    rng = np.random.default_rng(0)
    features = rng.normal(size=(2000, 16)).astype(np.float32)
    index = faiss.IndexPQ(16, 4, 6)
    index.train(features)
    index.add(features)
    codes = np.empty((2000, 3), dtype=np.uint8)  # faiss packs four numbers of six bits in three bytes
    codes[:] = faiss.vector_to_array(index.codes).reshape(codes.shape)
    bits = np.unpackbits(codes, axis=1, bitorder="little").reshape(2000, 4, 6)
    numbers = np.packbits(bits, axis=2, bitorder="little")[:, :, 0]
    books = faiss.vector_to_array(index.pq.centroids).reshape(4, 64, 4)
    found = rank_by_tables(product_tables(features[9], books), numbers, k=50)
    distances, rows = index.search(features[9:10], 50)
    assert found.distances == pytest.approx(distances[0], rel=1e-4, abs=1e-4)
    assert set(found.rows[:40]) <= set(rows[0])
    dot = rank_by_tables(product_tables(features[9], books, measure="dot"), numbers)
    for row in range(20):
        stands_for = np.concatenate([books[m, numbers[row, m]] for m in range(4)])
        assert dot.all_distances[row] == pytest.approx(-sum(features[9] * stands_for), abs=1e-4)


def test_composite_tables_give_the_inner_product_with_the_sum_of_code_words():
    rng = np.random.default_rng(1)
    books, feature = rng.normal(size=(3, 20, 8)), rng.normal(size=8)
    numbers = rng.integers(0, 20, (100, 3)).astype(np.uint8)
    found = rank_by_tables(composite_tables(feature, books), numbers)
    for row in range(100):
        total = sum(books[m, numbers[row, m]] for m in range(3))
        assert found.all_distances[row] == pytest.approx(-float(feature @ total), abs=1e-4)
    assert (np.diff(found.distances) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([(12, 3), (12, 12), (64, 1), (64, 4), (60, 5), (1024, 4)]), st.sampled_from(KINDS))
def test_segments_that_differ_are_counted_as_by_plain_loops(shape, kind):
    bits, segment = shape
    codes = made_codes(kind, bits, 60)
    mask = np.arange(60) % 3 > 0
    found = rank_segments(codes[1], codes, bits, segment, rows=mask, k=30)
    query = ones_of(codes[1], bits)
    expected = []
    for row, code in enumerate(codes):
        ones = ones_of(code, bits)
        parts = range(0, bits, segment)
        expected.append((sum(ones[p : p + segment] != query[p : p + segment] for p in parts), row))
    expected = sorted(pair for pair in expected if mask[pair[1]])
    assert list(zip(found.distances.tolist(), found.rows.tolist(), strict=True)) == expected[:30]
    assert found.total == mask.sum()
    assert len(found.histogram) == bits // segment + 1


@pytest.mark.usefixtures("compiled")
@settings(max_examples=60, deadline=None)
@given(st.sampled_from([8, 20, 64, 128, 320]), st.integers(1, 320), st.sampled_from(KINDS), st.booleans())
def test_a_prefix_compares_the_first_bits_only(bits, prefix, kind, masked):
    prefix = 1 + (prefix - 1) % bits
    codes = made_codes(kind, bits, 4500, seed=prefix)
    mask = np.arange(4500) % 5 > 1 if masked else None
    expected = (packed.unpack(codes, bits) ^ packed.unpack(codes[7], bits))[:, :prefix].sum(axis=1)
    found = [rank(codes[7], codes, bits, prefix=prefix, rows=mask, k=40)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "ready", lambda: False)
        found.append(rank(codes[7], codes, bits, prefix=prefix, rows=mask, k=40))
    searched = np.arange(4500) if mask is None else np.flatnonzero(mask)
    order = searched[np.lexsort((searched, expected[searched]))]
    for matches in found:
        assert matches.bits == prefix
        assert (matches.all_distances[searched] == expected[searched]).all()
        assert matches.histogram.tolist() == np.bincount(expected[searched], minlength=prefix + 1).tolist()
        assert matches.rows.tolist() == order[:40].tolist()


CODES = np.zeros((10, 8), np.uint8)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        (lambda: rank_weighted(CODES[0], CODES, 64, np.full(64, np.nan)), "not a finite number"),
        (lambda: rank_weighted(CODES[0], CODES, 64, np.full(64, -1.0)), "negative"),
        (lambda: rank_weighted(CODES[0], CODES, 64, np.ones(32)), "32 weights for codes of 64 bits"),
        (lambda: rank_weighted(CODES[0], CODES, 64, np.ones(64), k=0), "at least 1"),
        (lambda: rank_weighted(CODES[0], CODES, 64, np.ones(64), radius=np.nan), "not a number"),
        (lambda: rank_weighted(CODES[0, :4], CODES, 64, np.ones(64)), "different models"),
        (lambda: rank_weighted(CODES[0], CODES, 64, np.ones(64), rows=np.ones(3, bool)), "3 marks"),
        (lambda: rank_asymmetric(np.full(64, np.inf), CODES, 64), "not a finite number"),
        (lambda: rank_asymmetric(np.ones(32), CODES, 64), "different models"),
        (lambda: rank_by_tables(Tables(np.ones((4, 256), np.float32)), CODES), "different models"),
        (lambda: product_tables(np.ones(9), np.ones((2, 4, 4))), "different models"),
        (lambda: composite_tables(np.ones(4), np.ones((2, 300, 4))), "1 to 256 words"),
        (lambda: rank_segments(CODES[0], CODES, 64, 5), "divisor of 64"),
        (lambda: rank(CODES[0], CODES, 64, prefix=65), "choose 1 to 64"),
        (lambda: rank(CODES[0], CODES, 64, prefix=16, radius=17), "0 to 16"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(search, words):
    with pytest.raises(SearchError, match=words):
        search()


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_library_and_one_photo_have_defined_answers(count):
    codes = CODES[:count]
    assert rank_weighted(CODES[0], codes, 64, np.ones(64), k=5).rows.tolist() == list(range(count))
    assert rank_asymmetric(np.ones(64), codes, 64, k=5).rows.tolist() == list(range(count))
    assert rank_segments(CODES[0], codes, 64, 8, k=5).rows.tolist() == list(range(count))
    assert rank(CODES[0], codes, 64, prefix=3, k=5).rows.tolist() == list(range(count))
