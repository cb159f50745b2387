"""MLRDH: both steps of the alternation against the objective, the boosting, and the weighted tables."""

import dataclasses

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, four_classes, small_recipe, values

from hashviewer.methods import Clock
from hashviewer.methods.mlrdh import discrete_codes, mutual_regression
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train


def signs(values):
    return torch.where(values >= 0, 1.0, -1.0)


def objective(codes, regression, labels, relaxed, weights, *, alpha, beta, gamma):
    """The objective as plain loops over items."""
    total = gamma * sum(w**2 for row in regression.tolist() for w in row)
    for b, y, h, weight in zip(codes, labels, relaxed, weights.tolist(), strict=True):
        told, made = (regression.T @ b).tolist(), (regression @ y).tolist()
        item = sum((p - q) ** 2 for p, q in zip(y.tolist(), told, strict=True))
        item += alpha * sum((p - q) ** 2 for p, q in zip(b.tolist(), made, strict=True))
        item += beta * sum((p - q) ** 2 for p, q in zip(b.tolist(), h.tolist(), strict=True))
        total += weight * item
    return total


def test_the_regression_is_the_one_worked_by_hand():
    codes, labels = torch.tensor([[1.0], [-1.0]]), torch.eye(2)
    found = mutual_regression(codes, labels, torch.ones(2), alpha=1.0, gamma=0.0)
    assert found.tolist() == [pytest.approx([2 / 3, -2 / 3])]


@pytest.mark.parametrize("several", [False, True], ids=["one label", "several labels"])
def test_no_step_raises_the_objective(several):
    torch.manual_seed(1)
    labels = (torch.rand(20, 3) < 0.4).float() if several else torch.eye(3)[torch.arange(20) % 3]
    codes, relaxed, weights = signs(torch.randn(20, 6)), torch.tanh(torch.randn(20, 6)), torch.rand(20) + 0.5
    constants = {"alpha": 0.7, "beta": 0.2, "gamma": 0.5}
    regression = torch.randn(6, 3)
    before = objective(codes, regression, labels, relaxed, weights, **constants)
    for _ in range(3):
        regression = mutual_regression(codes, labels, weights, alpha=0.7, gamma=0.5)
        solved = objective(codes, regression, labels, relaxed, weights, **constants)
        assert solved <= before + 1e-3
        for change in (torch.randn(6, 3), -torch.randn(6, 3)):
            moved = objective(codes, regression + 0.05 * change, labels, relaxed, weights, **constants)
            assert moved > solved
        codes = discrete_codes(codes, regression, labels, relaxed, alpha=0.7, beta=0.2, sweeps=1)
        before = objective(codes, regression, labels, relaxed, weights, **constants)
        assert before <= solved + 1e-3


def test_a_large_beta_copies_the_signs_of_the_hash_layer():
    relaxed = torch.randn(20, 6)
    made = discrete_codes(
        signs(torch.randn(20, 6)),
        torch.randn(6, 4),
        torch.eye(4)[torch.arange(20) % 4],
        relaxed,
        alpha=1.0,
        beta=1e9,
        sweeps=1,
    )
    assert torch.equal(made, signs(relaxed))


def test_the_hash_layer_learns_the_codes_weighted():
    method, batch = begun("mlrdh", beta=0.5)
    method.weights = torch.rand(12)
    found = values(method(batch))["hashing"]
    total = 0.0
    for i in range(12):
        h = torch.tanh(batch.outputs[i]).tolist()
        off = sum((b - a) ** 2 for a, b in zip(h, method.codes[i].tolist(), strict=True))
        total += 0.5 * float(method.weights[i]) * off / 12
    assert found == pytest.approx(total, rel=1e-4)


