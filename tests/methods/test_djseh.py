import dataclasses
import math

import pytest
import torch
from made_examples import BITS, LABELS, batch_of, begun, built, four_classes, small_recipe, values

from hashviewer.methods import Clock
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train

WIDTH = 256


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def test_the_image_terms_are_those_of_the_formula():
    method, batch = begun("djseh", eta=0.7, scale=0.5, slope=3.0)
    method.eval()
    terms = values(method(batch))
    features = method.hash_layer.semantic(batch.features).tolist()
    outputs = batch.outputs.tolist()
    known = method.bank.outputs
    pairs = codes = 0.0
    for i in range(12):
        for k in range(BITS):
            p = 1 / (1 + math.exp(-3 * outputs[i][k]))
            codes -= math.log(p if float(known[i, WIDTH + k]) > 0 else 1 - p)
        for j in range(12):
            t = dot(features[i], known[j, :WIDTH].tolist()) / 2
            pairs += softplus(t) - float(i % 4 == j % 4) * t
    assert terms["features"] == pytest.approx(pairs / 144, rel=1e-4)
    assert terms["codes"] == pytest.approx(0.7 * codes / 12, rel=1e-4)


def test_the_label_terms_are_those_of_the_formula():
    method, batch = begun("djseh", alpha=0.6, beta=0.3, gamma=0.2, alike=5.0)
    method.bank.outputs = torch.randn(12, WIDTH + BITS)
    some = batch_of(method, outputs=batch.outputs[:5], labels=LABELS[:5], features=batch.features[:5])
    terms = values(method.label_terms(some))
    f, h = (part.tolist() for part in method.label_net(LABELS[:5]))
    known = method.bank.outputs
    assert torch.allclose(known[:5], torch.cat([torch.tensor(f), torch.tensor(h)], dim=1))
    predicted = method.regressor(torch.tensor(h)).tolist()
    semantic = hamming = quantization = lost = 0.0
    for i in range(5):
        lost += sum((float(LABELS[i, c]) - predicted[i][c]) ** 2 for c in range(4))
        for j in range(12):
            g, b = known[j, :WIDTH].tolist(), known[j, WIDTH:].tolist()
            s = 5 * float(i % 4 == j % 4)
            semantic += softplus(dot(f[i], g)) - s * dot(f[i], g)
            hamming += softplus(dot(h[i], b)) - s * dot(h[i], b)
            quantization += sum(abs(abs(v) - 1) for v in h[i] + b)
    assert terms["label_features"] == pytest.approx(semantic / 60, rel=1e-4)
    assert terms["label_codes"] == pytest.approx(0.6 * hamming / 60, rel=1e-4)
    assert terms["label_quantization"] == pytest.approx(0.3 * quantization / 60, rel=1e-4)
    assert terms["label_regression"] == pytest.approx(0.2 * lost / 5, rel=1e-4)


def test_a_logit_of_2_on_a_bit_of_1_costs_what_was_worked_by_hand():
    method, batch = begun("djseh")
    method.bank.outputs = torch.ones(12, WIDTH + BITS)
    given = dataclasses.replace(batch, outputs=torch.full((12, BITS), 2.0))
    assert float(method(given)["codes"].detach()) / BITS == pytest.approx(0.126928, abs=1e-6)


def test_items_with_the_same_labels_have_the_same_label_features():
    method = built("djseh")
    features, codes = method.label_net(LABELS)
    for k in range(4):
        assert torch.allclose(features[k], features[k + 4], atol=1e-6)
        assert torch.allclose(codes[k], codes[k + 8], atol=1e-6)
    assert bool((features >= 0).all())


@pytest.mark.parametrize("player", ["main", "labels"])
def test_each_network_learns_without_moving_the_other(player):
    method, batch = begun("djseh")
    sum(method.terms_of(player, batch).values()).backward()
    reached = {
        name: any(p.grad is not None and bool(p.grad.any()) for p in module.parameters())
        for name, module in (("main", method.hash_layer), ("labels", method.label_net))
    }
    assert reached == {"main": player == "main", "labels": player == "labels"}


def test_the_networks_take_turns_for_three_rounds_and_images_come_last():
    method = built("djseh")
    plan = method.plan(18)
    assert plan == (["labels"] * 2 + ["main"] * 4) * 3
    for epochs in (1, 2, 3, 5, 9, 13, 100):
        plan = method.plan(epochs)
        assert len(plan) == epochs
        assert plan[-1] == "main"
        assert plan[0] == "labels" or epochs == 1


def test_after_its_turn_a_network_fills_the_bank_for_the_other():
    method, batch = begun("djseh")
    clock = Clock(epoch=0, epochs=18, step=0, steps_per_epoch=1)
    method.bank.outputs = torch.zeros(12, WIDTH + BITS)
    method.end_epoch(clock, lambda: batch.outputs)  # LabNet goes on
    assert not bool(method.bank.outputs.any())
    method.end_epoch(dataclasses.replace(clock, epoch=1), lambda: batch.outputs)
    features, codes = method.label_net(LABELS)
    assert torch.allclose(method.bank.outputs[:, :WIDTH], features, atol=1e-6)
    assert torch.equal(method.bank.outputs[:, WIDTH:], torch.where(codes >= 0, 1.0, -1.0))
    method(batch)
    method.end_epoch(dataclasses.replace(clock, epoch=5), lambda: batch.outputs)
    assert torch.allclose(method.bank.outputs[:, :WIDTH], method.hash_layer.semantic(batch.features))
    assert torch.equal(method.bank.outputs[:, WIDTH:], torch.where(batch.outputs >= 0, 1.0, -1.0))


def test_labels_are_learnt_first_and_then_taught_in_a_run():
    done = train(small_recipe("djseh", epochs=4, batch=20), CachedExamples(*four_classes(40)))
    names = [{name for name, _ in record.terms} for record in done.records]
    label_terms = {"label_features", "label_codes", "label_quantization", "label_regression"}
    assert names == [label_terms] + [{"features", "codes"}] * 3
