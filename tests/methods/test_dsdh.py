import itertools
import math

import pytest
import torch
from made_examples import BITS, LABELS, batch_of, begun, built, values

from hashviewer.methods import Clock, TrainingItems


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def discrete(method, codes):
    """The part of the objective that codes have a say in, as plain loops."""
    total = 0.0
    for i in range(len(codes)):
        for c in range(method.bank.labels.shape[1]):
            predicted = sum(float(codes[i, k] * method.regressor[k, c]) for k in range(codes.shape[1]))
            total += method.mu * (float(method.bank.labels[i, c]) - predicted) ** 2
        total += method.pull * float((codes[i] - method.bank.outputs[i]).square().sum())
    return total


def test_the_terms_are_those_of_the_formula():
    method, batch = begun("dsdh", eta=3.0, mu=2.0)
    method.bank.outputs = torch.randn(len(LABELS), BITS)
    some = batch_of(method, outputs=batch.outputs[:5], labels=LABELS[:5])
    terms = values(method(some))
    likelihood = quantization = regression = 0.0
    for i in range(5):
        u, b = some.outputs[i].tolist(), method.codes[i].tolist()
        quantization += sum((x - y) ** 2 for x, y in zip(u, b, strict=True))
        for c in range(4):
            predicted = sum(b[k] * float(method.regressor[k, c]) for k in range(BITS))
            regression += (float(i % 4 == c) - predicted) ** 2
        for j in range(12):
            theta = sum(x * y for x, y in zip(u, method.bank.outputs[j].tolist(), strict=True)) / 2
            likelihood += softplus(theta) - float(i % 4 == j % 4) * theta
    assert terms["likelihood"] == pytest.approx(likelihood / 60, rel=1e-5)
    assert terms["quantization"] == pytest.approx(3 * quantization / 60, rel=1e-5)
    assert terms["regression"] == pytest.approx(2 * regression / 60, rel=1e-4)


def test_the_regressor_solves_the_normal_equations():
    method, _ = begun("dsdh", mu=2.0, nu=0.5)
    method.codes = torch.where(torch.randn(12, BITS) >= 0, 1.0, -1.0)
    solved = method.solved()
    left = (method.codes.T @ method.codes + 0.25 * torch.eye(BITS)) @ solved
    assert torch.allclose(left, method.codes.T @ LABELS, atol=1e-4)


def test_updates_of_codes_never_raise_the_objective():
    method, _ = begun("dsdh", eta=0.3, sweeps=1)
    method.codes = torch.where(torch.randn(12, BITS) >= 0, 1.0, -1.0)
    method.regressor = torch.randn(BITS, 4)
    method.bank.outputs = torch.randn(12, BITS)
    before = discrete(method, method.codes)
    for _ in range(3):
        method.codes = method.updated()
        after = discrete(method, method.codes)
        assert after <= before + 1e-4
        before = after


def test_a_column_is_the_best_of_all_columns():
    method = built("dsdh", bits=1, eta=0.4)
    labels = torch.eye(4)[torch.arange(8) % 4]
    method.begin(TrainingItems(torch.randn(8, 32), labels))
    method.regressor = torch.randn(1, 4)
    method.bank.outputs = torch.randn(8, 1)
    best = min(
        itertools.product([-1.0, 1.0], repeat=8), key=lambda c: discrete(method, torch.tensor(c)[:, None])
    )
    found = method.updated()
    assert found[:, 0].tolist() == list(best)
    plain = labels @ method.regressor[0] + 0.4 * method.bank.outputs[:, 0]  # K = 1: sgn(w y + eta/mu u)
    assert torch.equal(found[:, 0], torch.where(plain >= 0, 1.0, -1.0))


def test_codes_begin_as_the_signs_of_the_network_and_are_set_after_each_epoch():
    method, batch = begun("dsdh", eta=1e4)
    assert torch.equal(method.codes, torch.where(batch.outputs >= 0, 1.0, -1.0))
    method.bank.outputs = torch.randn(12, BITS)
    solved = method.solved()
    method.end_epoch(Clock(epoch=0, epochs=2, step=0, steps_per_epoch=1), lambda: batch.outputs)
    assert torch.equal(method.regressor, solved)
    assert torch.equal(method.codes, torch.where(method.bank.outputs >= 0, 1.0, -1.0))
    assert method.learnt_codes() is None


def test_the_weight_of_the_quantization_is_the_papers_at_its_number_of_images():
    method = built("dsdh")
    method.begin(TrainingItems(torch.zeros(5000, 32), torch.eye(4)[torch.arange(5000) % 4]))
    assert method.pull == pytest.approx(55.0)
