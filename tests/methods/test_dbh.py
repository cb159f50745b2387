"""DBH: a classifier through K sigmoid units, how it begins and steps, and its two-stage query."""

import math

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

from hashviewer.evaluation.ranking_scores import database_codes
from hashviewer.methods.dbh import fine_ranking


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


def test_the_fine_ranking_orders_the_pool_of_near_codes_by_features():
    torch.manual_seed(0)
    queries, database = torch.randn(3, 5), torch.randn(40, 5)
    distances = torch.randint(0, 9, (3, 40)).float()
    for threshold in (0, 3, 8):
        ranked = fine_ranking(queries, database, distances, threshold=threshold)
        for q, places in enumerate(ranked):
            pool = [i for i in range(40) if distances[q, i] <= threshold]
            nearest = sorted(pool, key=lambda i, q=q: float((queries[q] - database[i]).norm()))
            assert places.tolist() == nearest
    assert fine_ranking(queries, database, distances + 9, threshold=8)[0].tolist() == []
