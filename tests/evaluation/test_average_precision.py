"""Average precision: worked examples, plain loops over all tie orders, and many queries at once."""

from fractions import Fraction
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashviewer import codes as packed
from hashviewer.evaluation import (
    Coded,
    average_precision,
    average_precision_at,
    average_precision_of_counts,
    by_radius,
    chance_average_precision,
    interpolated_average_precision,
    mean_average_precision,
    mean_of_scores,
    precision_at,
)
from hashviewer.search import rank_weighted

DISTANCES = np.array([0, 1, 1, 2, 2, 2, 3, 4])
RELEVANT = np.array([1, 1, 0, 1, 0, 1, 0, 1], dtype=bool)
ITEMS, HITS = np.bincount(DISTANCES), np.bincount(DISTANCES[RELEVANT], minlength=5)


def slow_average_precision(relevant):
    """AP of a 0/1 list by its definition."""
    total, found, gained = sum(relevant), 0, Fraction(0)
    for place, hit in enumerate(relevant, start=1):
        if hit:
            found += 1
            gained += Fraction(found, place)
    return gained / total if total else Fraction(0)


def all_orders(distances, relevant):
    """AP of every order of the items that keeps the distances ascending."""
    items = list(range(len(distances)))
    return [
        slow_average_precision([int(relevant[i]) for i in order])
        for order in permutations(items)
        if all(distances[a] <= distances[b] for a, b in pairwise(order))
    ]


def test_example_in_the_listed_order():
    assert average_precision_at(RELEVANT) == pytest.approx(0.808333, abs=1e-6)
    assert average_precision_at(RELEVANT, at=3, normaliser="found") == 1.0
    assert average_precision_at(RELEVANT, at=3, normaliser="total") == pytest.approx(0.4)
    assert average_precision_at(RELEVANT, at=3, normaliser="smaller") == pytest.approx(0.666667, abs=1e-6)
    assert average_precision_at(RELEVANT, at=5, normaliser="found") == pytest.approx(0.916667, abs=1e-6)
    assert average_precision_at(RELEVANT, at=5, normaliser="total") == pytest.approx(0.55)
    assert average_precision_at(RELEVANT, at=5, normaliser="smaller") == pytest.approx(0.55)


def test_the_last_item_is_not_dropped():
    assert average_precision_at(RELEVANT, at=100) == average_precision_at(RELEVANT)
    assert average_precision_at(RELEVANT) != pytest.approx(0.854167, abs=1e-6)


def test_example_with_ties_and_its_bounds():
    found = average_precision(DISTANCES, RELEVANT)
    assert found.tie_aware == pytest.approx(0.773889, abs=1e-6)
    assert found.optimistic == pytest.approx(0.835)
    assert found.pessimistic == pytest.approx(0.711667, abs=1e-6)


def test_example_of_precision_and_recall():
    listed = precision_at(np.ones(8, int), RELEVANT.astype(int), at=5)
    assert (listed.precision, listed.recall) == pytest.approx((0.6, 0.6))
    assert precision_at(ITEMS, HITS, at=5).precision == pytest.approx(0.666667, abs=1e-6)
    table = [(1, 0.2), (2 / 3, 0.4), (4 / 6, 0.8), (4 / 7, 0.8), (5 / 8, 1)]
    assert [(p.precision, p.recall) for p in by_radius(ITEMS, HITS)] == [pytest.approx(row) for row in table]
    assert average_precision_at(RELEVANT[:6]) == pytest.approx(0.854167, abs=1e-6)


def test_example_of_interpolated_average_precision():
    assert interpolated_average_precision(RELEVANT) == pytest.approx(0.817460, abs=1e-6)


def test_an_empty_ball_has_no_precision_and_no_recall():
    table = by_radius(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1]))
    assert (table[2].precision, table[2].recall) == (0, 0)
    assert average_precision(np.array([3, 4]), np.array([True, True])).tie_aware == 1


def test_examples_of_pure_ties():
    two = average_precision(np.zeros(2), np.array([True, False]))
    assert (two.tie_aware, two.pessimistic, two.optimistic) == pytest.approx((0.75, 0.5, 1))
    four = average_precision(np.zeros(4), np.array([True, False, True, False]))
    assert four.tie_aware == pytest.approx(0.680556, abs=1e-6)
    assert (four.pessimistic, four.optimistic) == pytest.approx((0.416667, 1), abs=1e-6)
    assert chance_average_precision(4, 2) == pytest.approx(four.tie_aware)
    assert average_precision(np.zeros(8), RELEVANT).tie_aware == pytest.approx(0.717028, abs=1e-6)
    assert chance_average_precision(8, 5) == pytest.approx(0.717028, abs=1e-6)
    for protocol, items in {0.100161: 59_000, 0.100187: 50_000, 0.100175: 54_000}.items():
        relevant = items // 10
        assert chance_average_precision(items, relevant) == pytest.approx(protocol, abs=1e-6)


