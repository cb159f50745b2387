"""Backbones that give maps."""

import pytest
import torch
from torch.nn import functional

from hashviewer.errors import CheckpointError
from hashviewer.networks.maps import MOST, pooled, with_maps
from hashviewer.networks.trunks import make_trunk


def pixels(edge, count=2):
    draw = torch.Generator().manual_seed(0)
    return torch.randint(256, (count, edge, edge, 3), dtype=torch.uint8, generator=draw)


@pytest.mark.parametrize(
    ("name", "edge", "channels"),
    [("dsh-small", 32, 64), ("efficientnet-lite0", 64, 1280), ("alexnet", 64, 256)],
)
def test_a_map_is_the_last_one_averaged_to_a_grid_channel_by_channel(name, edge, channels):
    torch.manual_seed(0)
    plain = make_trunk(name, pretrained=False)
    trunk = with_maps(plain, 4).eval()
    images = pixels(edge)
    with torch.no_grad():
        features = trunk(images)
        whole = trunk.last_map(trunk.normalised(images))
    assert features.shape == (2, trunk.feature_dim) == (2, 4 * channels)
    grid = functional.adaptive_avg_pool2d(whole, 2)
    assert torch.allclose(features.reshape(2, channels, 2, 2), grid, atol=1e-5)


def test_pooling_a_map_over_its_places_gives_the_backbones_own_features():
    plain = make_trunk("efficientnet-lite0", pretrained=True).eval()
    trunk = with_maps(plain, 4).eval()
    with torch.no_grad():
        assert torch.allclose(pooled(trunk(pixels(128)), 4), plain(pixels(128)), atol=1e-4)


def test_many_places_have_fewer_channels_which_keep_distances_and_are_the_same_each_time():
    plain = make_trunk("efficientnet-lite0", pretrained=True).eval()
    first, again = with_maps(plain, 16), with_maps(plain, 16)
    assert torch.equal(first.projection, again.projection)
    assert first.feature_dim <= MOST
    assert first.channels == 320
    with torch.no_grad():
        few = first.eval()(pixels(128, 6)).reshape(6, 320, 16).transpose(1, 2).flatten(0, 1)
        all_channels = (
            first.last_map(first.normalised(pixels(128, 6))).flatten(2).transpose(1, 2).flatten(0, 1)
        )
    ratio = torch.pdist(few) / torch.pdist(all_channels)
    assert 0.85 < float(ratio.mean()) < 1.15
    assert float(ratio.std()) < 0.1


def test_pooled_features_and_impossible_maps():
    plain = make_trunk("dsh-small", pretrained=False)
    assert with_maps(plain, 1) is plain
    with pytest.raises(CheckpointError, match="4, 9, 16 places"):
        with_maps(plain, 5)
    with pytest.raises(CheckpointError, match="no map with places"):
        with_maps(make_trunk("timm:vit_tiny_patch16_224", pretrained=False), 4)
