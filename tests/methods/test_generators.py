"""Generators and critics of the adversarial methods."""

import pytest
import torch

from hashviewer.methods import _generators


def test_noise_begins_with_the_labels():
    labels = torch.eye(3)
    noise = _generators.labelled_noise(labels, 8)
    assert torch.equal(noise[:, :3], labels)
    assert noise.shape == (3, 8)
    assert noise[:, 3:].unique().numel() == 15


@pytest.mark.parametrize("kind", [_generators.ResidualGenerator, _generators.TransposedGenerator])
def test_made_images_have_32_px_and_their_gradient_reaches_every_layer(kind):
    torch.manual_seed(0)
    generator = kind(10, width=8)
    images = generator(torch.randn(4, 10))
    assert images.shape == (4, 3, 32, 32)
    assert float(images.detach().abs().max()) <= 1
    images.square().sum().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())


def test_a_trunk_sees_small_images():
    assert _generators.image_trunk(width=8)(torch.randn(2, 3, 32, 32)).shape == (2, 8)
    assert _generators.feature_trunk(5, width=8)(torch.randn(2, 5)).shape == (2, 8)


def test_pixels_become_images_and_again_pixels():
    pixels = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    images = _generators.small_images(pixels)
    assert images.shape == (2, 3, 32, 32)
    assert torch.allclose(_generators.as_pixels(images, 32), pixels.float(), atol=1e-4)


def test_images_are_enlarged_for_the_backbone_and_made_small_for_the_critic():
    gray = torch.full((1, 3, 32, 32), 0.5)
    large = _generators.as_pixels(gray, 48)
    assert large.shape == (1, 48, 48, 3)
    assert torch.allclose(large, torch.full_like(large, 191.25))
    assert torch.allclose(_generators.small_images(large), gray, atol=1e-5)


@pytest.mark.parametrize(("length", "expected"), [(1.0, 0.0), (3.0, 4.0), (0.0, 1.0)])
def test_the_penalty_is_the_squared_distance_of_a_critics_slope_from_1(length, expected):
    weight = length * torch.nn.functional.normalize(torch.randn(6), dim=0)
    found = _generators.gradient_penalty(lambda items: items @ weight, torch.randn(5, 6), torch.randn(5, 6))
    assert float(found) == pytest.approx(expected, abs=1e-4)


def test_the_penalty_teaches_the_critic():
    critic = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    _generators.gradient_penalty(critic, torch.randn(5, 6), torch.randn(5, 6)).backward()
    assert float(critic[0].weight.grad.abs().sum()) > 0
