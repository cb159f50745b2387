"""The maps from a backbone's features to the hash layer's outputs."""

from typing import Literal

import torch
from torch import Tensor, nn


class FeatureScaling(nn.Module):
    """Shifts features to mean 0 and divides by one common scale, so that constants suit every backbone.

    Does nothing until it is fitted.
    """

    mean: Tensor  # (D,)
    scale: Tensor  # ()

    def __init__(self, feature_dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(feature_dim))
        self.register_buffer("scale", torch.ones(()))

    def fit(self, features: Tensor) -> None:
        """Learn mean and scale (root mean square deviation) of features (N, D)."""
        self.mean = features.mean(dim=0)
        self.scale = (features - self.mean).square().mean().sqrt().clamp_min(1e-6)

    def forward(self, features: Tensor) -> Tensor:
        """Scaled features; (n, D) or maps (n, D, h, w)."""
        mean = self.mean if features.ndim == 2 else self.mean[:, None, None]
        return (features - mean) / self.scale


def hash_layer(
    feature_dim: int, width: int, *, kind: Literal["linear", "mlp"] = "linear", hidden: int = 256
) -> nn.Module:
    """A hash layer of `width` outputs: one linear map, or one with a hidden layer, ReLU and dropout before it."""
    last_input = feature_dim if kind == "linear" else hidden
    last = nn.Linear(last_input, width)
    nn.init.normal_(last.weight, std=last_input**-0.5)
    nn.init.zeros_(last.bias)
    if kind == "linear":
        return last
    return nn.Sequential(nn.Linear(feature_dim, hidden), nn.ReLU(), nn.Dropout(0.2), last)


class TwoNets(nn.Module):
    """Two hash layers side by side: outputs (n, 2 K), the query side first."""

    def __init__(self, query: nn.Module, database: nn.Module) -> None:
        super().__init__()
        self.query = query
        self.database = database

    def forward(self, features: Tensor) -> Tensor:
        """Both sides' outputs (n, 2 K)."""
        return torch.cat([self.query(features), self.database(features)], dim=1)


class SideBySide(nn.Module):
    """Any number of hash layers over the same features, as tables of one code: outputs (n, K_1 + K_2 + …)."""

    def __init__(self, tables: list[nn.Module]) -> None:
        super().__init__()
        self.tables = nn.ModuleList(tables)

    def forward(self, features: Tensor) -> Tensor:
        """All tables' outputs, one after the other."""
        return torch.cat([table(features) for table in self.tables], dim=1)


def final_map(layer: nn.Module) -> nn.Linear:
    """The linear map that a layer of `hash_layer` ends with."""
    last = [layer, *layer.children()][-1]
    assert isinstance(last, nn.Linear)
    return last
