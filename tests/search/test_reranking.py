"""Re-ordering by features, against a plain sort by cosine."""

import numpy as np
import pytest

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import rank, rerank


@pytest.fixture
def searched():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 16)).astype(np.float32)
    codes = packed.from_outputs(features)
    return rank(codes[9], codes, 16, k=50), features


def slow_cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True)) / (
        sum(x * x for x in a) ** 0.5 * sum(y * y for y in b) ** 0.5
    )


def test_the_first_matches_are_sorted_by_cosine_and_the_rest_stay(searched):
    matches, features = searched
    better = rerank(matches, features[9], lambda rows: features[rows], first=20)
    expected = sorted(matches.rows[:20].tolist(), key=lambda row: -slow_cosine(features[9], features[row]))
    assert better.rows.tolist() == expected + matches.rows[20:].tolist()
    assert better.distances.tolist() == [int(matches.all_distances[row]) for row in better.rows]
    assert (better.reranked, better.cost.reranked, matches.reranked) == (20, 20, 0)
    assert better.rank_of(int(matches.rows[3])) == 3


def test_equal_cosines_keep_their_hamming_order(searched):
    matches, features = searched
    same = rerank(matches, features[9], lambda rows: np.ones((len(rows), 16), np.float32), first=50)
    assert same.rows.tolist() == matches.rows.tolist()


def test_photos_without_a_feature_come_last(searched):
    matches, features = searched
    damaged = features.copy()
    damaged[matches.rows[0]] = 0
    damaged[matches.rows[1], 3] = np.nan
    better = rerank(matches, features[9], lambda rows: damaged[rows], first=10)
    assert better.rows[8:10].tolist() == matches.rows[:2].tolist()


def test_more_than_there_are_means_all(searched):
    matches, features = searched
    assert rerank(matches, features[9], lambda rows: features[rows], first=1000).reranked == 50


def test_features_may_be_stored_in_half_precision(searched):
    matches, features = searched
    half = features.astype(np.float16)
    better = rerank(matches, features[9], lambda rows: half[rows], first=10)
    assert better.rows[0] == 9


def test_features_of_another_model_are_refused(searched):
    matches, features = searched
    with pytest.raises(SearchError, match="different models"):
        rerank(matches, features[9, :8], lambda rows: features[rows], first=10)
    with pytest.raises(SearchError, match="at least 1"):
        rerank(matches, features[9], lambda rows: features[rows], first=0)
