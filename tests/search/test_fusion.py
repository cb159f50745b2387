"""Fusing rankings, and re-ordering by a second code set and by mutual neighbours."""

import numpy as np
import pytest

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import fuse, rank, rerank, rerank_by_codes, rerank_mutual
from hashviewer.search.mutual import mutual_distances

FEATURES = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
CODES = packed.from_outputs(FEATURES)


def test_fused_scores_are_sums_of_reciprocal_places():
    first, second = np.array([5, 1, 9]), np.array([1, 7])
    fused = fuse([first, second], weights=[1.0, 2.0], damping=10)
    expected = {5: 1 / 11, 1: 1 / 12 + 2 / 11, 9: 1 / 13, 7: 2 / 12}
    assert fused.rows.tolist() == sorted(expected, key=lambda row: (-expected[row], row))
    assert fused.scores == pytest.approx([expected[row] for row in fused.rows.tolist()])
    assert fuse([first, second], k=2).rows.tolist() == [1, 5]


def test_equal_scores_are_in_the_order_of_the_rows():
    assert fuse([np.array([8, 3]), np.array([3, 8])]).rows.tolist() == [3, 8]


def test_the_first_matches_are_sorted_by_distance_of_features():
    matches = rank(CODES[9], CODES, 16, k=50)
    damaged = FEATURES.copy()
    damaged[matches.rows[2]] = 0
    better = rerank(matches, FEATURES[9], lambda rows: damaged[rows], first=20, measure="euclidean")
    far = {row: np.sqrt(((damaged[row] - FEATURES[9]) ** 2).sum()) for row in matches.rows[:20].tolist()}
    far[int(matches.rows[2])] = np.inf
    assert better.rows.tolist() == sorted(far, key=far.__getitem__) + matches.rows[20:].tolist()


def test_a_second_code_set_reorders_and_ties_keep_their_order():
    matches = rank(CODES[9], CODES, 16, k=50)
    second = packed.pack(np.random.default_rng(1).random((300, 32)) < 0.5)
    better = rerank_by_codes(matches, second[9], second, first=30)
    distance = {
        row: bin(int.from_bytes((second[row] ^ second[9]).tobytes())).count("1") for row in range(300)
    }
    assert (
        better.rows.tolist()
        == sorted(matches.rows[:30].tolist(), key=distance.__getitem__) + matches.rows[30:].tolist()
    )
    assert better.reranked == 30


def slow_mutual(features, neighbours, expansion, own):
    """The same formula as plain loops over sets."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    count = len(unit)
    distance = [
        [-1.0 if a == b else 2 - 2 * float(unit[a] @ unit[b]) for b in range(count)] for a in range(count)
    ]
    order = [sorted(range(count), key=lambda b, a=a: distance[a][b]) for a in range(count)]

    def mutual(photo, k):
        return {b for b in order[photo][: k + 1] if photo in order[b][: k + 1]}

    weights = []
    for photo in range(count):
        members = mutual(photo, neighbours)
        for member in mutual(photo, neighbours):
            theirs = mutual(member, max(1, round(neighbours / 2)))
            if len(theirs & mutual(photo, neighbours)) > 2 / 3 * len(theirs):
                members = members | theirs
        raw = [np.exp(-max(distance[photo][b], 0)) if b in members else 0.0 for b in range(count)]
        weights.append([value / sum(raw) for value in raw])
    mean = [
        [sum(weights[near][b] for near in order[a][:expansion]) / expansion for b in range(count)]
        for a in range(count)
    ]
    result = []
    for other in range(1, count):
        shared = sum(min(x, y) for x, y in zip(mean[0], mean[other], strict=True))
        either = sum(max(x, y) for x, y in zip(mean[0], mean[other], strict=True))
        result.append((1 - own) * (1 - shared / either) + own * distance[0][other])
    return result


@pytest.mark.parametrize(("neighbours", "expansion", "own"), [(5, 3, 0.3), (4, 1, 0.0), (50, 6, 0.5)])
def test_mutual_distances_equal_plain_loops(neighbours, expansion, own):
    features = FEATURES[:30].astype(np.float64)
    found = mutual_distances(features, neighbours=neighbours, expansion=expansion, own=own)
    assert found == pytest.approx(slow_mutual(features, neighbours, expansion, own), abs=1e-9)


def test_mutual_neighbours_bring_the_query_s_own_cluster_to_the_front():
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(6, 16))
    label = rng.integers(0, 6, 300)
    features = (centres[label] + 0.6 * rng.normal(size=(300, 16))).astype(np.float32)
    codes = packed.from_outputs(features)
    matches = rank(codes[0], codes, 16, k=150)
    better = rerank_mutual(matches, features[0], lambda rows: features[rows], first=150)
    before = np.count_nonzero(label[matches.rows[:40]] == label[0])
    after = np.count_nonzero(label[better.rows[:40]] == label[0])
    assert after > before
    assert sorted(better.rows) == sorted(matches.rows)


def test_photos_without_a_feature_come_last_among_mutual_neighbours():
    matches = rank(CODES[9], CODES, 16, k=30)
    damaged = FEATURES.copy()
    damaged[matches.rows[1]] = np.nan
    better = rerank_mutual(matches, FEATURES[9], lambda rows: damaged[rows], first=30, own=1.0)
    assert better.rows[0] == 9
    assert better.rows[-1] == matches.rows[1]


MATCHES = rank(CODES[0], CODES, 16, k=20)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda: fuse([]), "one weight for each"),
        (lambda: fuse([MATCHES.rows], weights=[np.nan]), "not a finite number"),
        (lambda: fuse([MATCHES.rows], k=0), "at least 1"),
        (lambda: rerank_by_codes(MATCHES, CODES[0, :1], CODES, first=5), "different models"),
        (lambda: rerank_by_codes(MATCHES, CODES[0], CODES[:1], first=5), "lacks some of these photos"),
        (lambda: rerank_by_codes(MATCHES, CODES[0], CODES, first=0), "at least 1"),
        (
            lambda: rerank_mutual(MATCHES, FEATURES[0], lambda rows: FEATURES[rows], first=5, neighbours=0),
            "at least 1",
        ),
        (
            lambda: rerank_mutual(MATCHES, FEATURES[0, :3], lambda rows: FEATURES[rows], first=5),
            "different models",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_words(action, words):
    with pytest.raises(SearchError, match=words):
        action()
