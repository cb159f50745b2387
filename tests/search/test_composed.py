"""Queries made of several, against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import KINDS, made_codes, plain_distances

from hashviewer.errors import SearchError
from hashviewer.search import rank, rank_any, rank_mean, rank_weighted


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([8, 13, 64, 320]),
    st.sampled_from(KINDS),
    st.integers(1, 4),
    st.integers(0, 3),
    st.booleans(),
)
def test_any_of_several_is_the_nearest_of_them_less_what_is_nearer_to_a_negative(
    bits, kind, some, against, masked
):
    codes = made_codes(kind, bits, 80, seed=some)
    queries, negatives = made_codes(kind, bits, some, seed=7), made_codes(kind, bits, against, seed=8)
    mask = np.arange(80) % 3 > 0 if masked else None
    expected = []
    for row in range(80):
        nearest = min(int(plain_distances(query, codes[row : row + 1])[0]) for query in queries)
        other = [int(plain_distances(query, codes[row : row + 1])[0]) for query in negatives]
        if (mask is None or mask[row]) and all(nearest <= distance for distance in other):
            expected.append((nearest, row))
    found = rank_any(queries, codes, bits, negatives=negatives, rows=mask, k=30)
    assert list(zip(found.distances.tolist(), found.rows.tolist(), strict=True)) == sorted(expected)[:30]
    assert found.total == len(expected)
    near = rank_any(queries, codes, bits, negatives=negatives, rows=mask, radius=bits // 4)
    assert near.rows.tolist() == [row for distance, row in sorted(expected) if distance <= bits // 4]


def test_one_query_is_the_plain_ranking():
    codes = made_codes("clustered", 64, 500)
    assert (
        rank_any(codes[3:4], codes, 64, k=50).rows.tolist() == rank(codes[3], codes, 64, k=50).rows.tolist()
    )
    assert (
        rank_mean(codes[3:4], codes, 64, k=50).rows.tolist() == rank(codes[3], codes, 64, k=50).rows.tolist()
    )


@pytest.mark.parametrize("bits", [13, 64])
def test_the_mean_of_several_less_the_negatives_equals_plain_loops(bits):
    codes = made_codes("clustered", bits, 200)
    queries, negatives, shares = codes[:3], codes[5:7], np.array([1.0, 2.0, 0.5])
    found = rank_mean(queries, codes, bits, shares=shares, negatives=negatives, strength=0.25)
    for row in range(200):
        wanted = (
            sum(s * plain_distances(q, codes[row : row + 1])[0] for s, q in zip(shares, queries, strict=True))
            / 3.5
        )
        against = sum(plain_distances(q, codes[row : row + 1])[0] for q in negatives) / 2
        assert found.all_distances[row] == pytest.approx(wanted - 0.25 * against, abs=1e-4)
    assert (np.diff(found.distances) >= 0).all()


def test_bits_may_count_differently_in_a_mean():
    codes, weights = made_codes("random", 16, 100), np.arange(16) / 4
    one = rank_mean(codes[:1], codes, 16, weights=weights)
    assert one.rows.tolist() == rank_weighted(codes[0], codes, 16, weights).rows.tolist()


CODES = np.zeros((10, 8), np.uint8)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        (lambda: rank_any(CODES[:0], CODES, 64), "at least one photo"),
        (lambda: rank_any(CODES[:1], CODES, 64, k=0), "at least 1"),
        (lambda: rank_any(CODES[:1], CODES, 64, radius=65), "0 to 64"),
        (lambda: rank_any(CODES[:1, :4], CODES, 64), "different models"),
        (lambda: rank_mean(CODES[:0], CODES, 64), "at least one photo"),
        (lambda: rank_mean(CODES[:2], CODES, 64, shares=np.zeros(2)), "2 shares for 2 queries"),
        (lambda: rank_mean(CODES[:2], CODES, 64, strength=np.nan), "strength"),
        (lambda: rank_mean(CODES[:2], CODES, 64, weights=np.full(64, np.nan)), "not a finite number"),
        (lambda: rank_mean(CODES[:1, :4], CODES, 64), "different models"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(search, words):
    with pytest.raises(SearchError, match=words):
        search()
