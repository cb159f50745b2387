import math

import pytest
import torch
from made_examples import BITS, begun, built, values

from hashviewer.methods import Clock
from hashviewer.methods.htalr import gain, ideal_gain, precision


def counted(distances, weights):
    """Sums of weights by whole distance, as a row."""
    row = [sum(w for d, w in zip(distances, weights, strict=True) if d == place) for place in range(5)]
    return torch.tensor([row], dtype=torch.float32)


def test_without_ties_the_precision_is_the_ordinary_one():
    distances = [0, 1, 2, 3]
    found = precision(counted(distances, [1] * 4), counted(distances, [1, 0, 1, 1]))
    assert found.tolist() == [pytest.approx(0.805556, abs=1e-6)]


def test_with_ties_the_precision_is_that_worked_by_hand():
    distances = [0, 1, 1, 1, 2]
    found = precision(counted(distances, [1] * 5), counted(distances, [1, 1, 0, 0, 1]))
    assert found.tolist() == [pytest.approx(0.755556, abs=1e-6)]


def test_the_gain_is_that_worked_by_hand():
    distances = [0, 1, 1, 2]
    found = gain(counted(distances, [1] * 4), counted(distances, [1, 7, 0, 3]))
    assert found.tolist() == [pytest.approx(6.165093, abs=1e-5)]


def test_without_ties_the_best_order_has_the_ideal_gain():
    gains = torch.tensor([[3.0, 0, 7, 1]])
    best = gain(torch.ones(1, 4), torch.tensor([[7.0, 3, 1, 0]]))
    assert torch.allclose(ideal_gain(gains), best)
    assert ideal_gain(torch.zeros(1, 4)).tolist() == [1]


def distance(phi, i, j):
    return (BITS - sum(a * b for a, b in zip(phi[i], phi[j], strict=True))) / 2


def shares(d, bins):
    width = BITS / bins
    return [max(0.0, 1 - abs(d - place * width) / width) for place in range(bins + 1)]


def test_the_precision_is_that_of_the_formula():
    method, batch = begun("htalr", gamma=2.0, bins=5)
    phi = [[2 / (1 + math.exp(-2 * v)) - 1 for v in row] for row in batch.outputs.tolist()]
    total = 0.0
    for i in range(12):
        every, found = [0.0] * 6, [0.0] * 6
        for j in set(range(12)) - {i}:
            for place, share in enumerate(shares(distance(phi, i, j), 5)):
                every[place] += share
                found[place] += share * (i % 4 == j % 4)
        for d in range(6):
            above = sum(found[:d]) + sum(found[: d + 1]) + 1
            total += found[d] * above / (sum(every[:d]) + sum(every[: d + 1]) + 1) / 2
    assert values(method(batch))["precision"] == pytest.approx(-total / 12, rel=1e-4)


def test_the_gain_is_that_of_the_formula():
    labels = torch.tensor([[1.0, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 0], [0, 0, 0, 1]])
    method, batch = begun("htalr", objective="gain", labels=labels, bins=4)
    phi = [[2 / (1 + math.exp(-v)) - 1 for v in row] for row in batch.outputs.tolist()]
    total = 0.0
    for i in range(5):
        every, gains, ordered = [0.0] * 5, [0.0] * 5, []
        for j in set(range(5)) - {i}:
            ordered.append(2 ** float(labels[i] @ labels[j]) - 1)
            for place, share in enumerate(shares(distance(phi, i, j), 4)):
                every[place] += share
                gains[place] += share * ordered[-1]
        dcg = sum(gains[d] / math.log2(sum(every[:d]) + (every[d] + 1) / 2 + 1) for d in range(5))
        ideal = sum(g / math.log2(place + 2) for place, g in enumerate(sorted(ordered, reverse=True)))
        total += dcg / ideal
    assert values(method(batch))["gain"] == pytest.approx(-total / 5, rel=1e-4)


def test_the_sigmoid_gets_steeper_where_asked_to():
    method = built("htalr", gamma=3.0, doubling=2)
    for epoch, expected in ((0, 3), (1, 3), (2, 6), (5, 12)):
        method.begin_epoch(Clock(epoch=epoch, epochs=6, step=0, steps_per_epoch=1))
        assert float(method.sharpness) == expected
