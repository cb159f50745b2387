import math

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

ONE = [1.0, 0.0]
TWO = [0.0, 1.0]


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def test_priorities_are_those_worked_by_hand():
    method = built("dph", focus=2.0)
    found = method.pair_priorities(torch.tensor([[0.5, 0.5]]), torch.tensor([[1.0, 0.0]]))
    assert found.tolist() == [[pytest.approx(0.0625), pytest.approx(0.5625)]]


def test_the_priority_falls_as_a_pair_is_better_placed():
    method = built("dph", focus=2.0)
    cosines = torch.linspace(-1, 1, 9)[None]
    similar = method.pair_priorities(cosines, torch.ones(1, 9))[0]
    dissimilar = method.pair_priorities(cosines, torch.zeros(1, 9))[0]
    assert bool((similar.diff() < 0).all())
    assert bool((dissimilar.diff() > 0).all())
    assert float(similar.min()) == pytest.approx(0, abs=1e-4)
    assert float(similar.max()) == pytest.approx(1, abs=0.02)


def test_without_focus_and_imbalance_it_is_the_likelihood_of_dhn():
    method, batch = begun("dph", focus=0.0, alpha=0.7)
    method.imbalance = lambda similarity, mask: torch.ones_like(similarity)
    terms, codes = values(method(batch)), batch.relaxed.detach()
    total = 0.0
    for i in range(12):
        for j in range(12):
            if i != j:
                t = 0.7 * float(codes[i] @ codes[j])
                total += softplus(t) - (i % 4 == j % 4) * t
    assert terms["pairs"] == pytest.approx(total / 132, rel=1e-5)
    off = sum(math.log(math.cosh(abs(float(v)) - 1)) for v in codes.flatten())
    assert terms["quantization"] == pytest.approx(0.15 * off / codes.numel(), rel=1e-4)


def test_the_terms_are_those_of_the_formula():
    method = built("dph", bits=3, focus=2.0, quantization=0.5, both=True)
    outputs = torch.tensor([[0.3, -0.6, 1.0], [1.2, 0.1, 0.4], [-0.4, 0.9, 0.2], [0.5, 0.5, -1.5]])
    labels = [0, 0, 1, 0]
    terms = values(method(batch_of(method, outputs=outputs, labels=[(ONE, TWO)[place] for place in labels])))
    h = [[math.tanh(v) for v in row] for row in outputs.tolist()]

    def cosine(a, b):
        dot = sum(x * y for x, y in zip(a, b, strict=True))
        return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))

    total = priorities = 0.0
    for i in range(4):
        for j in range(4):
            if i == j:
                continue
            alike = labels[i] == labels[j]
            q = (1 + cosine(h[i], h[j])) / 2 if alike else (1 - cosine(h[i], h[j])) / 2
            of_kind = [sum((labels[k] == labels[p]) == alike for p in range(4) if p != k) for k in (i, j)]
            a = math.sqrt(9 / (of_kind[0] * of_kind[1]))
            t = 10 / 3 * sum(x * y for x, y in zip(h[i], h[j], strict=True))
            total += a * (1 - q) ** 2 * (softplus(t) - alike * t)
            priorities += (1 - q) ** 2
    lost = 0.0
    for row in h:
        ease = (1 + cosine([abs(v) for v in row], [1] * 3)) / 2
        lost += (1 - ease) ** 2 * sum(math.log(math.cosh(abs(v) - 1)) for v in row)
    assert terms["pairs"] == pytest.approx(total / priorities, rel=1e-4)
    assert terms["quantization"] == pytest.approx(0.5 * lost / 12, rel=1e-3)


def test_priorities_are_constants_in_the_gradient():
    method = built("dph", bits=2, focus=2.0, quantization=0.0)
    outputs = torch.tensor([[0.5, 0.2], [0.1, -0.4]], requires_grad=True)
    method(batch_of(method, outputs=outputs, labels=LABELS[:2]))["pairs"].backward()
    with_focus = outputs.grad.clone()
    outputs.grad = None
    method.focus = 0.0  # two pairs of the same priority: divided by its mean it is 1
    method(batch_of(method, outputs=outputs, labels=LABELS[:2]))["pairs"].backward()
    assert torch.allclose(with_focus, outputs.grad, rtol=1e-5)
