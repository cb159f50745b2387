"""The shared pieces against the same formulas as plain loops, and the examples worked by hand."""

import math

import pytest
import torch

from hashviewer.methods import _pairs, _quantization, _triplets

A = torch.tensor([[0.5, -2.0, 1.0], [1.0, 0.0, -1.0], [0.2, 0.3, -0.1]])
LABELS = torch.tensor([[1.0, 0, 0], [1, 1, 0], [0, 0, 1]])


def test_pairs_that_share_a_label_are_similar():
    expected = [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert _pairs.similar(LABELS).tolist() == expected
    assert _pairs.signed(_pairs.similar(LABELS)).tolist() == [[1, 1, -1], [1, 1, -1], [-1, -1, 1]]


def test_the_soft_value_of_dissimilar_pairs_is_the_ratio_of_the_two_kinds():
    similarity = torch.tensor([[1.0, 0, 0, 0]])
    assert _pairs.soft_signed(similarity).tolist() == [
        [1, pytest.approx(-1 / 3)] + [pytest.approx(-1 / 3)] * 2
    ]
    assert _pairs.soft_signed(torch.ones(1, 2)).tolist() == [[1, 1]]
    assert _pairs.dissimilar_value(LABELS, LABELS) == pytest.approx(-5 / 4)
    ten = torch.eye(10).repeat(3, 1)
    assert _pairs.dissimilar_value(ten, ten) == pytest.approx(-1 / 9)


def test_class_balance_gives_both_kinds_of_pairs_the_same_total():
    weights = _pairs.class_balance(torch.tensor([[1.0, 0], [0, 0]]))
    assert weights.flatten().tolist() == [4, pytest.approx(4 / 3), pytest.approx(4 / 3), pytest.approx(4 / 3)]
    assert _pairs.class_balance(torch.ones(2, 2)).tolist() == [[1, 1], [1, 1]]


def test_overlap_is_shared_over_united_labels():
    assert _pairs.overlap(LABELS).tolist() == [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]


def test_distances_and_inner_products_are_those_of_loops():
    for i in range(3):
        for j in range(3):
            squared = sum((float(A[i, k]) - float(A[j, k])) ** 2 for k in range(3))
            dot = sum(float(A[i, k]) * float(A[j, k]) for k in range(3))
            assert float(_pairs.squared_distance(A, A)[i, j]) == pytest.approx(squared, abs=1e-5)
            assert float(_pairs.inner(A, A)[i, j]) == pytest.approx(dot / 2, abs=1e-6)
            norms = math.sqrt(float(A[i].square().sum()) * float(A[j].square().sum()))
            assert float(_pairs.cosine(A, A)[i, j]) == pytest.approx(dot / norms, abs=1e-6)


def test_the_likelihood_of_a_pair_is_that_worked_by_hand_and_never_overflows():
    theta = torch.tensor([1.0, 1.0, 0.0, 0.0, 1000.0, -1000.0])
    similarity = torch.tensor([1.0, 0.0, 1.0, 0.0, 0.0, 1.0])
    values = _pairs.likelihood(theta, similarity).tolist()
    assert values == pytest.approx([0.313262, 1.313262, 0.693147, 0.693147, 1000, 1000], abs=1e-6)


def test_the_slope_of_the_likelihood_is_the_probability_less_the_similarity():
    theta = torch.tensor([0.3, -0.7], requires_grad=True)
    _pairs.likelihood(theta, torch.tensor([1.0, 0.0])).sum().backward()
    sigmoid = [1 / (1 + math.exp(-0.3)), 1 / (1 + math.exp(0.7))]
    assert theta.grad.tolist() == pytest.approx([sigmoid[0] - 1, sigmoid[1]], abs=1e-6)


def test_dissimilar_pairs_beyond_the_margin_have_no_slope():
    distance = torch.tensor([5.0, 4.0, 3.0], requires_grad=True)
    losses = _pairs.product(distance, torch.zeros(3), 4.0)
    assert losses.tolist() == [0, 0, 1]
    losses.sum().backward()
    assert distance.grad.tolist()[0] == 0
    assert distance.grad.tolist()[2] == -1


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (_quantization.square, [0.25, 1.0]),
        (_quantization.absolute, [0.5, 1.0]),
        (_quantization.cube, [0.125, 1.0]),
        (_quantization.log_cosh, [math.log(math.cosh(0.5)), math.log(math.cosh(1.0))]),
    ],
)
def test_penalties_are_those_of_the_formula_and_zero_on_codes(form, expected):
    assert form(torch.tensor([0.5, -2.0])).tolist() == pytest.approx(expected, abs=1e-6)
    assert form(torch.tensor([1.0, -1.0])).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert math.isfinite(float(form(torch.tensor([1e4]))))


def test_cosine_and_cauchy_penalties_are_those_of_the_formula():
    values = torch.tensor([[3.0, -1.0]])
    cosine = 4 / (math.sqrt(10) * math.sqrt(2))
    assert float(_quantization.cosine_to_ones(values)) == pytest.approx(1 - cosine, abs=1e-6)
    assert float(_quantization.cauchy(values, 20.0)) == pytest.approx(
        math.log(1 + (1 - cosine) / 20), abs=1e-6
    )


def test_balance_independence_and_orthogonality_vanish_where_they_should():
    even = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    assert float(_quantization.balance(even)) == 0
    assert float(_quantization.independence(even)) == 0
    assert float(_quantization.orthogonality(torch.eye(2, 3))) == 0
    assert float(_quantization.balance(torch.ones(4, 2))) == 1
    assert float(_quantization.independence(torch.ones(4, 2))) == 2
    assert float(_quantization.orthogonality(2 * torch.eye(2))) == 18


def test_valid_triplets_are_those_of_three_loops():
    similarity = _pairs.similar(LABELS)
    mask = _triplets.valid(similarity)
    for a in range(3):
        for p in range(3):
            for n in range(3):
                valid = a != p and similarity[a, p] == 1 and similarity[a, n] == 0
                assert float(mask[a, p, n]) == float(valid)
    relevance = LABELS @ LABELS.T
    graded = _triplets.valid_graded(relevance)
    for a in range(3):
        for p in range(3):
            for n in range(3):
                valid = a not in {p, n} and relevance[a, p] > relevance[a, n]
                assert float(graded[a, p, n]) == float(valid)


def test_a_batch_without_triplets_costs_nothing_and_pulls_nowhere():
    values = torch.full((2, 2, 2), float("inf"), requires_grad=True)
    loss = _triplets.mean_over_triplets(values, torch.zeros(2, 2, 2))
    loss.backward()
    assert float(loss.detach()) == 0
    assert not values.grad.any()
