import dataclasses
import math

import pytest
import torch
from made_examples import BITS, LABELS, begun, four_classes, small_recipe, values

from hashviewer.methods import Clock
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train

SECOND = Clock(epoch=1, epochs=4, step=0, steps_per_epoch=1)


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def column(rows, k):
    return [row[k] for row in rows]


def test_the_terms_are_those_of_the_formula():
    method, batch = begun("daph", alpha=3.0, gamma=2.0, decorrelation=0.5, beta=0.7)
    terms = values(method(batch))
    u, z = (part.tolist() for part in torch.tanh(batch.outputs.detach()).split(BITS, dim=1))
    b, h = method.query_codes.tolist(), method.database_codes.tolist()
    likelihood = quantization = tie = independence = balance = 0.0
    for i in range(12):
        quantization += sum((x - y) ** 2 for x, y in zip(u[i] + z[i], b[i] + h[i], strict=True))
        tie += sum((x - y) ** 2 for x, y in zip(b[i], h[i], strict=True))
        for j in range(12):
            theta = sum(x * y for x, y in zip(u[i], z[j], strict=True)) / 2
            likelihood += softplus(theta) - float(i % 4 == j % 4) * theta
    for side in (u, z):
        for k in range(BITS):
            balance += sum(column(side, k)) ** 2
            for m in range(BITS):
                dot = sum(x * y for x, y in zip(column(side, k), column(side, m), strict=True)) / 12
                independence += (dot - (k == m)) ** 2
    assert terms["likelihood"] == pytest.approx(likelihood / 144, rel=1e-5)
    assert terms["quantization"] == pytest.approx(3 * quantization / 144, rel=1e-5)
    assert terms["tie"] == pytest.approx(2 * tie / 144, rel=1e-5)
    assert terms["independence"] == pytest.approx(0.5 * independence / BITS**2, rel=1e-4)
    assert terms["balance"] == pytest.approx(0.7 * balance / 144, rel=1e-4)


def test_codes_are_set_in_turn_as_in_the_worked_example():
    method, _ = begun("daph", alpha=10.0, gamma=10.0)
    method.activate = lambda outputs: outputs
    method.database_codes = -torch.ones(12, BITS)
    outputs = torch.full((12, 2 * BITS), 0.5)
    method.end_epoch(SECOND, lambda: outputs)
    assert bool((method.query_codes == -1).all())  # 5 - 10
    method.gamma = 0.0
    method.end_epoch(SECOND, lambda: outputs)
    assert bool((method.query_codes == 1).all())
    assert bool((method.database_codes == 1).all())


def test_setting_codes_never_raises_the_objective_and_waits_for_both_networks():
    method, _ = begun("daph", alpha=2.0, gamma=1.5)
    outputs = torch.randn(12, 2 * BITS)
    u, z = torch.tanh(outputs).chunk(2, dim=1)

    def objective():
        b, h = method.query_codes, method.database_codes
        return float(2 * (u - b).square().sum() + 2 * (z - h).square().sum() + 1.5 * (b - h).square().sum())

    before, codes = objective(), method.query_codes
    method.end_epoch(dataclasses.replace(SECOND, epoch=0), lambda: outputs)
    assert method.query_codes is codes
    for _ in range(3):
        method.end_epoch(SECOND, lambda: outputs)
        assert objective() <= before + 1e-4
        before = objective()


def test_swapping_the_networks_and_their_codes_leaves_the_loss_unchanged():
    method, batch = begun("daph")
    before = values(method(batch))
    method.query_codes, method.database_codes = method.database_codes, method.query_codes
    swapped = batch.relaxed.roll(BITS, dims=1)
    assert values(method(dataclasses.replace(batch, relaxed=swapped))) == pytest.approx(before, rel=1e-5)


@pytest.mark.parametrize(("player", "moved"), [("main", "query"), ("database", "database")])
def test_a_player_moves_its_own_network_only(player, moved):
    method, batch = begun("daph")
    sum(method.terms_of(player, batch).values()).backward()
    for side in ("query", "database"):
        reached = [
            p.grad is not None and bool(p.grad.any())
            for p in method.hash_layer.get_submodule(side).parameters()
        ]
        assert all(reached) == any(reached) == (side == moved)


def test_networks_take_turns_epoch_by_epoch_and_begin_differently():
    method, _ = begun("daph")
    assert [method.turns(dataclasses.replace(SECOND, epoch=e)) for e in range(3)] == [
        ("main",),
        ("database",),
        ("main",),
    ]
    first, second = (method.hash_layer.get_submodule(s).weight for s in ("query", "database"))
    assert not torch.equal(first, second)


def test_codes_change_while_training_and_queries_are_coded_by_the_other_network():
    features, labels = four_classes(60)
    examples = CachedExamples(features, labels)
    done = train(small_recipe("daph", epochs=2, batch=20), examples)
    later = train(
        dataclasses.replace(small_recipe("daph", epochs=8, batch=20), schedule="constant"), examples
    )
    assert not torch.equal(done.method.database_codes, later.method.database_codes)
    outputs = torch.randn(5, 2 * BITS)
    distances = done.method.distances(outputs, torch.ones(1, BITS))
    expected = (outputs[:, :BITS] < 0).sum(dim=1, keepdim=True)
    assert torch.equal(distances, expected.float())
    assert torch.equal(done.method.encode(outputs), outputs[:, BITS:])


def test_the_labels_used_are_shared_labels():
    method, batch = begun("daph")
    several = LABELS.clone()
    several[:, 0] = 1.0
    likelihood = float(method(dataclasses.replace(batch, labels=several))["likelihood"].detach())
    u, z = batch.relaxed.detach().chunk(2, dim=1)
    assert likelihood == pytest.approx(float(torch.nn.functional.softplus(-(u @ z.T) / 2).mean()), rel=1e-4)
