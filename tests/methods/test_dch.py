import math

import pytest
import torch
from made_examples import batch_of, built, values

ONE = [1.0, 0.0]
TWO = [0.0, 1.0]


def test_a_pair_at_the_distance_gamma_is_similar_and_dissimilar_alike():
    method = built("dch", bits=64, gamma=20.0)
    losses = method.pair_losses(torch.tensor([[20.0, 20.0, 0.0]]), torch.tensor([[1.0, 0.0, 1.0]]))
    assert losses.tolist() == [
        [pytest.approx(math.log(2)), pytest.approx(math.log(2)), pytest.approx(0, abs=1e-6)]
    ]


def test_the_stable_form_is_that_of_the_paper():
    method = built("dch", gamma=7.0)
    for d in (0.5, 3.0, 16.0):
        for s in (1.0, 0.0):
            found = float(method.pair_losses(torch.tensor([[d]]), torch.tensor([[s]])))
            assert found == pytest.approx(s * math.log(d / 7) + math.log(1 + 7 / d), rel=1e-5)


def test_similar_pairs_are_pulled_less_the_farther_they_are():
    method = built("dch", gamma=20.0)
    distance = torch.tensor([[1.0, 10.0, 40.0]], requires_grad=True)
    method.pair_losses(distance, torch.ones(1, 3)).sum().backward()
    assert distance.grad.tolist() == [[pytest.approx(1 / 21), pytest.approx(1 / 30), pytest.approx(1 / 60)]]


def test_the_prior_is_nothing_only_where_all_outputs_are_as_far_from_0():
    method = built("dch", bits=4)
    even = method(batch_of(method, outputs=[[2, -2, 2, 2], [1, 1, -1, -1]], labels=[ONE, TWO]))
    uneven = method(batch_of(method, outputs=[[2, -1, 2, 2], [1, 1, -1, -1]], labels=[ONE, TWO]))
    assert float(even["quantization"]) == pytest.approx(0, abs=1e-6)
    assert float(uneven["quantization"]) > 1e-5


def test_the_terms_are_those_of_the_formula():
    method = built("dch", bits=3, gamma=2.0, quantization=0.5)
    outputs = torch.tensor([[0.3, -0.6, 1.0], [1.2, 0.1, 0.4], [-0.4, 0.9, 0.2], [0.5, 0.5, -1.5]])
    terms = values(method(batch_of(method, outputs=outputs, labels=[ONE, ONE, TWO, ONE])))
    h = [[math.tanh(v) for v in row] for row in outputs.tolist()]

    def distance(a, b):
        dot = sum(x * y for x, y in zip(a, b, strict=True))
        return 1.5 * (1 - dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b)))

    pairs = 0.0
    for i in range(4):
        for j in range(4):
            if i == j:
                continue
            d = distance(h[i], h[j])
            if (i == 2) == (j == 2):
                pairs += 12 / 6 * (math.log(d / 2) + math.log(1 + 2 / d))
            else:
                pairs += 12 / 6 * math.log(1 + 2 / d)
    prior = sum(math.log(1 + distance([abs(v) for v in row], [1] * 3) / 2) for row in h)
    assert terms["cauchy"] == pytest.approx(pairs / 12, rel=1e-4)
    assert terms["quantization"] == pytest.approx(0.5 * prior / 4, rel=1e-4)


def test_similar_and_dissimilar_pairs_have_the_same_total_weight():
    method = built("dch", bits=2, gamma=1.0, quantization=0.0)
    # three pairs of right angles (d = 1 = gamma, log 2 each), one of them similar: both kinds count as a half
    corners = [[9, 9], [9, -9], [-9, 9]]
    found = float(method(batch_of(method, outputs=corners, labels=[ONE, ONE, TWO]))["cauchy"])
    assert found == pytest.approx(math.log(2) + 0.5 * (math.log(2) + math.log(1.5)), rel=1e-4)