def test_a_round_raises_the_weights_of_wrong_items_and_the_next_begins_anew():
    method, _ = begun("mlrdh", rounds=2, emphasis=3.0)
    shown = torch.randn(12, 16)
    clock = Clock(epoch=1, epochs=8, step=1, steps_per_epoch=1)
    method.begin_epoch(clock)
    regression = mutual_regression(method.codes, LABELS, method.weights, alpha=1.0, gamma=1.0)
    right = (signs(shown) @ regression).argmax(1) == LABELS.argmax(1)
    method.end_epoch(clock, lambda: shown)
    assert 0 < int(right.sum()) < 12
    raised = torch.where(right, 1.0, 3.0)
    assert torch.allclose(method.weights, raised / raised.mean())
    assert float(method.shares[0]) == pytest.approx(float(right.float().mean()))
    before = method.hash_layer.weight.clone()
    method.begin_epoch(Clock(epoch=2, epochs=8, step=2, steps_per_epoch=1))
    assert not torch.equal(before, method.hash_layer.weight)
    anew = method.hash_layer.weight.clone()
    method.begin_epoch(Clock(epoch=3, epochs=8, step=3, steps_per_epoch=1))
    assert torch.equal(anew, method.hash_layer.weight)


def test_the_last_half_learns_the_weighted_vote_of_the_rounds():
    method, _ = begun("mlrdh", rounds=2)
    made = []
    for epoch in range(8):
        clock = Clock(epoch=epoch, epochs=8, step=epoch, steps_per_epoch=1)
        method.begin_epoch(clock)
        before, weights = method.codes.clone(), method.weights.clone()
        shown = torch.randn(12, 16)
        method.end_epoch(clock, lambda shown=shown: shown)
        if epoch == 1:
            made.append(method.codes.clone())
        elif epoch == 3:
            regression = mutual_regression(before, LABELS, weights, alpha=1.0, gamma=1.0)
            last = discrete_codes(
                before, regression, LABELS, torch.tanh(shown), alpha=1.0, beta=1e-2, sweeps=3
            )
            vote = method.shares[0] * made[0] + method.shares[1] * last
            assert torch.equal(method.codes, torch.where(vote == 0, last, signs(vote)))
            assert bool((method.weights == 1).all())
        elif epoch > 3:
            assert torch.equal(method.codes, before)


def test_tables_learn_in_turn_and_rank_by_their_accuracy():
    method, batch = begun("mlrdh", boosting="tables", rounds=3)
    method.begin_epoch(Clock(epoch=1, epochs=3, step=1, steps_per_epoch=1))
    method(batch)["hashing"].backward()
    moved = [bool(table.weight.grad.any()) for table in method.hash_layer.tables]
    assert moved == [False, True, False]
    method.shares = torch.tensor([1.0, 0.5, 0.25])
    queries, codes = torch.randn(4, 16), signs(torch.randn(6, 16))
    found = method.distances(queries, codes)
    for q in range(4):
        for i in range(6):
            differs = signs(queries[q]) != codes[i]
            parts = [int(differs[bits].sum()) for bits in method.tables()]
            assert float(found[q, i]) == pytest.approx(parts[0] + 0.5 * parts[1] + 0.25 * parts[2])


def test_a_run_of_tables_learns_every_table():
    features, labels = four_classes(80)
    settings = (("boosting", "tables"), ("inner", 1))
    recipe = dataclasses.replace(small_recipe("mlrdh", epochs=45), settings=settings, schedule="constant")
    method = train(recipe, CachedExamples(features, labels)).method
    assert bool((method.shares > 0.9).all())


def test_one_epoch_is_enough_for_a_target():
    method = built("mlrdh")
    clock = Clock(epoch=0, epochs=1, step=0, steps_per_epoch=1)
    method, batch = begun("mlrdh")
    before = method.codes.clone()
    method.begin_epoch(clock)
    method.end_epoch(clock, lambda: batch.outputs)
    assert torch.equal(before, method.codes)
    loss = values(method(batch_of(method, outputs=batch.outputs, labels=LABELS)))
    assert loss["hashing"] > 0
