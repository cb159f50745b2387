import dataclasses
import math

import pytest
import torch
from made_examples import LABELS, begun, built, four_classes, small_recipe, values
from torch import nn

from hashviewer.errors import MethodError
from hashviewer.methods import Clock
from hashviewer.training.examples import CachedExamples
from hashviewer.training.image_examples import ImageExamples
from hashviewer.training.loop import train


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def clock(epoch, epochs, step=0):
    return Clock(epoch=epoch, epochs=epochs, step=step, steps_per_epoch=10)


@pytest.mark.parametrize(
    ("other", "similar", "expected"),
    [
        ([0.0, 1], 1, math.log(2)),
        ([0.0, 1], 0, math.log(2)),
        ([1.0, 0], 1, 4.54e-5),
        ([1.0, 0], 0, 10.000045),
    ],
)
def test_a_pair_costs_what_is_worked_by_hand(other, similar, expected):
    method = built("hashgan", bits=2)
    found = method.pair_loss(
        torch.tensor([[1.0, 0]]), torch.tensor([other]), torch.tensor([[float(similar)]])
    )
    assert float(found) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def pairs(codes, others):
    """E of two lists of codes whose labels repeat every four."""
    total = 0.0
    for i, a in enumerate(codes):
        for j, b in enumerate(others):
            t = 10 * cosine(a, b)
            total += 4 * (softplus(t) - t) if i % 4 == j % 4 else softplus(t)
    return total / (len(codes) * len(others))


def test_the_terms_of_the_second_stage_are_those_of_the_formula():
    method, batch = begun("hashgan", fakes=0.3, quantization=0.5)
    made = torch.randn(12, method.shape.feature_dim)
    method.made = lambda labels: made
    terms = values(method(batch))
    h = torch.tanh(batch.outputs).tolist()
    fake = torch.tanh(method.hash_layer(made)).tolist()
    ones = [1.0] * len(h[0])
    assert terms["pairs"] == pytest.approx(pairs(h, h), rel=1e-4)
    assert terms["fake_pairs"] == pytest.approx(0.3 * pairs(h, fake), rel=1e-4)
    off = sum(1 - cosine([abs(v) for v in row], ones) for row in h) / 12
    assert terms["quantization"] == pytest.approx(0.5 * off, rel=1e-4)


def test_the_terms_of_the_first_stage_are_those_of_the_formula():
    method, batch = begun("hashgan", penalty=0.0)
    made = torch.randn(12, method.shape.feature_dim)
    method.made = lambda labels: made
    critic, generator = (values(method.terms_of(player, batch)) for player in ("critic", "generator"))
    with torch.no_grad():
        score, codes = method.critic(batch.features)
        made_score, made_codes = method.critic(made)
    real, fake = codes.tolist(), made_codes.tolist()
    assert critic["critic_pairs"] == pytest.approx(pairs(real, real), rel=1e-4)
    assert critic["critic_fake_pairs"] == pytest.approx(pairs(real, fake), rel=1e-4)
    assert critic["wasserstein"] == pytest.approx(float(made_score.mean() - score.mean()), rel=1e-4)
    assert generator["made_scores"] == pytest.approx(-float(made_score.mean()), rel=1e-4)
    assert generator["made_pairs"] == pytest.approx(10 * pairs(real, fake), rel=1e-4)


def test_made_items_do_not_move_real_codes():
    method, batch = begun("hashgan")
    batch.outputs.retain_grad()
    method(batch)["fake_pairs"].backward()
    assert batch.outputs.grad is None or not bool(batch.outputs.grad.any())
    assert all(parameter.grad is None for parameter in method.generator.parameters())


def test_five_steps_of_the_critic_go_before_one_of_the_generator_and_then_the_hash_layer_moves():
    method = built("hashgan", first=0.5)
    first = [method.turns(clock(0, 4, step)) for step in range(12)]
    assert first == ([("critic",)] * 5 + [("generator",)]) * 2
    assert [method.turns(clock(epoch, 4)) for epoch in range(4)] == [("critic",)] * 2 + [("main",)] * 2
    assert method.turns(clock(0, 1)) == ("main",)


def test_the_generator_is_frozen_in_the_second_stage():
    features, labels = four_classes(40)
    recipe = dataclasses.replace(small_recipe("hashgan", epochs=4, batch=20), settings=(("first", 0.5),))
    seen = []
    method = recipe.make_method()

    def watched(recipe):
        begin = method.begin_epoch

        def begin_epoch(now):
            begin(now)
            seen.append({name: tensor.clone() for name, tensor in method.generator.state_dict().items()})

        method.begin_epoch = begin_epoch
        return method

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(recipe), "make_method", watched)
        train(recipe, CachedExamples(features, labels))
    for name, tensor in method.generator.state_dict().items():
        assert torch.equal(seen[2][name], tensor)
    assert not torch.equal(seen[0]["layers.1.running_mean"], seen[2]["layers.1.running_mean"])


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
    recipe = small_recipe("hashgan", epochs=2, batch=6)
    recipe = dataclasses.replace(recipe, settings=(("space", "images"), ("critic_steps", 1), ("first", 0.5)))
    done = train(recipe, ImageExamples(Small(), pixels, LABELS, feature_dim=6))
    told = [dict(record.terms) for record in done.records]
    assert set(told[0]) >= {"wasserstein", "gradient_penalty", "made_scores", "made_pairs"}
    assert set(told[1]) == {"pairs", "fake_pairs", "quantization"}


def test_without_images_it_says_what_to_do():
    method, batch = begun("hashgan", space="images")
    with pytest.raises(MethodError, match="Finetune"):
        method(batch)
