import math

import pytest
import torch
from made_examples import BITS, begun, built, values


def test_two_images_of_equal_views_and_orthogonal_codes_cost_as_worked_by_hand():
    method = built("cibhash", bits=2)
    codes = torch.tensor([[1.0, 1], [1, -1], [1, 1], [1, -1]])
    assert float(method.contrast(codes)) == pytest.approx(0.068918, abs=1e-6)


def test_the_loss_is_that_of_the_formula():
    method, batch = begun("cibhash", temperature=0.5, beta=0.2)
    terms = values(method(batch))
    rows = torch.cat([batch.outputs, batch.second]).tolist()
    codes = [[1 if v >= 0 else -1 for v in row] for row in rows]
    contrast = apart = 0.0
    for i in range(24):
        scores = [
            math.exp(sum(a * b for a, b in zip(codes[i], codes[j], strict=True)) / BITS / 0.5)
            for j in range(24)
        ]
        contrast -= math.log(scores[(i + 12) % 24] / (sum(scores) - scores[i]))
        for u, v in zip(rows[i], rows[(i + 12) % 24], strict=True):
            p, q = 1 / (1 + math.exp(-u)), 1 / (1 + math.exp(-v))
            apart += p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    assert terms["contrast"] == pytest.approx(contrast / 24, rel=1e-4)
    assert terms["divergence"] == pytest.approx(0.2 * apart / 24, rel=1e-3, abs=1e-7)


def test_the_gradient_passes_the_sign_and_not_the_sigmoid():
    method = built("cibhash", bits=2)
    outputs = torch.tensor([[0.5, -2.0]], requires_grad=True)
    codes = method.activation(outputs)
    assert codes.tolist() == [[1, -1]]
    codes.sum().backward()
    p = torch.sigmoid(outputs.detach())
    assert torch.allclose(outputs.grad, p * (1 - p))


def test_the_second_view_of_a_divergence_is_held_fixed_and_equal_views_cost_nothing():
    method, batch = begun("cibhash", beta=1.0)
    same = method(
        batch.__class__(
            batch.outputs, batch.relaxed, batch.labels, batch.indices, batch.features, batch.outputs
        )
    )
    assert values(same)["divergence"] == pytest.approx(0, abs=1e-6)
