import dataclasses
import math

import pytest
import torch
from made_examples import BITS, LABELS, batch_of, begun, built, four_classes, small_recipe, values
from torch.nn import functional

from hashviewer.errors import MethodError
from hashviewer.methods import Shape, find_method
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train

SEGMENTS = BITS // 2  # of four responses


def on_maps(positions=6, **settings):
    """The method on maps of four channels."""
    torch.manual_seed(0)
    method = find_method("doh").method(**settings)
    method.build(Shape(4 * positions, BITS, 4, positions=positions))
    return method.eval()


def one_hot_rows(symbols, categories=4):
    return functional.one_hot(torch.tensor(symbols), categories).flatten(1).float()


def test_agreement_of_hard_codes_is_the_share_of_equal_segments():
    method = built("doh", bits=8)
    labels = torch.eye(4)[[0, 0]]
    for symbols, agreement in (([0, 1, 2, 3], 1.0), ([0, 1, 2, 0], 0.75), ([3, 3, 3, 0], 0.0)):
        codes = one_hot_rows([[0, 1, 2, 3], symbols])
        # the two pairs of an item with itself agree wholly; the other two are counted once each way
        assert float(method.pairs(codes, labels)) == pytest.approx(2 * (1 - agreement) ** 2 / 4)


def test_the_distance_is_that_of_one_hot_codes_and_not_of_packed_indices():
    method = built("doh", bits=8)
    rows = 5 * one_hot_rows([[0, 1, 2, 3], [0, 1, 2, 0], [3, 3, 3, 0]])
    codes = torch.where(method.encode(rows) >= 0, 1.0, -1.0)
    assert codes[0].tolist() == [-1, -1, -1, 1, 1, -1, 1, 1]
    assert method.distances(rows, codes).tolist() == [[0, 2, 8], [2, 0, 6], [8, 6, 0]]


def test_a_constant_added_to_a_segment_or_an_increasing_map_changes_no_code():
    method = built("doh")
    z = torch.randn(5, SEGMENTS * 4)
    shifted = z + torch.randn(5, SEGMENTS).repeat_interleave(4, dim=1)
    assert torch.equal(method.encode(z), method.encode(shifted))
    assert torch.allclose(method.relax(z), method.relax(shifted), atol=1e-6)
    assert torch.equal(method.encode(z), method.encode(z**3))


def test_equal_responses_are_half_sure_of_two_and_scaling_makes_them_sure():
    method = built("doh", bits=4, categories=2)
    half = method.relax(torch.zeros(1, 8))
    assert torch.equal(half, torch.full((1, 8), 0.5))
    assert float((half @ half.T).squeeze()) / 4 == 0.5
    sure = method.relax(1000 * torch.randn(1, 8))
    assert float((sure @ sure.T).squeeze()) / 4 == pytest.approx(1)


def test_the_terms_are_those_of_the_formula():
    method, batch = begun("doh", heads=0.5)
    method.eval()
    terms = values(method(batch))
    layer = method.hash_layer
    local, whole = layer.branches(batch.features)
    p = torch.softmax(layer.respond(local, whole, LABELS).reshape(12, SEGMENTS, 4), dim=2).tolist()
    pairs = 0.0
    for i in range(12):
        for j in range(12):
            agreement = sum(
                sum(a * b for a, b in zip(p[i][r], p[j][r], strict=True)) for r in range(SEGMENTS)
            )
            pairs += (float(i % 4 == j % 4) - agreement / SEGMENTS) ** 2
    assert terms["pairs"] == pytest.approx(pairs / 144, rel=1e-4)
    for name, logits in (
        ("local_classes", layer.local_classes(local[:, 0])),
        ("global_classes", method.global_classes(whole)),
    ):
        rows = logits.tolist()
        lost = sum(math.log(sum(map(math.exp, row))) - row[i % 4] for i, row in enumerate(rows))
        assert terms[name] == pytest.approx(0.5 * lost / 12, rel=1e-4)


def test_attention_is_the_softmax_over_places_of_the_class_activation_map():
    method = on_maps()
    layer = method.hash_layer
    local, _ = layer.branches(torch.randn(3, 24))
    classes = torch.tensor([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1]])
    found = layer.attention(local, classes)
    for i in range(3):
        expected = [0.0] * 6
        chosen = classes[i].nonzero().flatten().tolist()
        for c in chosen:
            maps = [float((layer.local_classes.weight[c] @ local[i, x]).detach()) for x in range(6)]
            total = sum(map(math.exp, maps))
            expected = [e + math.exp(m) / total / len(chosen) for e, m in zip(expected, maps, strict=True)]
        assert found[i].tolist() == pytest.approx(expected, rel=1e-4)


def test_true_classes_attend_while_training_and_predicted_ones_afterwards():
    method = on_maps()
    layer = method.hash_layer
    features = torch.randn(5, 24)
    local, whole = layer.branches(features)
    predicted = layer.predicted(local)
    assert torch.equal(predicted.argmax(1), layer.local_classes(local.mean(1)).argmax(1))
    assert torch.allclose(method.hash_layer(features), layer.respond(local, whole, predicted))
    others = predicted.roll(1, dims=1)
    batch = batch_of(method, outputs=method.hash_layer(features).detach(), labels=others, features=features)
    relaxed = method.relax(layer.respond(local, whole, others))
    assert float(method(batch)["pairs"].detach()) == pytest.approx(
        float(method.pairs(relaxed, others).detach())
    )


def test_on_maps_a_class_shown_at_one_place_of_nine_is_found():
    torch.manual_seed(0)
    labels = four_classes(120)[1]
    maps = 0.3 * torch.randn(120, 8, 9)
    maps[torch.arange(120), :, torch.randint(9, (120,))] += 4 * functional.pad(labels, (0, 4))
    done = train(
        dataclasses.replace(small_recipe("doh", epochs=25, batch=40), learning_rate=1e-2),
        CachedExamples(maps.flatten(1), labels, positions=9),
    )
    assert done.method.shape.positions == 9
    with torch.no_grad():
        layer = done.method.hash_layer
        scaled = done.method.scaling(maps.flatten(1))
        local, _ = layer.branches(scaled)
        attended = layer.attention(local, layer.predicted(local)).argmax(1)
    shown = maps.square().sum(1).argmax(1)
    assert float((attended == shown).float().mean()) > 0.9


def test_bits_that_fill_no_segments_are_refused():
    with pytest.raises(MethodError, match="nearest are 14 and 16"):
        built("doh", bits=15)
    with pytest.raises(MethodError, match="power of two"):
        built("doh", categories=3)
    with pytest.raises(MethodError, match="places of a map"):
        find_method("doh").method().build(Shape(32, 16, 4, positions=5))
