import math

import pytest
import torch
from made_examples import BITS, begun, built, values

from hashviewer.methods import Clock
from hashviewer.methods.andsh import code_distances, psi


def test_psi_falls_through_the_values_worked_by_hand():
    angles = torch.tensor([0, math.pi / 4, math.pi / 2, math.pi])
    assert psi(angles).tolist() == [pytest.approx(value, abs=1e-5) for value in (1, -1, -3, -7)]
    assert bool((psi(torch.linspace(0, math.pi, 200)).diff() <= 1e-6).all())


def test_distances_of_three_codes_are_even():
    codes = torch.tensor([[1.0, 1, 1, 1], [-1, -1, 1, 1], [1, -1, -1, 1]])
    assert code_distances(codes).tolist() == [2, 2, 2]


def test_codes_of_many_classes_keep_within_the_plotkin_bound():
    codes = torch.where(torch.randn(10, 24) >= 0, 1.0, -1.0)
    assert float(code_distances(codes).mean()) <= 24 * 25 / 45 + 1e-6


def normalized(row):
    length = math.sqrt(sum(v * v for v in row))
    return [v / length for v in row]


def cosines_of(method, outputs):
    weights = [normalized(row) for row in method.classifier.weight.tolist()]
    return [
        [sum(a * b for a, b in zip(normalized(u), w, strict=True)) for w in weights] for u in outputs.tolist()
    ]


def cross_entropy(logits, target):
    return math.log(sum(math.exp(v) for v in logits)) - logits[target]


@pytest.mark.parametrize("margin", ["cosine", "angle", "multiple"])
def test_the_terms_are_those_of_the_formula(margin):
    method, batch = begun("andsh", margin=margin, amount=0.3, scale=6.0, apart=0.5, evenly=2.0)
    method.begin_step(Clock(epoch=0, epochs=1, step=1000, steps_per_epoch=2000))
    share = 1000 / 101
    assert float(method.plain) == pytest.approx(share)
    terms = values(method(batch))
    total = 0.0
    for i, row in enumerate(cosines_of(method, batch.outputs)):
        cosine = row[i % 4]
        angle = math.acos(cosine)
        k = int(4 * angle / math.pi)
        psi_here = (-1) ** k * math.cos(4 * angle) - 2 * k
        length = math.sqrt(sum(v * v for v in batch.outputs[i].tolist()))
        held_back = {
            "cosine": cosine - 0.3,
            "angle": math.cos(angle + 0.3),
            "multiple": (share * cosine + psi_here) / (1 + share),
        }[margin]
        scale = length if margin == "multiple" else 6
        logits = [scale * (held_back if c == i % 4 else row[c]) for c in range(4)]
        total += cross_entropy(logits, i % 4)
    assert terms["angular_softmax"] == pytest.approx(total / 12, rel=1e-4)
    codes = [[math.tanh(v) for v in normalized(row)] for row in method.classifier.weight.tolist()]
    apart = [
        (BITS - sum(a * b for a, b in zip(codes[c], codes[d], strict=True))) / 2
        for c in range(4)
        for d in range(c + 1, 4)
    ]
    mean = sum(apart) / 6
    assert terms["apart"] == pytest.approx(-0.5 * mean, rel=1e-5)
    variance = sum((d - mean) ** 2 for d in apart) / 5
    assert terms["evenly"] == pytest.approx(2 * variance, rel=1e-2)


def test_an_image_with_several_labels_has_a_class_of_its_own():
    labels = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 1, 1]])
    method, batch = begun("andsh", labels=labels, amount=0.3, scale=6.0)
    total = 0.0
    weights = method.classifier.weight.tolist()
    for i, row in enumerate(cosines_of(method, batch.outputs)):
        own = [weights[c] for c in range(4) if labels[i, c]]
        mean = normalized([sum(column) / len(own) for column in zip(*own, strict=True)])
        cosine = sum(a * b for a, b in zip(normalized(batch.outputs[i].tolist()), mean, strict=True))
        total += cross_entropy([6 * v for v in (*row, cosine - 0.3)], 4)
    assert values(method(batch))["angular_softmax"] == pytest.approx(total / 3, rel=1e-4)


def test_two_classes_have_one_distance_and_no_variance():
    method, batch = begun("andsh", labels=torch.eye(2).repeat(4, 1))
    assert float(method(batch)["evenly"]) == 0


def test_the_plain_cosine_fades_from_1000_to_5():
    method = built("andsh", margin="multiple")
    for step, expected in ((0, 1000), (10, 500), (10**6, 5)):
        method.begin_step(Clock(epoch=0, epochs=1, step=step, steps_per_epoch=10))
        assert float(method.plain) == pytest.approx(expected)
