"""HCBDH: Hadamard matrices of every order it offers, the choice of codewords, and the objective."""

import math

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

from hashviewer.methods.hcbdh import balanced_rows, codewords, hadamard, imbalance


def test_rows_of_a_hadamard_matrix_are_orthogonal():
    for order in (1, 2, 4, 12, 16, 20, 24, 28, 32, 36, 48, 60, 64, 72, 76, 84, 96, 128):
        matrix = hadamard(order)
        assert matrix.shape == (order, order)
        assert torch.equal(matrix @ matrix.T, order * torch.eye(order))
        assert set(matrix.unique().tolist()) <= {-1.0, 1.0}
    missing = [order for order in range(4, 100, 4) if hadamard(order) is None]
    assert missing == [52, 92]
    assert hadamard(10) is None


def test_few_bits_take_the_signs_of_a_projection():
    torch.manual_seed(0)
    assert torch.equal(codewords(10, 48), hadamard(48))
    for classes, bits, rows in ((21, 12, 32), (16, 12, 32), (100, 48, 128), (10, 50, 16)):
        candidates = codewords(classes, bits)
        assert candidates.shape == (rows, bits)
        assert set(candidates.unique().tolist()) == {-1.0, 1.0}


def test_the_choice_is_the_best_balanced_of_its_tries():
    torch.manual_seed(2)
    candidates = codewords(21, 12)
    torch.manual_seed(3)
    chosen = balanced_rows(candidates, 21, 50)
    torch.manual_seed(3)
    scores = [
        sum(float(candidates[row[:21]][:, k].mean()) ** 2 for k in range(12)) / 12
        for row in torch.rand(50, 32).argsort(dim=1)
    ]
    assert float(imbalance(chosen)) == pytest.approx(min(scores))
    assert min(scores) < sum(scores) / 50


def test_orthogonal_rows_are_all_balanced_alike():
    matrix = hadamard(16)
    for _ in range(3):
        chosen = balanced_rows(matrix, 6, 1)
        assert torch.equal(chosen @ chosen.T, 16 * torch.eye(6))
        assert float(imbalance(chosen)) == pytest.approx(1 / 6)


def test_codes_at_their_codeword_cost_nothing_and_the_nearest_codeword_is_their_class():
    method, _ = begun("hcbdh")
    method.activate = lambda outputs: outputs
    own = LABELS @ method.codebook
    terms = values(method(batch_of(method, outputs=own, labels=LABELS)))
    assert terms["codewords"] == 0
    assert torch.equal((own @ method.codebook.T).argmax(1), LABELS.argmax(1))


def test_the_terms_are_those_of_the_formula():
    method, _ = begun("hcbdh", mu=0.5, nu=2.0)
    outputs = torch.randn(12, 16)
    terms = values(method(batch_of(method, outputs=outputs, labels=LABELS)))
    weight, bias = method.classifier.weight.tolist(), method.classifier.bias.tolist()
    entropy = distance = quantization = 0.0
    for i in range(12):
        h = [math.tanh(v) for v in outputs[i].tolist()]
        logits = [
            sum(a * b for a, b in zip(row, h, strict=True)) + c for row, c in zip(weight, bias, strict=True)
        ]
        entropy += math.log(sum(map(math.exp, logits))) - logits[i % 4]
        distance += sum((a - b) ** 2 for a, b in zip(h, method.codebook[i % 4].tolist(), strict=True))
        quantization += sum((abs(a) - 1) ** 2 for a in h)
    assert terms["classification"] == pytest.approx(entropy / 12, rel=1e-4)
    assert terms["codewords"] == pytest.approx(0.5 * distance / 192, rel=1e-4)
    assert terms["quantization"] == pytest.approx(2 * quantization / 192, rel=1e-4)


def test_several_labels_add_up_their_codewords():
    for several, expected in (("sum", 4.0), ("sign", 1.0)):
        method = built("hcbdh", bits=1, classes=2, several=several)
        method.codebook = torch.ones(2, 1)
        found = values(method(batch_of(method, outputs=[[0.0]], labels=[[1.0, 1.0]])))["codewords"]
        assert found == pytest.approx(expected)
