"""DSRH against the formula as plain loops and its hand-worked weights."""

import math

import pytest
import torch
from made_examples import LABELS, batch_of, built, values

from hashviewer.methods import Shape, find_method
from hashviewer.methods.dsrh import pair_weights

SHARED = torch.tensor([[1.0, 1, 1], [1, 1, 1], [1, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 1]])


def test_higher_levels_weigh_most():
    relevance = torch.tensor([[3.0, 2, 1, 0]]).repeat(4, 1)
    weights = pair_weights(relevance)[0]
    ideal = 7 + 3 / math.log2(3) + 1 / math.log2(4)
    for i, j, expected in ((0, 2, 6), (1, 3, 3), (2, 3, 1)):
        assert float(weights[i, j]) * ideal == pytest.approx(expected, rel=1e-5)


def test_with_single_labels_it_is_a_plain_triplet_hinge():
    method = built("dsrh", bits=6, normalized=False)
    batch = batch_of(method, outputs=torch.randn(12, 6), labels=LABELS)
    h = batch.relaxed.tolist()
    total = 0.0
    for q in range(12):
        costs = []
        for i in range(12):
            for j in range(12):
                # the image itself is in no pair: neither far nor near to its own list
                if q not in {i, j} and q % 4 == i % 4 and q % 4 != j % 4:
                    closer = sum(a * (b - c) for a, b, c in zip(h[q], h[j], h[i], strict=True)) / 2
                    costs.append(max(0.0, 6 / 4 + closer))
        total += sum(costs) / len(costs) / 12
    assert values(method(batch))["ranking"] == pytest.approx(total, rel=1e-4)


def test_the_ranking_of_several_levels_is_that_of_the_formula():
    method = built("dsrh", bits=4, classes=3, delta=0.7, rho=1.3)
    batch = batch_of(method, outputs=torch.randn(6, 4), labels=SHARED)
    h = [[2 / (1 + math.exp(-v)) - 1 for v in row] for row in batch.outputs.tolist()]
    r = (SHARED @ SHARED.T).tolist()
    lists = []
    for q in range(6):
        best = sorted((2**v - 1 for v in r[q]), reverse=True)
        ideal = sum(gain / math.log2(2 + place) for place, gain in enumerate(best))
        distance = [(4 - sum(a * b for a, b in zip(h[q], other, strict=True))) / 2 for other in h]
        costs = [
            (2 ** r[q][i] - 2 ** r[q][j]) / ideal * max(0, 1.3 + 0.7 * (distance[i] - distance[j]))
            for i in range(6)
            for j in range(6)
            if q not in {i, j} and r[q][i] > r[q][j]
        ]
        if costs:
            lists.append(sum(costs) / len(costs))
    assert values(method(batch))["ranking"] == pytest.approx(sum(lists) / len(lists), rel=1e-4)


def test_balance_is_0_only_where_each_bit_averages_to_0():
    method = built("dsrh", bits=2, alpha=1.0, beta=0.5)
    outputs = torch.tensor([[0.4, -1.0], [-0.4, 1.0]])
    terms = values(method(batch_of(method, outputs=outputs, labels=LABELS[:2])))
    assert terms["balance"] == pytest.approx(0, abs=1e-12)
    assert terms["decay"] == pytest.approx(0.25 * float(method.hash_layer.weight.detach().square().sum()))
    outputs = torch.tensor([[0.4, -1.0], [0.4, 1.0]])
    balance = values(method(batch_of(method, outputs=outputs, labels=LABELS[:2])))["balance"]
    assert balance == pytest.approx((2 / (1 + math.exp(-0.4)) - 1) ** 2 / 2, rel=1e-5)


def test_the_hash_layer_reads_two_layers_with_no_more_weights_than_usual():
    method = find_method("dsrh").method()
    method.build(Shape(1280, 48, 10, head="mlp", hidden=256))
    usual = 1280 * 256 + 256 * 48
    assert 0.99 * usual < sum(p.numel() for p in method.hash_layer.parameters() if p.ndim == 2) <= usual
    features = torch.randn(1, 1280)
    method.eval()
    before = method.hash_layer(features)
    with torch.no_grad():
        method.hash_layer.second[0].weight.zero_()
        method.hash_layer.second[0].bias.zero_()
    skipped = method.hash_layer(features)
    assert not torch.equal(before, skipped)
    assert bool(skipped.any())
