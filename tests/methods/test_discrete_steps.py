import itertools

import pytest
import torch
from made_examples import built

from hashviewer.errors import MethodError
from hashviewer.methods import _centers, _codebooks, _discrete
from hashviewer.methods._sign import signs, straight_through


def quadratic(codes, matrix, linear):
    return float((codes @ matrix * codes).sum() + (codes * linear).sum())


def test_coordinate_descent_never_raises_the_objective_and_ends_at_a_minimum_over_single_columns():
    torch.manual_seed(0)
    factor = torch.randn(6, 4)
    matrix, linear = factor.T @ factor, 3 * torch.randn(5, 4)
    codes = signs(torch.randn(5, 4))
    value = quadratic(codes, matrix, linear)
    for _ in range(4):
        codes = _discrete.coordinate_descent(codes, matrix, linear)
        assert quadratic(codes, matrix, linear) <= value + 1e-4
        value = quadratic(codes, matrix, linear)
    for place, bit in itertools.product(range(5), range(4)):
        turned = codes.clone()
        turned[place, bit] *= -1
        assert quadratic(turned, matrix, linear) >= value - 1e-4


def test_a_binary_quadratic_program_ends_where_no_single_turn_helps():
    torch.manual_seed(1)
    matrix = torch.randn(7, 7)
    matrix = matrix + matrix.T
    linear = torch.randn(7)
    code = _discrete.binary_quadratic(signs(torch.randn(7)), matrix, linear, sweeps=50)
    value = float(code @ matrix @ code + linear @ code)
    for place in range(7):
        turned = code.clone()
        turned[place] *= -1
        assert float(turned @ matrix @ turned + linear @ turned) >= value - 1e-4


def test_a_zero_coefficient_keeps_the_old_sign():
    assert _discrete.keep_on_zero(torch.tensor([0.0, 0, 2]), torch.tensor([-1.0, 0, -1])).tolist() == [
        -1,
        1,
        1,
    ]


def test_the_sign_of_zero_is_plus_one_and_gradients_pass_bit_for_bit():
    values = torch.tensor([-0.5, 0.0, 2.0], requires_grad=True)
    codes = straight_through(values)
    assert codes.tolist() == [-1, 1, 1]
    incoming = torch.tensor([0.1, -0.7, 3.3])
    codes.backward(incoming)
    assert torch.equal(values.grad, incoming)


def test_hadamard_centres_are_half_the_bits_apart():
    centers = _centers.hadamard_centers(10, 16)
    apart = (16 - centers @ centers.T) / 2
    assert apart[~torch.eye(10, dtype=torch.bool)].unique().tolist() == [8]
    both = _centers.hadamard_centers(32, 16)
    apart = (16 - both @ both.T) / 2
    assert apart[~torch.eye(32, dtype=torch.bool)].unique().tolist() == [8, 16]


def test_centres_of_other_lengths_are_balanced_and_apart():
    torch.manual_seed(0)
    centers = _centers.hadamard_centers(10, 48)
    assert centers.sum(1).tolist() == [0] * 10
    apart = (48 - centers @ centers.T) / 2
    assert apart[~torch.eye(10, dtype=torch.bool)].min() > 12
    with pytest.raises(MethodError, match="power of two"):
        _centers.sylvester(12)


def test_labels_that_disagree_take_the_fixed_random_bit():
    centers = torch.tensor([[1.0, 1, -1], [-1, 1, 1]])
    ties = torch.tensor([-1.0, -1, 1])
    labels = torch.tensor([[1.0, 1], [1, 0], [1, 1]])
    assert _centers.item_centers(labels, centers, ties).tolist() == [[-1, 1, 1], [1, 1, -1], [-1, 1, 1]]


def test_the_worked_example_of_codebooks_is_exact():
    books = torch.tensor([[[1.0, 0], [0, 1]], [[0.5, 0], [0, 0.5]]])
    points = torch.tensor([[1.0, 0.5]])
    torch.manual_seed(0)
    indices = _codebooks.icm(points, books)
    assert _codebooks.reconstruct(indices, books).tolist() == [[1, 0.5]]
    assert _codebooks.look_up_scores(torch.tensor([[2.0, 1.0]]), indices, books).tolist() == [[2.5]]


def test_tables_give_what_reconstructions_give():
    torch.manual_seed(0)
    books, indices, queries = torch.randn(3, 8, 5), torch.randint(8, (20, 3)), torch.randn(4, 5)
    items = _codebooks.reconstruct(indices, books)
    assert torch.allclose(_codebooks.look_up_scores(queries, indices, books), queries @ items.T, atol=1e-5)
    expected = torch.cdist(queries, items).square()
    assert torch.allclose(_codebooks.look_up_distances(queries, indices, books), expected, atol=1e-4)


def test_icm_and_least_squares_never_raise_the_error_and_unused_words_stay():
    torch.manual_seed(0)
    points = torch.randn(60, 6)
    books = _codebooks.begin_as_product(points, 2, 8)
    assert not books[0, :, 3:].any()
    assert not books[1, :, :3].any()
    indices = _codebooks.icm(points, books)
    before = float((points - _codebooks.reconstruct(indices, books)).square().sum())
    books[0, 5], unused = 100.0, torch.full((6,), 100.0)
    indices[indices[:, 0] == 5, 0] = 0
    refit = _codebooks.least_squares(points, indices, books)
    assert torch.equal(refit[0, 5], unused)
    indices = _codebooks.icm(points, refit)
    assert float((points - _codebooks.reconstruct(indices, refit)).square().sum()) <= before + 1e-3


def test_a_metric_of_the_identity_changes_nothing():
    torch.manual_seed(0)
    points, books = torch.randn(10, 4), torch.randn(2, 4, 4)
    torch.manual_seed(3)
    plain = _codebooks.icm(points, books)
    torch.manual_seed(3)
    assert torch.equal(plain, _codebooks.icm(points, books, metric=torch.eye(4)))


def test_indices_survive_as_bits():
    indices = torch.randint(256, (9, 3), generator=torch.Generator().manual_seed(0))
    bits = _codebooks.to_bits(indices, 256)
    assert bits.shape == (9, 24)
    assert torch.equal(_codebooks.from_bits(bits, 256), indices)
    assert _codebooks.to_bits(torch.tensor([[1]]), 4).tolist() == [[-1, 1]]


def test_quantizers_say_which_lengths_they_can_do():
    with pytest.raises(MethodError, match="nearest are 8 and 16"):
        built("dvsq", bits=12)
