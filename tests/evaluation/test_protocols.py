import numpy as np
import pytest
import torch

from hashviewer.errors import DatasetError
from hashviewer.evaluation.average_precision import average_precision
from hashviewer.evaluation.protocols import split
from hashviewer.evaluation.ranking_scores import score_method
from hashviewer.methods import Shape, find_method

TEN = np.eye(10, dtype=np.uint8)[np.arange(6000) % 10]


def test_protocol_i_has_the_published_proportions_and_no_query_in_the_database():
    parts = split(np.repeat(TEN, 10, axis=0), "I")
    assert parts.describe() == "protocol I: 1,000 queries, 59,000 in the database, 5,000 for training"
    assert not set(parts.queries) & set(parts.database)
    assert set(parts.training) <= set(parts.database)
    assert np.repeat(TEN, 10, axis=0)[parts.queries].sum(0).tolist() == [100] * 10
    assert np.repeat(TEN, 10, axis=0)[parts.training].sum(0).tolist() == [500] * 10


def test_the_seed_alone_decides_the_draw():
    first, again, other = (split(TEN, "I", seed=seed, training_per_class=50) for seed in (1, 1, 2))
    assert np.array_equal(first.queries, again.queries)
    assert np.array_equal(first.training, again.training)
    assert not np.array_equal(first.queries, other.queries)


def test_the_other_protocols_differ_where_they_should():
    outside = split(TEN, "I'", training_per_class=50)
    assert not set(outside.training) & set(outside.database)
    assert len(outside.database) == 6000 - 1000 - 500
    everything = split(TEN, "I-all")
    assert np.array_equal(everything.training, everything.database)
    assert len(split(TEN, "II", queries_per_class=10).queries) == 100
    official = split(TEN, "III", parts=np.array(["train"] * 5000 + ["test"] * 1000))
    assert (len(official.queries), len(official.database), len(official.training)) == (1000, 5000, 5000)
    with pytest.raises(DatasetError, match="official parts"):
        split(TEN, "III")
    drawn = split(TEN, "random", queries_per_class=70, training_per_class=90)
    assert (len(drawn.queries), len(drawn.database), len(drawn.training)) == (70, 5930, 90)
    assert set(drawn.training) <= set(drawn.database)
    assert not set(drawn.queries) & set(drawn.database)


def test_a_class_with_too_few_images_is_said_and_unlabelled_images_take_no_part():
    with pytest.raises(DatasetError, match="Class 0 has 500 images left"):
        split(TEN, "I", training_per_class=501)
    labels = np.concatenate([TEN, np.zeros((7, 10), np.uint8)])
    assert split(labels, "I-all").database.max() < 6000


def test_images_of_several_labels_are_drawn_once():
    labels = np.ones((100, 2), dtype=np.uint8)
    parts = split(labels, "I", queries_per_class=10, training_per_class=20)
    assert len(set(parts.queries)) == 20
    assert len(set(parts.training)) == 40


def made_method(bits):
    method = find_method("dsh").method()
    method.build(Shape(8, bits, 2))
    return method


def test_scores_are_the_tie_aware_means_with_their_band():
    draw = torch.Generator().manual_seed(0)
    queries, items = torch.randn(70, 6, generator=draw), torch.randn(90, 6, generator=draw)
    q_labels = torch.eye(2)[torch.arange(70) % 2]
    d_labels = torch.eye(2)[torch.arange(90) % 2]
    scores = score_method(made_method(6), (queries, q_labels), (items, d_labels))
    precision = empty = 0.0
    ap = np.zeros(3)
    for i in range(70):
        distances = np.array([int(((queries[i] >= 0) != (items[j] >= 0)).sum()) for j in range(90)])
        relevant = np.array([i % 2 == j % 2 for j in range(90)])
        one = average_precision(distances, relevant)
        ap += one.tie_aware, one.optimistic, one.pessimistic
        near = distances <= 2
        precision += relevant[near].mean() if near.any() else 0.0
        empty += not near.any()
    assert [scores.tie_aware, scores.optimistic, scores.pessimistic] == pytest.approx(ap / 70)
    assert scores.precision == pytest.approx(precision / 70)
    assert scores.empty == pytest.approx(empty / 70)


def test_an_empty_ball_counts_as_precision_zero():
    queries = (torch.ones(1, 4), torch.ones(1, 1))
    items = (torch.tensor([[1.0, -1, -1, -1], [-1, -1, -1, -1]]), torch.ones(2, 1))
    scores = score_method(made_method(4), queries, items)
    assert (scores.precision, scores.empty, scores.tie_aware) == (0, 1, 1)
