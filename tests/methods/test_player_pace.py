"""Players that move at a pace of their own, and made images that pass the backbone."""

import dataclasses

import pytest
import torch
from made_examples import four_classes, small_recipe
from torch import nn

from hashviewer.methods import Method, MethodInfo, registry
from hashviewer.methods._base import Pace
from hashviewer.training.examples import CachedExamples
from hashviewer.training.image_examples import ImageExamples
from hashviewer.training.loop import train

SEEN = []


class Painted(Method):
    """A painter, at a tenth of the pace, makes one image whose code is to be all ones."""

    def add_parts(self, shape):
        self.painting = nn.Parameter(torch.ones(1, 4, 4, 3))

    def players(self):
        return {"main": list(self.hash_layer.parameters()), "painter": [self.painting]}

    def pace(self, player):
        return Pace(share=0.1, betas=(0.0, 0.9)) if player == "painter" else Pace()

    def turns(self, clock):
        return ("main", "painter")

    def forward(self, batch):
        SEEN.append((self.painting.detach().clone(), batch.embed))
        return {"small": batch.outputs.square().mean()}

    def terms_of(self, player, batch):
        if player == "main":
            return self(batch)
        made = batch.features.mean() * self.painting if batch.embed is None else batch.embed(self.painting)
        return {"ones": made.mean()}


@pytest.fixture(autouse=True)
def painted(monkeypatch):
    registry.all_methods()
    info = MethodInfo("painted", "", "trick", 2026, "", "hamming", "classes", "src", False, (), Painted)
    monkeypatch.setitem(registry._REGISTERED, "painted", info)
    monkeypatch.setattr(Painted, "key", "painted")
    SEEN.clear()


def recipe():
    made = small_recipe("painted", epochs=1, batch=20)
    return dataclasses.replace(made, head="linear", weight_decay=0.0, schedule="constant")


class Mean(nn.Module):
    def forward(self, images):
        return images.float().mean(dim=(1, 2))


def test_a_player_moves_at_its_share_of_the_learning_rate():
    pixels = torch.randint(0, 256, (40, 4, 4, 3), dtype=torch.uint8)
    train(recipe(), ImageExamples(Mean(), pixels, four_classes(40)[1], feature_dim=3))
    step = SEEN[0][0] - SEEN[1][0]  # the first step of Adam is as long as the learning rate
    assert torch.allclose(step, torch.full_like(step, 1e-4), rtol=0.1)


def test_made_images_can_pass_the_backbone_only_where_it_is_trained():
    pixels = torch.randint(0, 256, (40, 4, 4, 3), dtype=torch.uint8)
    train(recipe(), ImageExamples(Mean(), pixels, four_classes(40)[1], feature_dim=3))
    assert all(embed is not None for _, embed in SEEN)
    SEEN.clear()
    train(recipe(), CachedExamples(*four_classes(40)))
    assert all(embed is None for _, embed in SEEN)
