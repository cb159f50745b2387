"""DBH: a classifier through K sigmoid units, how it begins and steps, and its two-stage query."""

import math

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

from hashviewer.evaluation.ranking_scores import database_codes, score_method
from hashviewer.methods import Shape


def test_the_loss_is_the_cross_entropy_of_the_units():
    method, _ = begun("dbh")
    outputs = torch.randn(12, 16)
    found = values(method(batch_of(method, outputs=outputs, labels=LABELS)))
    weight, bias = method.classifier.weight.tolist(), method.classifier.bias.tolist()
    assert len(weight) == 4
    assert len(weight[0]) == 16
    total = 0.0
    for i in range(12):
        units = [1 / (1 + math.exp(-v)) for v in outputs[i].tolist()]
        logits = [
            sum(w * a for w, a in zip(row, units, strict=True)) + b
            for row, b in zip(weight, bias, strict=True)
        ]
        total += math.log(sum(map(math.exp, logits))) - logits[i % 4]
    assert list(found) == ["classification"]
    assert found["classification"] == pytest.approx(total / 12, rel=1e-5)


def test_a_unit_of_exactly_one_half_is_a_one():
    method = built("dbh", bits=3)
    assert database_codes(method, torch.tensor([[0.0, -1e-6, 1e-6]])).tolist() == [[1, -1, 1]]


def test_it_begins_with_small_weights_and_a_bias_of_1():
    method = built("dbh", dim=1000)
    assert float(method.hash_layer.weight.detach().std()) == pytest.approx(0.005, rel=0.05)
    assert bool((method.hash_layer.bias == 1).all())


def test_the_classifier_steps_ten_times_as_far_and_its_bias_twenty_times():
    gradients = []
    for pace in (10.0, 1.0, 0.5):
        method, batch = begun("dbh", classifier_pace=pace)
        method(batch)["classification"].backward()
        gradients.append(
            [method.classifier.weight.grad, method.classifier.bias.grad, method.hash_layer.weight.grad]
        )
    fast, plain, half = gradients
    assert torch.allclose(fast[0], 10 * plain[0])
    assert torch.allclose(fast[1], 20 * half[1])  # at one half the bias steps as it is
    assert torch.equal(fast[2], plain[2])


def test_the_second_stage_orders_the_pool_by_features_and_leaves_the_rest():
    torch.manual_seed(0)
    queries, database = torch.randn(3, 5), torch.randn(40, 5)
    distances = torch.randint(0, 9, (3, 40)).float()
    for pool in (-1, 0, 3, 8):
        again = built("dbh", pool=float(pool)).fine_distances(distances, queries, database)
        for q in range(3):
            near = [i for i in range(40) if distances[q, i] <= pool]
            nearest = sorted(near, key=lambda i, q=q: float((queries[q] - database[i]).norm()))
            assert again[q].argsort()[: len(near)].tolist() == nearest
            rest = [i for i in range(40) if distances[q, i] > pool]
            assert torch.equal(again[q][rest], 1 + distances[q][rest])


def test_the_second_stage_compares_the_layer_below_the_units():
    features = torch.randn(6, 32)
    method = built("dbh")
    assert torch.equal(method.fine_features(features), features)
    method.build(Shape(32, 16, 4, "mlp", 20))
    method.eval()
    hidden = method.fine_features(features)
    assert hidden.shape == (6, 20)
    assert torch.allclose(method.hash_layer[-1](hidden), method.outputs(features))


def test_the_figure_of_both_stages_counts_the_order_within_the_pool():
    method = built("dbh", bits=4, classes=2, pool=1.0)
    labels = torch.tensor([[1.0, 0], [0, 1], [1, 0], [1, 0]])
    codes = torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, -1], [1, 1, -1, -1]])
    features = torch.tensor([[3.0, 0], [1, 0], [0, 0]])
    query = (torch.ones(1, 4), labels[:1])
    fine = (torch.zeros(1, 2), features)
    database = (codes, labels[[0, 1, 3]])
    coarse = score_method(method, query, database)
    both = score_method(method, query, database, fine=fine)
    assert coarse.tie_aware == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert both.tie_aware == pytest.approx((1 / 2 + 2 / 3) / 2)  # the second item's features are nearer
    assert (both.precision, both.empty) == (coarse.precision, coarse.empty)
