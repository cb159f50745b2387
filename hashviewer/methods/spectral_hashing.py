import math

import torch
from torch import Tensor, nn

from hashviewer.methods._base import Method, Shallow, Shape, TrainingItems
from hashviewer.methods._components import top_components
from hashviewer.methods.registry import register


@register(
    "spectral-hashing",
    title="Spectral hashing",
    family="unsupervised",
    year=2008,
    paper="Y. Weiss, A. Torralba, R. Fergus: Spectral Hashing. NIPS 2008",
    labels="none",
    survey=False,
)
class SpectralHashing(Shallow):
    """Spectral hashing: the smoothest eigenfunctions of a box along the principal components, cut at 0.

    A component that ranges over [a, b] has the eigenfunctions sin(pi / 2 + k pi (x - a) / (b - a)), k = 1, 2 …, the
    smoother the smaller k / (b - a). The K smoothest of all components are the bits: a wide component gives several.
    """

    labelled = False
    kept = (*Method.kept, "lows", "waves", "places")
    lows: Tensor  # (K,) a of each bit's component
    waves: Tensor  # (K,) k pi / (b - a), ascending
    places: Tensor  # (K,) int64, the component of each bit

    def head(self, shape: Shape) -> nn.Module:
        count = min(shape.bits, shape.feature_dim)
        return nn.Linear(shape.feature_dim, count).requires_grad_(requires_grad=False)

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("lows", torch.zeros(shape.bits))
        self.register_buffer("waves", torch.zeros(shape.bits))
        self.register_buffer("places", torch.zeros(shape.bits, dtype=torch.int64))

    def fit(self, items: TrainingItems) -> None:
        assert isinstance(self.hash_layer, nn.Linear)
        mean, components = top_components(items.features, self.width)
        self.hash_layer.weight.data.copy_(components.T)
        self.hash_layer.bias.data.copy_(-components.T @ mean)
        projected = self.hash_layer(items.features)
        lows, highs = projected.min(0).values, projected.max(0).values
        counts = torch.arange(1, self.shape.bits + 1, device=lows.device)
        waves = math.pi * counts[None] / (highs - lows).clamp_min(1e-12)[:, None]  # (components, K)
        smoothest = waves.flatten().argsort(stable=True)[: self.shape.bits]
        self.places = smoothest // self.shape.bits
        self.waves = waves.flatten()[smoothest]
        self.lows = lows[self.places]

    def encode(self, outputs: Tensor) -> Tensor:
        return torch.sin(math.pi / 2 + self.waves * (outputs[:, self.places] - self.lows))
