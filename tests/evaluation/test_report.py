"""The report over queries: the worked examples of the literature's metrics, and the same figures by plain loops."""

import numpy as np
import pytest

from hashviewer import codes as packed
from hashviewer.errors import DatasetError
from hashviewer.evaluation import (
    Coded,
    Wanted,
    average_gain,
    average_precision,
    average_precision_at,
    code_statistics,
    evaluate,
    normalised_gain,
    weighted_precision,
)

GRADES = np.array([1, 3, 0, 2])


def code(*ones, bits=4):
    return packed.pack(np.array([[place in ones for place in range(bits)]]))[0]


def example():
    """One query and eight items at the distances 0 1 1 2 2 2 3 4, relevant 1 1 0 1 0 1 0 1."""
    distances, relevant = [0, 1, 1, 2, 2, 2, 3, 4], [1, 1, 0, 1, 0, 1, 0, 1]
    items = np.stack([code(*range(distance)) for distance in distances])
    labels = np.array([[hit, 1 - hit] for hit in relevant], dtype=np.uint8)
    return Coded(code()[None], np.array([[1, 0]], dtype=np.uint8)), Coded(items, labels)


def test_the_worked_example_of_ties_lookup_and_first_places():
    report = evaluate(*example(), 4, wanted=Wanted(topk=3))
    assert report.tie_aware == pytest.approx(0.773889, abs=1e-6)
    assert (report.pessimistic, report.optimistic) == pytest.approx((0.711667, 0.835), abs=1e-6)
    assert report.stable == pytest.approx(0.808333, abs=1e-6)
    assert report.chance == pytest.approx(0.717028, abs=1e-6)
    assert (report.first.found, report.first.smaller) == pytest.approx((1.0, 2 / 3))
    assert (
        report.lookup.within.precision,
        report.lookup.within.recall,
        report.lookup.within.empty,
    ) == pytest.approx((4 / 6, 0.8, 0))
    pairs = [(row.precision, row.recall) for row in report.radii]
    assert pairs == [
        pytest.approx(p) for p in [(1, 0.2), (2 / 3, 0.4), (4 / 6, 0.8), (4 / 7, 0.8), (5 / 8, 1)]
    ]
    five = evaluate(*example(), 4, wanted=Wanted(topk=5)).first
    assert (five.found, five.smaller) == pytest.approx((0.916667, 0.55), abs=1e-6)


def test_a_lookup_has_an_average_precision_of_its_own_and_a_price():
    report = evaluate(*example(), 4)
    assert report.lookup.average_precision == pytest.approx((1 + 0.833333 + 1.411111) / 4, abs=1e-6)
    assert report.lookup.buckets == 1 + 4 + 6
    assert report.dropped == report.tie_aware


def test_the_figures_of_the_codes_are_those_of_plain_loops():
    draw = np.random.default_rng(0)
    ones = np.concatenate([draw.random((90, 11)) < 0.4, np.ones((90, 1), dtype=bool)], axis=1)
    found = code_statistics(packed.pack(ones), 12)
    signs = np.where(ones, 1.0, -1.0)
    assert found.bit_mean == pytest.approx(np.mean([abs(signs[:, bit].mean()) for bit in range(12)]))
    pairs = [(a, b) for a in range(12) for b in range(a + 1, 12)]
    correlations = [0 if b == 11 else np.corrcoef(signs[:, a], signs[:, b])[0, 1] for a, b in pairs]
    assert found.correlation == pytest.approx(np.mean(np.abs(correlations)), abs=1e-6)
    assert found.distinct == len({tuple(row) for row in ones.tolist()})
    alike = code_statistics(np.repeat(packed.pack(ones[:1]), 9, axis=0), 12)
    assert (alike.bit_mean, alike.correlation, alike.distinct) == (1, 0, 1)
    wide = draw.random((30, 100)) < 0.5
    assert code_statistics(packed.pack(np.concatenate([wide, wide])), 100).distinct == 30


def test_a_curve_over_the_radius_leaves_out_the_queries_that_find_nothing():
    items = np.stack([code(0), code(0, 1, 2)])
    queries = Coded(np.stack([code(), code(2, 3)]), np.array([[1], [1]], dtype=np.uint8))
    report = evaluate(queries, Coded(items, np.array([[1], [1]], dtype=np.uint8)), 4)
    near = report.radii[1]
    assert (near.precision, near.found_precision, near.empty) == (0.5, 1, 0.5)
    assert np.isnan(report.radii[0].found_precision)


def test_first_places_without_a_relevant_item_count_as_0_and_are_counted():
    queries, items = example()
    both = Coded(np.repeat(queries.codes, 2, axis=0), np.array([[1, 0], [0, 1]], dtype=np.uint8))
    first = evaluate(both, items, 4, wanted=Wanted(topk=2)).first
    assert (first.found, first.without_relevant) == (0.5, 1)
    alone = evaluate(Coded(both.codes, np.array([[1, 0, 0], [0, 0, 1]], dtype=np.uint8)), wider(items), 4)
    assert (alone.without_relevant, alone.dropped) == (1, pytest.approx(0.773889, abs=1e-6))
    assert alone.tie_aware == pytest.approx(0.773889 / 2, abs=1e-6)


