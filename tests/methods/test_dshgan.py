import dataclasses
import math

import pytest
import torch
from made_examples import BITS, LABELS, batch_of, begun, built, four_classes, small_recipe, values
from torch import nn
from torch.nn import functional

from hashviewer.errors import MethodError
from hashviewer.methods import Clock
from hashviewer.methods.dshgan import asked_labels, other_labels
from hashviewer.training.examples import CachedExamples
from hashviewer.training.image_examples import ImageExamples
from hashviewer.training.loop import train

SEVERAL = torch.tensor([[1.0, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 1], [1, 1, 1, 1]])


def joint(key="dshgan", **settings):
    """A method in its second stage, and a batch of all items."""
    method, batch = begun(key, first=0.0, **settings)
    assert method.joint
    return method, batch


def test_the_margin_grows_with_the_code():
    for bits in (12, 48):
        codes = torch.zeros(2, bits)
        assert built("dshgan", bits=bits).triplet_losses(codes, codes, codes).tolist() == [bits / 6] * 2


def test_made_items_that_are_the_query_itself_cost_the_margin():
    method, batch = joint(margin=1.0)
    method.made = lambda labels: batch.features.repeat(2, 1)
    assert values(method(batch))["triplets"] == pytest.approx(1, abs=1e-6)


def test_the_adversary_that_cannot_tell_says_one_half():
    method, batch = joint()
    nn.init.zeros_(method.real_stream.weight)
    nn.init.zeros_(method.real_stream.bias)
    assert values(method(batch))["adversary"] == pytest.approx(2 * math.log(2))


def test_other_labels_share_none():
    for _ in range(20):
        assert not bool((other_labels(LABELS) * LABELS).any())
        others = other_labels(SEVERAL)
        assert not bool((others * SEVERAL)[:3].any())
        assert others.sum(1).tolist() == [1] * 4


def test_an_item_without_a_label_asks_for_a_class_at_random():
    labels = torch.cat([LABELS[:2], torch.zeros(30, 4)])
    asked = asked_labels(labels)
    assert torch.equal(asked[:2], LABELS[:2])
    assert asked.sum(1).tolist() == [1] * 32
    assert bool((asked[2:].sum(0) > 0).all())


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def cross_entropy(logits, target):
    return math.log(sum(math.exp(v) for v in logits)) - logits[target]


@pytest.mark.parametrize("adversary", ["non-saturating", "saturating"])
def test_the_terms_are_those_of_the_formula(adversary):
    method, batch = joint(triplets=0.5, margin=1.0, adversary=adversary)
    made = torch.randn(24, method.shape.feature_dim)
    asked = []
    method.made = lambda labels: (asked.append(labels.argmax(1).tolist()), made)[1]
    terms = values(method(batch))
    with torch.no_grad():
        hidden = [method.hash_layer.trunk(items) for items in (batch.features, made)]
        scores = [method.real_stream(part)[:, 0].tolist() for part in hidden]
        logits = [method.class_stream(part).tolist() for part in hidden]
        codes = [torch.sigmoid(method.hash_layer(items)).tolist() for items in (batch.features, made)]
    told = sum(softplus(-s) for s in scores[0]) / 12 + sum(softplus(s) for s in scores[1]) / 24
    real = sum(cross_entropy(row, i % 4) for i, row in enumerate(logits[0])) / 12
    fake = sum(cross_entropy(row, label) for row, label in zip(logits[1], asked[0], strict=True)) / 24
    hinge = 0.0
    for i in range(12):
        near, far = (
            sum((a - b) ** 2 for a, b in zip(codes[0][i], codes[1][i + shift], strict=True))
            for shift in (0, 12)
        )
        hinge += max(0.0, 1 + near - far)
    assert terms["adversary"] == pytest.approx(told, rel=1e-4)
    assert terms["classes"] == pytest.approx(real + fake, rel=1e-4)
    assert terms["triplets"] == pytest.approx(0.5 * hinge / 12, rel=1e-4)
    terms = values(method.terms_of("generator", batch))
    saturating = -sum(softplus(s) for s in scores[1]) / 24
    expected = saturating if adversary == "saturating" else sum(softplus(-s) for s in scores[1]) / 24
    fake = sum(cross_entropy(row, label) for row, label in zip(logits[1], asked[1], strict=True)) / 24
    assert terms["fooled"] == pytest.approx(expected, rel=1e-4)
    assert terms["made_classes"] == pytest.approx(fake, rel=1e-4)


def test_items_without_a_label_enter_the_adversary_only():
    method, batch = joint()
    method.made = lambda labels: torch.zeros(24, method.shape.feature_dim)
    unlabelled = dataclasses.replace(batch, labels=functional.pad(LABELS[:6], (0, 0, 0, 6)))
    changed = torch.cat([batch.outputs[:6], batch.outputs[6:] + 1])
    again = dataclasses.replace(unlabelled, outputs=changed, relaxed=method.relax(changed))
    assert values(method(unlabelled))["triplets"] == pytest.approx(values(method(again))["triplets"])
    none = values(method(dataclasses.replace(batch, labels=torch.zeros(12, 4))))
    assert none["triplets"] == 0
    assert none["adversary"] > 0


def test_the_first_part_of_a_run_has_no_triplets():
    method, batch = begun("dshgan", first=0.5)
    assert set(method(batch)) == {"adversary", "classes"}
    method.begin_epoch(Clock(epoch=1, epochs=2, step=1, steps_per_epoch=1))
    assert set(method(batch)) == {"adversary", "classes", "triplets"}


def test_each_player_leaves_the_others_parts_alone():
    method, batch = joint()
    sum(method(batch).values()).backward()
    assert all(parameter.grad is None for parameter in method.generator.parameters())
    players = method.players()
    assert not {id(p) for p in players["main"]} & {id(p) for p in players["generator"]}
    assert sum(map(len, players.values())) == len(list(method.parameters()))


def test_codes_are_sigmoids_cut_at_one_half():
    method = built("dshgan")
    batch = batch_of(method, outputs=[[0.1, -0.1] * (BITS // 2)], labels=LABELS[:1])
    assert torch.equal(method.encode(batch.outputs) >= 0, batch.relaxed >= 0.5)


def test_the_generator_learns_to_make_items_of_the_labels_asked_for():
    features, labels = four_classes(80)
    done = train(small_recipe("dshgan", epochs=20, batch=40), CachedExamples(features, labels))
    made_classes = [dict(record.terms)["made_classes"] for record in done.records]
    assert made_classes[-1] < 0.5 * made_classes[0]


class Small(nn.Module):
    """A backbone of one convolution."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 6, 8, stride=8)

    def forward(self, images):
        return torch.relu(self.layer(images.permute(0, 3, 1, 2).float() / 127.5 - 1)).mean(dim=(2, 3))


def test_images_are_made_where_the_backbone_is_trained_along():
    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (12, 40, 40, 3), dtype=torch.uint8)
    recipe = dataclasses.replace(
        small_recipe("dshgan", epochs=1, batch=6), settings=(("space", "images"), ("first", 0.0))
    )
    done = train(recipe, ImageExamples(Small(), pixels, LABELS, feature_dim=6))
    names = {name for name, _ in done.records[0].terms}
    assert names == {"adversary", "classes", "triplets", "fooled", "made_classes"}


def test_without_images_it_says_what_to_do():
    method, batch = begun("dshgan", space="images")
    with pytest.raises(MethodError, match="Finetune"):
        method(batch)
