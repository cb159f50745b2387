import math

import pytest
import torch
from made_examples import batch_of, built, values


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def test_it_is_the_likelihood_of_pairs_and_the_laplace_prior():
    method = built("dhn", bits=3, classes=2, slope=0.7, quantization=0.4)
    outputs = torch.tensor([[0.3, -0.6, 2.0], [1.2, 0.1, -0.2], [-0.4, 0.9, 0.5]])
    labels = [[1.0, 0], [1, 1], [0, 1]]
    terms = values(method(batch_of(method, outputs=outputs, labels=labels)))
    h = [[math.tanh(v) for v in row] for row in outputs.tolist()]
    likelihood = quantization = 0.0
    for i in range(3):
        quantization += sum(math.log(math.cosh(abs(v) - 1)) for v in h[i])
        for j in range(3):
            t = 0.7 * sum(a * b for a, b in zip(h[i], h[j], strict=True))
            share = any(a * b for a, b in zip(labels[i], labels[j], strict=True))
            likelihood += softplus(t) - share * t
    assert terms["likelihood"] == pytest.approx(likelihood / 9, rel=1e-5)
    assert terms["quantization"] == pytest.approx(0.4 * quantization / 9, rel=1e-5)


def test_the_prior_is_0_on_codes_and_the_logarithm_of_cosh_1_at_0():
    method = built("dhn", bits=2, classes=2, quantization=1.0)
    method.activate = lambda outputs: outputs
    for value, expected in ((1.0, 0.0), (-1.0, 0.0), (0.0, 0.433781), (40.0, 39 - math.log(2))):
        terms = method(batch_of(method, outputs=[[value, value]], labels=[[1.0, 0]]))
        assert float(terms["quantization"]) == pytest.approx(expected, abs=1e-5)


def test_the_prior_pulls_with_the_hyperbolic_tangent_of_the_gap():
    method = built("dhn", bits=2, classes=2, quantization=1.0)
    method.activate = lambda outputs: outputs
    outputs = torch.tensor([[0.4, -1.7]], requires_grad=True)
    method(batch_of(method, outputs=outputs, labels=[[1.0, 0]]))["quantization"].backward()
    expected = [math.tanh(0.4 - 1), -math.tanh(1.7 - 1)]
    assert (2 * outputs.grad[0]).tolist() == pytest.approx(expected, rel=1e-5)  # 2: the mean over two bits


def test_without_prior_and_activation_and_with_half_products_it_is_dpsh():
    outputs = torch.randn(6, 4)
    labels = torch.eye(2)[torch.arange(6) % 2]
    dhn = built("dhn", bits=4, classes=2, slope=0.5, quantization=0.0)
    dhn.activate = lambda values: values
    dpsh = built("dpsh", bits=4, classes=2, eta=0.0)
    dpsh.bank.reset(labels, 4)
    found = [float(m(batch_of(m, outputs=outputs, labels=labels))["likelihood"]) for m in (dhn, dpsh)]
    assert found[0] == pytest.approx(found[1])
