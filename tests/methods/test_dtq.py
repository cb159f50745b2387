import math

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

from hashviewer.methods import _codebooks


def test_chosen_triplets_are_valid_violate_the_margin_and_cover_each_pair_that_has_one():
    method = built("dtq", dimensions=8, margin=3.0)
    points = torch.randn(12, 8)
    distances = (points[:, None] - points[None]).square().sum(2)
    similarity = LABELS @ LABELS.T
    chosen = list(zip(*(part.tolist() for part in method.hard_triplets(distances, similarity)), strict=True))
    possible = set()
    for a in range(12):
        for p in range(12):
            for n in range(12):
                valid = a != p and a % 4 == p % 4 and a % 4 != n % 4
                if valid and distances[a, n] - distances[a, p] < 3:
                    possible.add((a, p, n))
    assert set(chosen) <= possible
    assert sorted((a, p) for a, p, _ in chosen) == sorted({(a, p) for a, p, _ in possible})


def test_the_loss_is_that_of_the_formula():
    method, batch = begun("dtq", dimensions=8, margin=5.0, quantization=0.5)
    distances = (batch.relaxed[:, None] - batch.relaxed[None]).square().sum(2).detach()
    torch.manual_seed(3)
    triplets = torch.stack(method.hard_triplets(distances, LABELS @ LABELS.T), 1).tolist()
    torch.manual_seed(3)
    terms = values(method(batch))
    z = [[math.tanh(v) for v in row] for row in batch.outputs.tolist()]
    hinge = lost = 0.0
    for triplet in triplets:
        a, p, n = triplet
        hinge += max(0, 5 + math.dist(z[a], z[p]) ** 2 - math.dist(z[a], z[n]) ** 2)
        for i in triplet:
            word = sum(method.books[m, method.indices[i, m]] for m in range(2)).tolist()
            lost += math.dist(z[i], word) ** 2 / 3
    assert terms["triplets"] == pytest.approx(hinge / len(triplets), rel=1e-4)
    assert terms["quantization"] == pytest.approx(0.5 * lost / len(triplets), rel=1e-3)


def test_a_batch_without_a_triplet_costs_nothing():
    method, batch = begun("dtq", dimensions=8)
    one = batch_of(method, outputs=batch.outputs[:2], labels=LABELS[:2])
    assert values(method(one)) == {"triplets": 0, "quantization": 0}


def test_the_penalty_compares_all_words_and_is_0_for_orthonormal_ones():
    method = built("dtq", dimensions=8)
    assert float(method.penalty(torch.eye(8).reshape(2, 4, 8))) == pytest.approx(0, abs=1e-6)
    books = torch.randn(2, 4, 8)
    words = books.reshape(8, 8)
    total = sum((float(words[i] @ words[j]) - (i == j)) ** 2 for i in range(8) for j in range(8))
    assert float(method.penalty(books)) == pytest.approx(total / 8, rel=1e-4)


def test_the_books_after_their_gradient_steps_are_more_orthogonal_and_no_worse_together():
    method = built("dtq", dimensions=8, orthogonality=0.1)
    points = torch.tanh(torch.randn(500, 8))
    method.orthogonality = 0.0
    method.requantize(points)
    solved = method.books.clone()
    method.orthogonality = 0.1
    books = method._towards_orthogonal(points, solved)
    assert float(method._objective(points, books)) < float(method._objective(points, solved))
    assert float(method.penalty(books)) < float(method.penalty(solved))


def test_the_gradient_of_the_books_is_that_of_the_objective():
    method = built("dtq", dimensions=8, orthogonality=0.3)
    points = torch.randn(50, 8)
    method.indices = torch.randint(256, (50, 2))
    books = torch.randn(2, 256, 8, requires_grad=True)
    method._objective(points, books).backward()
    assert torch.allclose(method._gradient(points, books.detach()), books.grad, atol=1e-4)


def test_encoding_and_least_squares_never_raise_the_error_of_a_step():
    method = built("dtq", dimensions=8, orthogonality=0.0)
    points = torch.tanh(torch.randn(500, 8))
    method.requantize(points)
    indices = _codebooks.icm(points, method.books)
    error = (points - _codebooks.reconstruct(indices, method.books)).square().sum()
    books = _codebooks.least_squares(points, indices, method.books)
    assert (points - _codebooks.reconstruct(indices, books)).square().sum() <= error
