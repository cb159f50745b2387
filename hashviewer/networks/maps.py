"""Backbones that give their last map instead of pooled features, for methods that weigh its places.

A map is reduced to a small grid and, where that is still much, to fewer channels, so that the features of a data set
stay a few times as large as pooled ones.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.errors import CheckpointError
from hashviewer.networks.trunks import Trunk

GRIDS = (4, 9, 16)  # places: 2 x 2, 3 x 3, 4 x 4
MOST = 5120  # numbers of an image: 10 KB in 16 bits; EfficientNet-Lite0's 1,280 channels at four places


class MapTrunk(Trunk):
    """A backbone from uint8 images (B, S, S, 3) to maps (B, D P) float32: D channels one after the other, P places each.

    The map before pooling is averaged to a square grid of P places. Where D P would pass `MOST`, its channels are
    mapped to fewer by a fixed matrix of random signs, which keeps angles and lengths nearly as they are.

    Attributes:
        positions: P.
        channels: D.
    """

    projection: Tensor  # (C, D), or (0, 0) where all channels are kept

    def __init__(self, trunk: Trunk, positions: int) -> None:
        nn.Module.__init__(self)
        self.name, self.network = trunk.name, trunk.network
        self.weights, self.sha256, self.size = trunk.weights, trunk.sha256, trunk.size
        self.register_buffer("mean", trunk.mean)
        self.register_buffer("deviation", trunk.deviation)
        self.positions = positions
        empty = torch.zeros(1, self.size, self.size, 3, dtype=torch.uint8)
        with torch.no_grad():
            found = self.eval().last_map(self.normalised(empty)).shape[1]
        self.channels = min(found, MOST // positions)
        projected = self.channels < found
        self.register_buffer(
            "projection", _random_signs(found, self.channels) if projected else torch.zeros(0, 0)
        )
        self.feature_dim = self.channels * positions

    def forward(self, images: Tensor) -> Tensor:
        """Maps (B, D P)."""
        edge = math.isqrt(self.positions)
        grid = functional.adaptive_avg_pool2d(self.last_map(self.normalised(images)).float(), edge).flatten(2)
        if len(self.projection):
            grid = (grid.transpose(1, 2) @ self.projection).transpose(1, 2)
        return grid.flatten(1)

    def last_map(self, pixels: Tensor) -> Tensor:
        """The map (B, C, h, w) before pooling.

        Raises:
            CheckpointError: The network has none.
        """
        network = self.network
        if hasattr(network, "forward_features"):  # timm's
            found: Tensor = network.forward_features(pixels)  # type: ignore[operator]
        elif hasattr(network, "layer4"):
            layers = [layer for name, layer in network.named_children() if name not in ("avgpool", "fc")]
            found = nn.Sequential(*layers)(pixels)
        elif isinstance(network, nn.Sequential):
            layers = list(network)
            end = next(place for place, layer in enumerate(layers) if isinstance(layer, nn.Flatten))
            found = nn.Sequential(*layers[:end])(pixels)
        else:  # AlexNet, VGG; CNN-F
            convolutions = network.features if hasattr(network, "features") else network.convolutions
            found = convolutions(pixels)  # type: ignore[operator]
        if found.ndim != 4 or getattr(network, "num_features", found.shape[1]) != found.shape[1]:
            raise CheckpointError(
                f"The backbone {self.name} has no map with places: take one made of convolutions."
            )
        return found


def with_maps(trunk: Trunk, positions: int) -> Trunk:
    """A backbone that gives maps of so many places; 1 is the backbone itself, with pooled features.

    Raises:
        CheckpointError: There is no square grid of so many places, or the network has no map.
    """
    if positions == 1:
        return trunk
    if positions not in GRIDS:
        raise CheckpointError(
            f"A map has {', '.join(map(str, GRIDS))} places, squares of 2, 3 and 4; {positions} were asked for."
        )
    return MapTrunk(trunk, positions)


def pooled(features: Tensor, positions: int) -> Tensor:
    """Means (n, D) over the places of maps (n, D P); pooled features (P = 1) as they are."""
    return features if positions == 1 else features.reshape(len(features), -1, positions).mean(2)


def _random_signs(rows: int, columns: int) -> Tensor:
    """The same matrix everywhere: +-1 / sqrt(columns), half of each."""
    draw = torch.Generator().manual_seed(rows * 65537 + columns)
    ones: Tensor = torch.randint(2, (rows, columns), generator=draw) * 2 - 1
    return ones / math.sqrt(columns)
