import dataclasses
import math

import pytest
import torch
from made_examples import BITS, CLOCK, LABELS, batch_of, begun, built, four_classes, small_recipe, values

from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train

WIDTH = 128


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(("side", "soft", "apart"), [(0, True, 1 / 3), (1, True, 1 / 3), (0, False, 1)])
def test_the_terms_of_each_network_are_those_of_the_formula(side, soft, apart):
    method, batch = begun("adsq", a=0.6, q=0.3, c=0.2, soft=soft)
    method.sides = torch.randn(12, 2 * BITS)
    method.codes = torch.where(torch.randn(12, BITS) >= 0, 1.0, -1.0)
    five = batch_of(method, outputs=batch.outputs[:5], labels=LABELS[:5], features=batch.features[:5])
    terms = values(method.image_terms(five, side=side))
    network = (method.hash_layer.query, method.hash_layer.database)[side]
    u = five.relaxed.detach()[:, side * BITS :][:, :BITS].tolist()
    v = method.sides[:, (1 - side) * BITS :][:, :BITS].tolist()
    f = network.semantic(batch.features).tolist()
    e, r = (part.tolist() for part in method.taught.split([WIDTH, BITS], dim=1))
    b = method.codes.tolist()
    pairs = semantic = quantization = guide = 0.0
    for i in range(5):
        quantization += sum((x - y) ** 2 for x, y in zip(b[i], u[i], strict=True))
        guide += sum((x - (1 if y >= 0 else -1)) ** 2 for x, y in zip(b[i], r[i], strict=True))
        for j in range(12):
            similar = i % 4 == j % 4
            pairs += (BITS * (1 if similar else -apart) - dot(u[i], v[j])) ** 2 / BITS**2
            theta = dot(f[i], e[j]) / 2
            semantic += softplus(theta) - similar * theta
    balance = sum(sum(row[k] for row in u) ** 2 for k in range(BITS))
    assert terms["difference"] == pytest.approx(pairs / 60, rel=1e-4)
    assert terms["features"] == pytest.approx(0.6 * semantic / 60, rel=1e-4)
    assert terms["quantization"] == pytest.approx(0.3 * quantization / 60, rel=1e-4)
    assert terms["guide"] == pytest.approx(0.3 * guide / 60, rel=1e-4)
    assert terms["balance"] == pytest.approx(0.2 * balance / 25, rel=1e-4)


def test_the_terms_of_the_label_network_are_those_of_the_formula():
    method, batch = begun("adsq", q1=0.3, q2=0.2)
    terms = values(method.label_terms(batch))
    e, r = (part.tolist() for part in method.label_net(LABELS))
    semantic = hamming = quantization = 0.0
    for i in range(12):
        quantization += sum((abs(v) - 1) ** 2 for v in r[i])
        for j in range(12):
            similar = i % 4 == j % 4
            semantic += softplus(dot(e[i], e[j]) / 2) - similar * dot(e[i], e[j]) / 2
            hamming += softplus(dot(r[i], r[j]) / 2) - similar * dot(r[i], r[j]) / 2
    balance = sum(sum(row[k] for row in r) ** 2 for k in range(BITS))
    assert terms["label_features"] == pytest.approx(semantic / 144, rel=1e-4)
    assert terms["label_codes"] == pytest.approx(hamming / 144, rel=1e-4)
    assert terms["label_quantization"] == pytest.approx(0.3 * quantization / 144, rel=1e-4)
    assert terms["label_balance"] == pytest.approx(0.2 * balance / 144, rel=1e-4, abs=1e-7)


def test_codes_are_set_by_majority_as_in_the_worked_example():
    method = built("adsq", bits=2)
    method.sides = torch.tensor([[0.2, -0.9, 0.3, -0.8]])
    method.taught = torch.ones(1, WIDTH + 2)
    method.codes = -torch.ones(1, 2)
    assert method.updated().tolist() == [[1, -1]]


def test_the_difference_is_0_only_where_products_are_all_bits():
    method = built("adsq", bits=4, classes=2, c=0.0)
    rows = torch.tensor([[1.0, 1, 1, 1], [-1, -1, -1, -1]])
    method.activate = lambda outputs: outputs
    method.database_labels = torch.eye(2)
    method.taught = torch.zeros(2, WIDTH + 4)
    method.codes = rows
    method.sides = torch.cat([rows, rows], dim=1)
    same = batch_of(method, outputs=method.sides, labels=torch.eye(2))
    terms = values(method(same))
    assert terms["difference"] == terms["quantization"] == terms["balance"] == 0
    method.sides = torch.cat([rows, rows.flip(0)], dim=1)
    assert values(method(same))["difference"] == 4


@pytest.mark.parametrize("player", ["main", "database", "labels"])
def test_a_player_moves_its_own_network_only(player):
    method, batch = begun("adsq")
    sum(method.terms_of(player, batch).values()).backward()
    networks = {
        "main": method.hash_layer.query,
        "database": method.hash_layer.database,
        "labels": method.label_net,
    }
    for name, network in networks.items():
        reached = [p.grad is not None and bool(p.grad.any()) for p in network.parameters()]
        assert all(reached) == any(reached) == (name == player)


def test_labels_come_first_and_then_the_networks_take_turns():
    method = built("adsq")
    turns = [method.turns(dataclasses.replace(CLOCK, epoch=e, epochs=10))[0] for e in range(10)]
    assert turns == ["labels"] * 2 + ["main", "database"] * 4
    assert [method.label_epochs(epochs) for epochs in (1, 2, 3, 100)] == [0, 1, 1, 20]


def test_codes_wait_for_both_networks_and_begin_as_the_label_networks():
    method, _ = begun("adsq")
    method.codes = torch.zeros(12, BITS)
    outputs = 3 * torch.randn(12, 2 * BITS)
    clock = dataclasses.replace(CLOCK, epochs=10)
    method.end_epoch(dataclasses.replace(clock, epoch=1), lambda: outputs)
    guide = torch.where(method.label_net(LABELS)[1] >= 0, 1.0, -1.0)
    assert torch.equal(method.codes, guide)
    method.end_epoch(dataclasses.replace(clock, epoch=2), lambda: outputs)
    assert torch.equal(method.codes, guide)
    assert torch.equal(method.sides, torch.tanh(outputs))
    method.end_epoch(dataclasses.replace(clock, epoch=3), lambda: outputs)
    expected = torch.tanh(outputs[:, :BITS]) + torch.tanh(outputs[:, BITS:]) + guide
    assert torch.equal(method.codes, torch.where(expected >= 0, 1.0, -1.0))
    assert not torch.equal(method.codes, guide)


def test_in_a_run_all_three_networks_learn_and_queries_differ_from_the_database():
    done = train(small_recipe("adsq", epochs=5, batch=20), CachedExamples(*four_classes(40)))
    assert ["label_codes" in dict(r.terms) for r in done.records] == [True] + [False] * 4
    outputs = torch.randn(5, 2 * BITS)
    distances = done.method.distances(outputs, torch.ones(1, BITS))
    assert torch.equal(distances, (outputs[:, :BITS] < 0).sum(dim=1, keepdim=True).float())
    assert torch.equal(done.method.encode(outputs), outputs[:, BITS:])
