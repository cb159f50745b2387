import itertools
import math

import pytest
import torch
from made_examples import BITS, LABELS, begun, built, values

from hashviewer.methods import TrainingItems, _codebooks, load_method, save_method
from hashviewer.methods._labels import ridge
from hashviewer.methods.spdaq import lower_books, lower_codes, objective


def quadratics(count=300, dimensions=8):
    root = torch.randn(dimensions, 20)
    own = (torch.arange(count) < 100).float()[:, None] * 3
    return root @ root.T, own, 5 * torch.randn(count, dimensions)


def test_the_loss_is_that_of_the_formula():
    method, batch = begun("spdaq", dimensions=8, quantization=2.0)
    terms = values(method(batch))
    items = [(method.books[0, a] + method.books[1, b]).tolist() for a, b in method.indices.tolist()]
    pairs = own = 0.0
    for i, row in enumerate(batch.outputs.tolist()):
        f = [math.tanh(v) for v in row]
        own += math.dist(f, items[i]) ** 2
        for j in range(12):
            dot = sum(a * b for a, b in zip(f, items[j], strict=True))
            pairs += (dot - 8 * (1 if i % 4 == j % 4 else -1)) ** 2
    assert terms["pairs"] == pytest.approx(pairs / 144, rel=1e-4)
    assert terms["quantization"] == pytest.approx(2 * own / 144, rel=1e-3)


def test_codes_never_raise_the_objective_of_any_item():
    quadratic, own, linear = quadratics()
    books, indices = torch.randn(3, 16, 8), torch.randint(16, (300, 3))
    before = objective(_codebooks.reconstruct(indices, books), quadratic, own, linear)
    again = lower_codes(indices, books, quadratic, own, linear)
    after = objective(_codebooks.reconstruct(again, books), quadratic, own, linear)
    assert bool((after <= before + 1e-2).all())
    assert float(after.sum()) < float(before.sum())


def test_books_solve_their_equation_and_unused_words_stay():
    quadratic, own, linear = quadratics()
    books, indices = torch.randn(2, 8, 8), torch.randint(7, (300, 2))
    for _ in range(6):
        solved = lower_books(indices, books, quadratic, own, linear)
        assert torch.equal(solved[:, 7], books[:, 7])
        books = solved
    items = _codebooks.reconstruct(indices, books)
    slope = items @ quadratic + own * items - linear
    for m in range(2):
        for k in range(7):
            assert torch.allclose(slope[indices[:, m] == k].sum(0), torch.zeros(8), atol=0.5)


def test_without_labels_and_lambda_a_free_item_is_the_solution_of_its_equation():
    quadratic, _, linear = quadratics()
    own = torch.zeros(300, 1)
    books, indices = torch.zeros(1, 300, 8), torch.arange(300)[:, None]
    for _ in range(5):
        books = lower_books(indices, books, quadratic, own, linear)
    assert torch.allclose(books[0], torch.linalg.solve(quadratic, linear.T).T, atol=1e-2)


def test_a_whole_update_never_raises_the_objective():
    method = built("spdaq", dimensions=8, sampled=60, labels_weight=3.0)
    labels = LABELS.repeat(10, 1)
    with torch.no_grad():
        method.begin(TrainingItems(torch.randn(120, 32), labels))
    method.drawn = torch.randperm(120)[:60]
    shown = torch.tanh(torch.randn(60, 8))
    targets = 8 * (2 * labels[method.drawn] @ labels.T - 1)

    def best():
        items = _codebooks.reconstruct(method.indices, method.books)
        weights = ridge(items, labels, weight=1e-3 / 3)
        pairs = (shown @ items.T - targets).square().sum() + (shown - items[method.drawn]).square().sum()
        return float(pairs + 3 * (labels - items @ weights).square().sum() + 1e-3 * weights.square().sum())

    values_ = [best()]
    for _ in range(4):
        method.update(shown)
        values_.append(best())
    assert all(later <= earlier * (1 + 1e-5) for earlier, later in itertools.pairwise(values_))
    assert values_[-1] < 0.9 * values_[0]
    assert method.learnt_codes().shape == (120, BITS)


def test_an_item_without_labels_is_coded_by_the_similarity_that_the_network_says():
    method = built("spdaq", dimensions=8, bits=8, sampled=60, quantization=2.0)
    with torch.no_grad():
        method.begin(TrainingItems(torch.randn(120, 32), LABELS.repeat(10, 1)))
    method.drawn = torch.randperm(120)[:60]
    shown = torch.tanh(torch.randn(60, 8))
    method.update(shown)
    outputs = torch.randn(1, 8)
    f = torch.tanh(outputs)[0]
    costs = []
    for word in method.books[0]:
        total = 2 * float((f - word).square().sum())
        for i, place in enumerate(method.drawn.tolist()):
            item = method.books[0, method.indices[place, 0]]
            total += float(shown[i] @ word - f @ item) ** 2
        costs.append(total)
    chosen = _codebooks.from_bits(method.encode(outputs), 256)
    assert costs[int(chosen)] <= min(costs) * (1 + 1e-4)


def test_a_file_does_not_hold_the_codes_of_the_training_items(tmp_path):
    method, _ = begun("spdaq", dimensions=8)
    assert method.learnt_codes() is not None
    save_method(tmp_path / "a.safetensors", method, {"dimensions": 8}, {})
    assert load_method(tmp_path / "a.safetensors")[0].learnt_codes() is None
