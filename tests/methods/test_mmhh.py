import math

import pytest
import torch
from made_examples import BITS, LABELS, batch_of, begun, built, values

from hashviewer.methods import Clock


def test_costs_of_distances_are_those_worked_by_hand():
    method = built("mmhh", margin=2.0)
    distances = torch.tensor([0.0, 1.9, 2.0, 5.0])
    assert method.cost(distances, torch.ones(4)).tolist() == pytest.approx([0, 0, 0, 1.386294], abs=1e-6)
    distances = torch.tensor([0.0, 1.0, 2.0, 4.0])
    expected = [0.405465, 0.405465, 0.405465, 0.223144]
    assert method.cost(distances, torch.zeros(4)).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("similarity", [0.0, 1.0])
def test_inside_the_ball_nothing_pulls(similarity):
    method = built("mmhh", margin=2.0)
    distances = torch.tensor([0.5, 1.5, 3.0], requires_grad=True)
    method.cost(distances, torch.full((3,), similarity)).sum().backward()
    assert distances.grad[:2].tolist() == [0, 0]
    assert float(distances.grad[2]) != 0


def test_the_terms_are_those_of_the_formula():
    method, batch = begun("mmhh", quantization=0.3, margin=1.5)
    method.bank.outputs = torch.randn(12, BITS)
    some = batch_of(method, outputs=batch.outputs[:5], labels=LABELS[:5])
    terms = values(method(some))
    similar = [[i % 4 == j % 4 for j in range(12)] for i in range(5)]
    ones = sum(map(sum, similar))
    pairs = quantization = 0.0
    for i in range(5):
        h = [math.tanh(v) for v in some.outputs[i].tolist()]
        quantization += sum((abs(v) - 1) ** 2 for v in h)
        for j in range(12):
            m = method.bank.outputs[j].tolist()
            cos = sum(a * b for a, b in zip(h, m, strict=True)) / math.hypot(*h) / math.hypot(*m)
            d = BITS / 2 * (1 - cos)
            if similar[i][j]:
                pairs += 60 / ones * math.log(1 + max(0, d - 1.5))
            else:
                pairs += 60 / (60 - ones) * math.log(1 + 1 / max(1.5, d))
    assert terms["pairs"] == pytest.approx(pairs / 60, rel=1e-4)
    assert terms["quantization"] == pytest.approx(0.3 * quantization / (5 * BITS), rel=1e-4)


def test_longer_outputs_in_the_same_direction_cost_the_same():
    method, batch = begun("mmhh")
    method.activate = lambda outputs: outputs
    found = [
        float(method(batch_of(method, outputs=c * batch.outputs.detach(), labels=LABELS))["pairs"])
        for c in (1, 3)
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_the_bank_begins_with_a_forward_pass_and_follows_with_growing_momentum():
    method, _ = begun("mmhh")
    assert float(method.bank.outputs.abs().min()) > 0
    some = batch_of(method, outputs=torch.randn(3, BITS), labels=LABELS[:3], indices=[4, 0, 7])
    before = method.bank.outputs.clone()
    for step, momentum in ((0, 0.5), (25, 0.75), (100, 1.0)):
        method.bank.outputs = before.clone()
        method.begin_step(Clock(epoch=0, epochs=10, step=step, steps_per_epoch=10))
        method.after_step(some)
        expected = momentum * before[[4, 0, 7]] + (1 - momentum) * some.relaxed
        assert torch.allclose(method.bank.outputs[[4, 0, 7]], expected, atol=1e-6)
        assert torch.equal(method.bank.outputs[1], before[1])
    method.momentum = 0.0
    method.after_step(some)
    assert torch.equal(method.bank.outputs[[4, 0, 7]], some.relaxed)