def wider(items):
    """The same items where there is a third label that none of them has."""
    return Coded(items.codes, np.concatenate([items.labels, np.zeros((8, 1), dtype=np.uint8)], axis=1))


def test_an_empty_lookup_counts_as_0_and_is_told():
    query = Coded(code(0, 1, 2, 3)[None], np.array([[1]], dtype=np.uint8))
    items = Coded(np.stack([code(0), code()]), np.array([[1], [1]], dtype=np.uint8))
    report = evaluate(query, items, 4)
    assert (report.lookup.within.precision, report.lookup.within.recall, report.lookup.within.empty) == (
        0,
        0,
        1,
    )
    assert report.tie_aware == 1


def test_the_worked_example_of_graded_relevance():
    places = np.arange(4)
    assert normalised_gain(places, GRADES) == pytest.approx(0.714222, abs=1e-6)
    assert normalised_gain(places, GRADES, at=2) == pytest.approx(0.609090, abs=1e-6)
    assert normalised_gain(np.array([0, 1, 1, 2]), GRADES) == pytest.approx(0.665434, abs=1e-6)
    assert normalised_gain(places, np.zeros(4, dtype=int)) == 1
    assert [average_gain(GRADES, at=k) for k in (1, 2, 3, 4)] == pytest.approx([1, 2, 4 / 3, 1.5])
    assert weighted_precision(GRADES) == pytest.approx(1.5)
    assert weighted_precision(np.zeros(4, dtype=int)) == 0


@pytest.mark.parametrize("labels_an_item", [1, 3])
def test_all_figures_are_those_of_plain_loops_and_a_query_never_finds_itself(labels_an_item):
    draw = np.random.default_rng(labels_an_item)
    bits, count, classes, at = 12, 60, 5, 7
    outputs = (
        draw.normal(size=(count, bits)) + 1.2 * draw.normal(size=(classes, bits))[np.arange(count) % classes]
    )
    labels = np.eye(classes, dtype=np.uint8)[np.arange(count) % classes]
    for _ in range(labels_an_item - 1):
        labels |= np.eye(classes, dtype=np.uint8)[draw.integers(0, classes, count)]
    ones = outputs >= 0
    everyone = Coded(packed.pack(ones), labels)
    report = evaluate(everyone, everyone, bits, own_rows=np.arange(count), wanted=Wanted(topk=at, radius=3))
    values = []
    for query in range(count):
        others = [item for item in range(count) if item != query]
        distances = np.array([(ones[query] != ones[item]).sum() for item in others])
        grades = np.array([(labels[query] & labels[item]).sum() for item in others])
        order = np.argsort(distances, kind="stable")
        relevant = grades > 0
        near = distances <= 3
        ranked = grades[order].astype(int)
        found = average_precision(distances, relevant)
        values.append(
            (
                found.tie_aware,
                average_precision_at(relevant[order]),
                average_precision_at(relevant[order], at=at, normaliser="found"),
                average_precision_at(relevant[order], at=at, normaliser="smaller"),
                relevant[near].mean() if near.any() else 0,
                not near.any(),
                average_gain(ranked, at=at),
                weighted_precision(ranked, at=at),
                normalised_gain(distances, grades.astype(int), at=at),
            )
        )
    lookup, first = report.lookup.within, report.first
    told = [report.tie_aware, report.stable, first.found, first.smaller, lookup.precision, lookup.empty]
    means = np.mean(values, axis=0)
    assert told == pytest.approx(means[:6].tolist())
    assert (report.graded is None) == (labels_an_item == 1)
    if report.graded is not None:
        graded = report.graded
        assert (graded.acg, graded.wap, graded.ndcg) == pytest.approx(means[6:].tolist())
    first_class = np.array(values)[labels[:, 0] > 0, 0]
    assert report.classes[0].tie_aware == pytest.approx(first_class.mean())
    assert report.classes[0].queries == len(first_class)


def test_precision_and_recall_along_the_ranking_share_out_the_ties():
    draw = np.random.default_rng(0)
    codes = packed.pack(draw.random((300, 4)) < 0.5)
    labels = np.eye(3, dtype=np.uint8)[draw.integers(0, 3, 300)]
    queries = Coded(codes[:20], labels[:20])
    report = evaluate(queries, Coded(codes[20:], labels[20:]), 4)
    assert [one.place for one in report.at] == [100, 200]
    random = []
    for query in range(20):
        distances = packed.hamming(codes[query], codes[20:])
        relevant = (labels[20:] @ labels[query]) > 0
        for _ in range(200):
            order = np.lexsort((draw.random(280), distances))
            random.append(relevant[order][:100].mean())
    assert report.at[0].precision == pytest.approx(np.mean(random), abs=0.01)


def test_nothing_to_measure_is_said():
    queries, items = example()
    with pytest.raises(DatasetError, match="no labelled queries"):
        evaluate(Coded(queries.codes[:0], queries.labels[:0]), items, 4)
    with pytest.raises(DatasetError, match="between 0 and 4"):
        evaluate(queries, items, 4, wanted=Wanted(radius=5))