def test_example_of_queries_without_relevant_items():
    scores = np.array([[5, 4, 3, 2, 1], [5, 4, 3, 2, 1]], dtype=float)
    relevant = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0]], dtype=bool)
    zero, drop = mean_of_scores(scores, relevant), mean_of_scores(scores, relevant, empty="drop")
    assert zero.per_query[0] == pytest.approx(0.805556, abs=1e-6)
    assert zero.tie_aware == pytest.approx(0.402778, abs=1e-6)
    assert drop.tie_aware == pytest.approx(0.805556, abs=1e-6)
    assert (zero.queries, drop.queries, zero.without_relevant, drop.without_relevant) == (2, 1, 1, 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=6))
def test_tie_aware_is_the_mean_over_all_orders_and_the_bounds_are_reached(items):
    distances = np.array([distance for distance, _ in items])
    relevant = np.array([hit for _, hit in items])
    orders = all_orders(distances, relevant)
    found = average_precision(distances, relevant)
    assert found.tie_aware == pytest.approx(float(sum(orders) / len(orders)))
    assert found.optimistic == pytest.approx(float(max(orders)))
    assert found.pessimistic == pytest.approx(float(min(orders)))


def test_many_queries_at_once_equal_the_formula_as_plain_loops():
    rng = np.random.default_rng(0)
    items = rng.integers(0, 40, (30, 17))
    hits = rng.binomial(items, 0.3)
    tie_aware, optimistic, pessimistic = average_precision_of_counts(items, hits)
    for q in range(30):
        n_before = p_before = 0
        gained = 0.0
        for n, p in zip(items[q].tolist(), hits[q].tolist(), strict=True):
            step = (p - 1) / (n - 1) if n > 1 else 0
            if p:
                gained += (
                    p / n * sum((p_before + 1 + (t - 1) * step) / (n_before + t) for t in range(1, n + 1))
                )
            n_before, p_before = n_before + n, p_before + p
        assert tie_aware[q] == pytest.approx(gained / p_before)
        assert pessimistic[q] <= tie_aware[q] <= optimistic[q]


def test_the_mean_over_codes_equals_one_query_after_another():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 120)
    codes = packed.pack(rng.random((120, 20)) < 0.3 + 0.1 * labels[:, None])
    own = np.arange(30)
    multi_hot = np.eye(4, dtype=np.uint8)[labels]
    mean = mean_average_precision(
        Coded(codes[:30], multi_hot[:30]), Coded(codes, multi_hot), 20, own_rows=own
    )
    one_by_one = []
    for q in range(30):
        others = np.arange(120) != q
        distances = packed.hamming(codes[q], codes)[others]
        one_by_one.append(average_precision(distances, (labels == labels[q])[others]))
    assert mean.per_query.tolist() == pytest.approx([one.tie_aware for one in one_by_one])
    assert mean.tie_aware == pytest.approx(np.mean([one.tie_aware for one in one_by_one]))
    assert mean.optimistic == pytest.approx(np.mean([one.optimistic for one in one_by_one]))
    assert mean.pessimistic == pytest.approx(np.mean([one.pessimistic for one in one_by_one]))


def test_a_ranking_by_score_leaves_the_query_itself_out():
    scores = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.2]])
    relevant = np.array([[1, 0, 1], [0, 1, 1]], dtype=bool)
    assert mean_of_scores(scores, relevant, own_rows=np.array([0, 1])).tie_aware == pytest.approx(0.5)


def test_no_queries_have_no_mean():
    assert np.isnan(mean_of_scores(np.zeros((0, 3)), np.zeros((0, 3), bool)).tie_aware)


def test_example_of_codes_and_of_weighted_bits():
    one, other = np.array([1, 1, -1, 1]), np.array([1, -1, -1, -1])
    assert one @ other == 0
    distance = packed.hamming(packed.from_outputs(one), packed.from_outputs(other)[None])
    assert np.issubdtype(distance.dtype, np.integer)
    assert distance.tolist() == [2]
    assert packed.unpack(packed.from_outputs(np.zeros(4)), 4).all()  # sign(0) is +1, never a half distance
    query, code = packed.pack(np.array([1, 1, 1], bool)), packed.pack(np.array([[0, 1, 0]], bool))
    for weights, expected in (([4, 1, 0.25], 4.25), ([4, 1, 0], 4)):
        found = rank_weighted(query, code, 3, np.array(weights), k=1)
        assert found.distances.tolist() == [expected]
