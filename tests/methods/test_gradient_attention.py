import math

import pytest
import torch
from made_examples import BITS, CLOCK, LABELS, batch_of, begun, built, values

from hashviewer.methods.gradient_attention import attended_sum, mean_likelihood, pair_gradients

SIMILARITY = LABELS @ LABELS.T


def test_the_loss_is_that_of_the_formula():
    method, batch = begun("gradient-attention", eta=0.5)
    terms = values(method(batch))
    u = batch.outputs.tolist()
    total = quantization = 0.0
    for i in range(12):
        quantization += sum((abs(v) - 1) ** 2 for v in u[i])
        for j in range(i + 1, 12):
            theta = sum(a * b for a, b in zip(u[i], u[j], strict=True)) / 2
            total += math.log1p(math.exp(theta)) - (i % 4 == j % 4) * theta
    assert terms["likelihood"] == pytest.approx(total / 66, rel=1e-4)
    assert terms["quantization"] == pytest.approx(0.5 * quantization / 12 / BITS, rel=1e-4)


def test_even_attention_gives_the_ordinary_gradient():
    method, _ = begun("gradient-attention", eta=0.0)
    for parameter in method.attention[2].parameters():
        torch.nn.init.zeros_(parameter)
    outputs = torch.randn(12, BITS, requires_grad=True)
    mean_likelihood(outputs, SIMILARITY).backward()
    plain = outputs.grad.clone()
    again = outputs.detach().requires_grad_()
    batch = batch_of(method, outputs=again, labels=LABELS)
    method(batch)["likelihood"].backward()
    assert torch.allclose(again.grad, plain, atol=1e-6)


def test_attention_lies_between_0_and_1_and_its_two_parts_sum_to_1():
    method, batch = begun("gradient-attention")
    codes = batch.outputs.detach()
    shares = method.shares(codes, *pair_gradients(codes, SIMILARITY))
    assert shares.shape == (66, BITS, 2)
    assert bool(((shares >= 0) & (shares <= 1)).all())
    assert torch.allclose(shares.sum(2), torch.ones(66, BITS))


def test_one_bit_that_both_flip_stays_apart_and_one_that_a_single_item_flips_meets():
    codes = torch.tensor([[0.1], [-0.1]])
    first, second = pair_gradients(codes, torch.ones(2, 2))
    step = 0.3 / float(first.abs())
    both = codes - step * attended_sum(first, second, attention=torch.tensor([[[0.5, 0.5]]]))
    single = codes - step * attended_sum(first, second, attention=torch.tensor([[[1.0, 0.0]]]))
    assert (both >= 0).tolist() == [[False], [True]]
    assert (single >= 0).tolist() == [[False], [False]]


def test_the_attention_learns_to_lower_the_loss_after_the_virtual_step_and_moves_nothing_else():
    method, batch = begun("gradient-attention")
    optimizer = torch.optim.Adam(method.players()["attention"], lr=1e-3)
    seen = []
    for _ in range(25):
        loss = method.terms_of("attention", batch)["after_virtual_step"]
        optimizer.zero_grad()
        loss.backward(retain_graph=True)
        optimizer.step()
        seen.append(float(loss.detach()))
    assert seen[-1] < seen[0]
    assert all(parameter.grad is None for parameter in method.hash_layer.parameters())
    assert tuple(method.turns(CLOCK)) == ("attention", "main")


def test_a_single_image_has_no_pair_and_costs_nothing():
    method = built("gradient-attention", eta=0.0)
    batch = batch_of(method, outputs=torch.ones(1, BITS), labels=LABELS[:1])
    assert values(method(batch)) == {"likelihood": 0, "quantization": 0}
