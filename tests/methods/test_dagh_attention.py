import dataclasses
import math

import pytest
import torch
from made_examples import BITS, CLOCK, batch_of, begun, built, four_classes, small_recipe, values

from hashviewer.methods import Shape, find_method
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train

LATER = dataclasses.replace(CLOCK, epoch=1)


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def on_maps(positions=6):
    """The method on maps of four channels."""
    torch.manual_seed(0)
    method = find_method("dagh-attention").method()
    method.build(Shape(4 * positions, BITS, 4, positions=positions))
    return method.eval()


def test_the_terms_of_the_first_stage_are_those_of_the_formula():
    method, batch = begun("dagh-attention", attention=0.6, margin=0.5)
    terms = values(method(batch))
    h = torch.tanh(batch.outputs[:, :BITS]).tolist()
    semantic = attention = 0.0
    for i in range(12):
        for j in range(12):
            dot = sum(a * b for a, b in zip(h[i], h[j], strict=True))
            s = float(i % 4 == j % 4)
            semantic += softplus(dot / 2) - s * dot / 2
            attention += max(0, 0.5 - (2 * s - 1) * dot / BITS) ** 2
    assert terms["semantic"] == pytest.approx(semantic / 144, rel=1e-5)
    assert terms["attention"] == pytest.approx(0.6 * attention / 144, rel=1e-5)


def test_the_attention_loss_is_0_only_where_all_bits_agree_or_none():
    method = built("dagh-attention", bits=4, classes=2)
    method.activate = lambda outputs: outputs
    a, b = [1.0, 1, 1, -1], [-1.0, -1, -1, 1]
    for other, label, zero in ((a, [1, 0], True), (b, [0, 1], True), (a, [0, 1], False), (b, [1, 0], False)):
        rows = torch.tensor([[*a, 0, 0, 0, 0], [*other, 0, 0, 0, 0]])
        terms = method(batch_of(method, outputs=rows, labels=[[1, 0], label]))
        assert float(terms["attention"]) == (0 if zero else pytest.approx(2 * 2**2 / 4))


def test_the_second_stage_is_cross_entropy_with_the_first_networks_bits():
    method, batch = begun("dagh-attention")
    method.begin_epoch(LATER)
    method.guide = torch.where(torch.randn(12, BITS) >= 0, 1.0, -1.0)
    lost = 0.0
    for i, row in enumerate(batch.outputs[:, BITS:].tolist()):
        for k, logit in enumerate(row):
            p = 1 / (1 + math.exp(-logit))
            lost -= math.log(p if float(method.guide[i, k]) > 0 else 1 - p)
    assert values(method(batch)) == {"guided": pytest.approx(lost / 12, rel=1e-5)}
    method.guide = torch.ones(12, BITS)
    sure = dataclasses.replace(batch, outputs=torch.full((12, 2 * BITS), 2.0))
    assert values(method(sure))["guided"] / BITS == pytest.approx(0.126928, abs=1e-6)


@pytest.mark.parametrize("first", [True, False])
def test_each_stage_moves_its_own_network_only(first):
    method, batch = begun("dagh-attention")
    method.begin_epoch(CLOCK if first else LATER)
    sum(method(batch).values()).backward()
    layer = method.hash_layer
    for module, expected in ((layer.attention, first), (layer.first, first), (layer.second, not first)):
        reached = [p.grad is not None and bool(p.grad.any()) for p in module.parameters()]
        assert any(reached) == expected


def test_the_guide_is_taken_when_the_first_stage_ends():
    method, _ = begun("dagh-attention")
    outputs = torch.randn(12, 2 * BITS)
    before = method.guide
    clock = dataclasses.replace(CLOCK, epochs=10)
    for epoch in (0, 3, 5, 9):
        method.end_epoch(dataclasses.replace(clock, epoch=epoch), lambda: outputs)
        assert method.guide is before
    method.end_epoch(dataclasses.replace(clock, epoch=4), lambda: outputs)
    assert torch.equal(method.guide, torch.where(outputs[:, :BITS] >= 0, 1.0, -1.0))
    assert [method.first_epochs(epochs) for epochs in (1, 2, 3, 9)] == [0, 1, 2, 4]


def test_attention_everywhere_leaves_a_plain_pairwise_network():
    method = on_maps()
    features = torch.randn(5, 24)
    weights = method.hash_layer.weights(features)
    assert weights.shape == (5, 6)
    assert bool(((weights > 0) & (weights < 1)).all())
    last = method.hash_layer.attention[2]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, 50.0)
    pooled = features.reshape(5, 4, 6).mean(2)
    expected = method.hash_layer.first(pooled)
    assert torch.allclose(method.hash_layer(features)[:, :BITS], expected, atol=1e-6)


def test_attention_weighs_each_place_of_the_map():
    method = on_maps()
    features = torch.randn(2, 24)
    weights = method.hash_layer.weights(features)
    attended = torch.zeros(2, 4)
    for i in range(2):
        for c in range(4):
            for x in range(6):
                attended[i, c] += float(weights[i, x].detach()) * float(features[i, 6 * c + x]) / 6
    expected = method.hash_layer.first(attended)
    assert torch.allclose(method.hash_layer(features)[:, :BITS], expected, atol=1e-5)


def test_a_run_has_two_stages_and_a_checkpoint_holds_the_second_network_only():
    features, labels = four_classes(40)
    done = train(small_recipe("dagh-attention", epochs=4, batch=20), CachedExamples(features, labels))
    names = [{name for name, _ in record.terms} for record in done.records]
    assert names == [{"semantic", "attention"}] * 2 + [{"guided"}] * 2
    kept = done.method.kept_tensors()
    assert {name.rsplit(".", 1)[0] for name in kept} == {
        "scaling",
        "hash_layer.second.0",
        "hash_layer.second.3",
    }
    outputs = torch.randn(3, 2 * BITS)
    assert torch.equal(done.method.encode(outputs), outputs[:, BITS:])


def test_the_two_networks_activations_are_tanh_and_the_centred_sigmoid():
    method = built("dagh-attention", bits=1)
    relaxed = method.relax(torch.tensor([[0.7, 0.7]]))[0]
    assert float(relaxed[0]) == pytest.approx(math.tanh(0.7))
    assert float(relaxed[1]) == pytest.approx(2 / (1 + math.exp(-0.7)) - 1)
