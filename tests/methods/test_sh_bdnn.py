import dataclasses
import itertools

import pytest
import torch
from made_examples import (
    BITS,
    CLASSES,
    DIM,
    LABELS,
    batch_of,
    begun,
    built,
    four_classes,
    small_recipe,
    values,
)

from hashviewer.errors import MethodError
from hashviewer.methods import Clock, TrainingItems
from hashviewer.methods.sh_bdnn import difference_of_sets, rotated_codes
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train

WEIGHTS = {
    "items": None,
    "decay": 0.0,
    "quantization": 0.3,
    "independence": 0.7,
    "balance": 0.2,
    "pairs": 0.9,
}
SEVERAL = torch.tensor([[1.0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 0], [0, 0, 1]])


def test_the_worked_example():
    method = built("sh-bdnn", bits=1, classes=2, **{**WEIGHTS, "balance": 0.5})
    with torch.no_grad():
        method.begin(TrainingItems(torch.randn(2, DIM), torch.eye(2)))
    for outputs, codes, expected in (
        ([[1], [-1]], [[1.0], [-1]], 0),
        ([[1], [1]], [[1.0], [1]], 2 * 0.9 + 0.5),
    ):
        method.codes = torch.tensor(codes)
        terms = values(method(batch_of(method, outputs=outputs, labels=[[1, 0], [0, 1]])))
        assert sum(terms.values()) == pytest.approx(expected, abs=1e-6)


def test_the_difference_needs_no_matrix_of_pairs():
    torch.manual_seed(0)
    outputs = torch.randn(5, 4)
    total = 0.0
    for i in range(5):
        for j in range(5):
            s = 1 if float(SEVERAL[i] @ SEVERAL[j]) > 0 else -1
            total += (float(outputs[i] @ outputs[j]) / 4 - s) ** 2
    places = torch.tensor([0, 1, 2, 3, 2])
    sets = 2 * (SEVERAL[:4] @ SEVERAL[:4].T > 0).float() - 1
    assert float(difference_of_sets(outputs, places, sets)) == pytest.approx(total, rel=1e-5)


def test_every_other_term_is_that_of_the_formula():
    method, batch = begun("sh-bdnn", **{**WEIGHTS, "decay": 0.4})
    found, h, b = values(method(batch)), batch.outputs.tolist(), method.codes.tolist()
    off = sum((h[i][k] - b[i][k]) ** 2 for i in range(12) for k in range(BITS))
    apart = sum(
        (sum(h[i][k] * h[i][q] for i in range(12)) / 12 - (k == q)) ** 2
        for k in range(BITS)
        for q in range(BITS)
    )
    sums = sum(sum(row[k] for row in h) ** 2 for k in range(BITS))
    large = sum(float(p.detach().square().sum()) for p in method.hash_layer.parameters() if p.ndim == 2)
    assert found["quantization"] == pytest.approx(0.3 / 24 * off, rel=1e-4)
    assert found["independence"] == pytest.approx(0.7 / 2 * apart, rel=1e-4)
    assert found["balance"] == pytest.approx(0.2 / 24 * sums, rel=1e-4, abs=1e-7)
    assert found["weights"] == pytest.approx(0.2 * large, rel=1e-4)


def test_the_gradient_is_the_delta_of_the_paper():
    method = begun("sh-bdnn", **WEIGHTS)[0]
    torch.manual_seed(0)
    outputs = torch.randn(12, BITS, requires_grad=True)
    sum(method.objective(outputs, method.codes, method.places).values()).backward()
    h, b = outputs.detach().T, method.codes.T  # the paper's columns
    s = 2 * ((LABELS @ LABELS.T) > 0).float() - 1
    delta = (
        0.3 / 12 * (h - b)
        + 2 * 0.7 / 12 * (h @ h.T / 12 - torch.eye(BITS)) @ h
        + 0.2 / 12 * h.sum(1, keepdim=True)
        + 2 * 0.9 / (12 * BITS) * h @ (h.T @ h / BITS - s)
    )
    assert torch.allclose(outputs.grad.T, delta, atol=1e-5)


def test_both_steps_of_the_alternation_lower_the_objective():
    features, labels = four_classes(60)
    method = built("sh-bdnn", dim=64, iterations=5)
    with torch.no_grad():
        method.begin(TrainingItems(features, labels))

    def objective():
        with torch.no_grad():
            return sum(
                values(method.objective(method.hash_layer(features), method.codes, method.places)).values()
            )

    reached = [objective()]
    for epoch in range(3):
        method.begin_epoch(Clock(epoch, 3, epoch, 1))
        reached.append(objective())
        with torch.no_grad():
            method.end_epoch(Clock(epoch, 3, epoch, 1), lambda: method.hash_layer(features))
        reached.append(objective())
    assert all(after <= before + 1e-6 for before, after in itertools.pairwise(reached))
    assert reached[-1] < 0.8 * reached[0]


def test_the_alternation_ends_when_it_settles():
    features, labels = four_classes(60)
    recipe = small_recipe("sh-bdnn", epochs=30, batch=30)
    method = train(
        dataclasses.replace(recipe, settings=(("iterations", 30),)), CachedExamples(features, labels)
    ).method
    assert bool(method.settled)
    weights = [p.detach().clone() for p in method.parameters()]
    method.begin_epoch(Clock(30, 31, 30, 1))
    assert all(torch.equal(a, b) for a, b in zip(weights, method.parameters(), strict=True))


def test_a_backbone_in_training_needs_batches():
    method, batch = begun("sh-bdnn", iterations=3)
    batch.features.requires_grad_()
    with pytest.raises(MethodError, match="solver=batches"):
        method.terms_of("main", batch)
    method, batch = begun("sh-bdnn", solver="batches")
    assert sum(method.terms_of("main", batch).values()).requires_grad


def test_it_begins_with_codes_of_iterative_quantization_and_refuses_more_bits_than_features():
    torch.manual_seed(0)
    codes = rotated_codes(torch.randn(100, 8), 4)
    assert set(codes.unique().tolist()) == {-1, 1}
    assert codes.mean(0).abs().max() < 0.4
    with pytest.raises(MethodError, match="at most"):
        built("sh-bdnn", bits=DIM + 1, classes=CLASSES)


def test_terms_that_grow_with_the_items_keep_the_proportions_of_the_paper():
    method, batch = begun("sh-bdnn", **WEIGHTS)
    plain = values(method(batch))
    method.items = 120
    scaled = values(method(batch))
    ratio = {name: scaled[name] / plain[name] for name in plain if plain[name]}
    assert ratio == pytest.approx({"pairs": 10, "quantization": 1, "independence": 1, "balance": 10})
