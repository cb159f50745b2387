import itertools

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

from hashviewer.methods.hbmp import (
    leading_signs,
    masked_error,
    pursue,
    pursue_constant,
    refit,
    refit_nonnegative,
)

OPPOSITE = torch.tensor([[1.0, -1], [-1, 1]], dtype=torch.float64)
TEN = 2 * torch.eye(10, dtype=torch.float64) - 1


def test_two_classes_need_one_bit_of_weight_one():
    bits, weights = pursue(OPPOSITE, 1)
    assert bits[0, 0] == -bits[1, 0]
    assert weights.tolist() == pytest.approx([1])
    assert masked_error(bits, weights, OPPOSITE) == pytest.approx(0, abs=1e-9)


def test_the_residual_never_rises_with_more_bits():
    torch.manual_seed(0)
    graded = torch.rand(9, 9, dtype=torch.float64)
    graded = graded + graded.T - 1
    bits, weights = pursue(graded, 24)
    errors = [masked_error(bits[:, :t], refit(bits[:, :t], graded), graded) for t in range(1, 25)]
    assert all(after <= before + 1e-9 for before, after in itertools.pairwise(errors))
    assert masked_error(bits, weights, graded) == pytest.approx(errors[-1], abs=1e-6)
    assert errors[-1] < 0.5 * errors[0]


def test_the_refit_is_least_squares_over_the_pairs():
    torch.manual_seed(1)
    bits = torch.sign(torch.randn(6, 3, dtype=torch.float64))
    graded = torch.randn(6, 6, dtype=torch.float64)
    graded = graded + graded.T
    rows = [[float(bits[i, t] * bits[j, t]) for t in range(3)] for i in range(6) for j in range(i)]
    right = [[float(graded[i, j])] for i in range(6) for j in range(i)]
    solved = torch.linalg.lstsq(torch.tensor(rows).double(), torch.tensor(right).double()).solution
    assert torch.allclose(refit(bits, graded), solved[:, 0])


def test_ten_classes_get_bits_that_differ_and_weights_that_fit():
    torch.manual_seed(0)
    bits, weights = pursue(TEN, 48)
    assert len({tuple((bit * bit[0]).tolist()) for bit in bits.T}) == 48
    assert masked_error(bits, weights, TEN) < 1e-6


def test_weights_that_may_not_be_negative_fit_ten_classes_as_well_and_use_all_bits():
    torch.manual_seed(0)
    bits, weights = pursue(TEN, 48, nonnegative=True)
    assert float(weights.min()) >= 0
    assert int((weights > 1e-2).sum()) > 40
    assert masked_error(bits, weights, TEN) < 0.02 * float(TEN.norm())
    distances = (weights.sum() - (bits * weights) @ bits.T) / 2
    assert float(distances[~torch.eye(10, dtype=torch.bool)].min()) > 0.4 * float(weights.sum())


def test_the_refit_without_negative_weights_is_the_best_of_its_kind():
    torch.manual_seed(1)
    bits = torch.sign(torch.randn(6, 3, dtype=torch.float64))
    graded = torch.randn(6, 6, dtype=torch.float64)
    graded = graded + graded.T
    found = refit_nonnegative(bits, graded)
    least = masked_error(bits, found, graded)
    assert bool((found >= 0).all())
    assert bool((refit(bits, graded) < 0).any())
    for _ in range(200):
        other = (found + 0.1 * torch.randn(3)).clamp_min(0)
        assert masked_error(bits, other, graded) >= least - 1e-9


def test_constant_weights_take_each_bit_from_the_rest():
    torch.manual_seed(0)
    bits, weights = pursue_constant(OPPOSITE, 3)
    assert (bits[0] == -bits[1]).all()
    assert weights.tolist() == [1, 1, 1]


def test_a_leading_space_of_many_dimensions_gives_a_random_vector_of_it():
    torch.manual_seed(0)
    found = {tuple(leading_signs(TEN).tolist()) for _ in range(20)}
    assert len(found) > 10


def test_the_network_has_the_hinge_loss_of_its_class_bits():
    method = built("hbmp", bits=2)
    method.targets = torch.tensor([[1.0, -1]])
    assert values(method(batch_of(method, outputs=[[0.5, -2.0]], labels=LABELS[:1])))["hinge"] == 0.5


def test_a_query_adds_the_weights_of_the_bits_that_differ():
    method, _ = begun("hbmp")
    queries = torch.randn(3, 16)
    codes = torch.sign(torch.randn(5, 16))
    found = method.distances(queries, codes)
    for q in range(3):
        for x in range(5):
            differing = [k for k in range(16) if (queries[q, k] >= 0) != (codes[x, k] > 0)]
            assert float(found[q, x]) == pytest.approx(float(method.weights[differing].sum()), abs=1e-4)


def test_items_of_a_class_have_its_bits():
    method, _ = begun("hbmp", bit_weights="constant")
    assert torch.equal(method.targets[:4], method.targets[4:8])
    assert method.targets[:4].unique(dim=0).shape[0] == 4
