import math

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

from hashviewer.methods.pcdh import binarize, hard_pairs, squared_margin


def test_the_hinge_is_squared_and_smooth_at_the_margin():
    distance = torch.tensor([0.0, 3, 4, 5], requires_grad=True)
    loss = squared_margin(distance, torch.zeros(4), 4.0)
    assert loss.tolist() == [8, 0.5, 0, 0]
    loss.sum().backward()
    assert distance.grad.tolist() == [-4, -1, 0, 0]
    assert squared_margin(torch.tensor([6.0]), torch.ones(1), 4.0).tolist() == [3]


def test_hard_pairs_are_the_farthest_positive_and_negatives_within_the_margin():
    torch.manual_seed(0)
    distance = torch.tensor([[0.0, 1, 3, 2, 9]]).repeat(5, 1)
    similarity = torch.tensor([[1.0, 1, 1, 0, 0]]).repeat(5, 1)
    others = torch.ones(5, 5)
    others[0, 0] = 0
    mask = hard_pairs(distance, similarity, others, margin=4.0, negatives=3)
    assert mask[0].tolist() == [0, 0, 1, 1, 0]


def test_negatives_are_drawn_at_random_and_no_more_than_wanted():
    torch.manual_seed(0)
    ones = torch.ones(1, 8)
    drawn = [
        hard_pairs(ones, torch.zeros(1, 8), ones, margin=4.0, negatives=2).nonzero()[:, 1] for _ in range(40)
    ]
    assert {len(places) for places in drawn} == {2}
    assert len(torch.cat(drawn).unique()) == 8


def test_an_anchor_alone_in_its_class_has_no_positive():
    mask = hard_pairs(torch.ones(2, 2), torch.eye(2), 1 - torch.eye(2), margin=0.5, negatives=1)
    assert not mask.any()


def test_the_gradient_passes_the_sign_where_the_value_is_small():
    numbers = torch.tensor([-2.0, -0.5, 0.0, 0.7, 1.5], requires_grad=True)
    codes = binarize(numbers)
    codes.sum().backward()
    assert codes.tolist() == [-1, -1, 1, 1, 1]
    assert numbers.grad.tolist() == [0, 1, 1, 1, 0]


def test_classification_alone_moves_the_hash_layer():
    method, batch = begun("pcdh")
    method(batch)["classification"].backward()
    assert all(bool(parameter.grad.any()) for parameter in method.hash_layer.parameters())


def test_every_term_is_that_of_the_formula():
    method, batch = begun("pcdh", alpha=0.5, beta=0.25, margin=0.9, deep_margin=1.9, negatives=12)
    h, w = batch.relaxed.tolist(), method.deep_features(batch.features).tolist()

    def squared(a, b):
        return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))

    pairs, deep, count = 0.0, 0.0, 0
    for i in range(12):
        positives = [j for j in range(12) if j != i and j % 4 == i % 4]
        hardest = max(positives, key=lambda j: squared(w[i], w[j]))
        pairs += squared(h[i], h[hardest]) / 16 / 2
        deep += squared(w[i], w[hardest]) / 2
        count += 1
        for j in range(12):
            if j % 4 != i % 4 and squared(w[i], w[j]) < 1.9:
                pairs += max(0.9 - squared(h[i], h[j]) / 16, 0) ** 2 / 2
                deep += max(1.9 - squared(w[i], w[j]), 0) ** 2 / 2
                count += 1
    found = values(method(batch))
    assert found["pairs"] == pytest.approx(pairs / count, rel=1e-4)
    assert found["deep_pairs"] == pytest.approx(0.5 * deep / count, rel=1e-4)
    cross = 0.0
    for i in range(12):
        codes = [1.0 if v >= 0 else -1.0 for v in method.binary(batch.relaxed[i]).tolist()]
        logits = [
            sum(a * b for a, b in zip(row, codes, strict=True)) for row in method.classifier.weight.tolist()
        ]
        cross += math.log(sum(math.exp(v) for v in logits)) - logits[i % 4]
    assert found["classification"] == pytest.approx(0.25 * cross / 12, rel=1e-4)


def test_codes_are_those_of_the_discrete_layer():
    method = built("pcdh", bits=2)
    method.binary.weight.data = torch.tensor([[0.0, 1], [-1, 0]])
    assert method.encode(torch.tensor([[5.0, -5]])).sign().tolist() == [[-1, -1]]
    apart = values(method(batch_of(method, outputs=[[0.0, 0], [0, 0]], labels=LABELS[:2])))
    assert apart["pairs"] == 2  # of the margin 2, with d = 0
