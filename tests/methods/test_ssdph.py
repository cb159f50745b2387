"""SSDpH: its three terms, worked by hand and as plain loops."""

import math

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

from hashviewer.methods import TrainingItems
from hashviewer.methods.ssdph import margin_loss


def terms_of(units):
    """The terms for given units (n, K) in 0…1."""
    method = built("ssdph", bits=len(units[0]))
    method.activate = lambda outputs: outputs
    return values(method(batch_of(method, outputs=units, labels=LABELS[: len(units)])))


@pytest.mark.parametrize(
    ("units", "binary", "half_ones"),
    [
        ([1.0, 0, 1, 0], -0.125, 0),
        ([1.0, 1, 1, 1], -0.125, 0.125),
        ([0.5, 0.5, 0.5, 0.5], 0, 0),
        ([0.0, 0, 0, 1], -0.125, 0.03125),
    ],
)
def test_units_cost_what_is_worked_by_hand(units, binary, half_ones):
    terms = terms_of([units])
    assert terms["binary"] == pytest.approx(binary)
    assert terms["half_ones"] == pytest.approx(half_ones)


def test_ones_are_balanced_in_each_image_and_not_in_each_bit():
    assert terms_of([[1.0, 1, 0, 0], [1, 1, 0, 0]])["half_ones"] == 0
    assert terms_of([[1.0, 1, 1, 1], [0, 0, 0, 0]])["half_ones"] == pytest.approx(0.125)


def test_the_terms_are_those_of_the_formula():
    method, _ = begun("ssdph", alpha=0.5, beta=2.0, gamma=3.0)
    outputs = torch.randn(12, 16)
    terms = values(method(batch_of(method, outputs=outputs, labels=LABELS)))
    weight, bias = method.classifier.weight.tolist(), method.classifier.bias.tolist()
    told = binary = half = 0.0
    for i in range(12):
        units = [1 / (1 + math.exp(-v)) for v in outputs[i].tolist()]
        logits = [
            sum(w * a for w, a in zip(row, units, strict=True)) + b
            for row, b in zip(weight, bias, strict=True)
        ]
        told += math.log(sum(map(math.exp, logits))) - logits[i % 4]
        binary -= sum((a - 0.5) ** 2 for a in units)
        half += (sum(units) / 16 - 0.5) ** 2
    assert terms["classification"] == pytest.approx(0.5 * told / 12, rel=1e-5)
    assert terms["binary"] == pytest.approx(2 * binary / (2 * 12 * 16), rel=1e-5)
    assert terms["half_ones"] == pytest.approx(3 * half / (2 * 12), rel=1e-4)


def test_several_labels_cost_only_what_falls_short():
    predicted = torch.tensor([[1.5, 0.4, -0.3, 0.2], [0.1, 1.0, 0.0, 2.0]])
    labels = torch.tensor([[1.0, 1, 0, 0], [1, 1, 0, 0]])
    for exponent in (1, 2):
        expected = (0.6**exponent + 0.2**exponent + 0.9**exponent + 2.0**exponent) / 2 / 2
        assert float(margin_loss(predicted, labels, exponent)) == pytest.approx(expected)
    method = built("ssdph")
    method.begin(TrainingItems(torch.zeros(2, 32), labels))
    batch = batch_of(method, outputs=torch.randn(2, 16), labels=labels)
    expected = float(margin_loss(method.classifier(batch.relaxed), labels, 2).detach())
    assert values(method(batch))["classification"] == pytest.approx(expected)
