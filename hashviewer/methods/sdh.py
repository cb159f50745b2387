from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._layer_sizes import layer_sizes
from hashviewer.methods._pairs import masked_mean, similar, squared_distance, without_self
from hashviewer.methods._principal import principal_directions
from hashviewer.methods._quantization import orthogonality, square
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

_WIDTHS = {16: (60, 30), 32: (80, 50), 64: (100, 80)}  # hidden layers of the paper by code length


class Whitening(nn.Module):
    """The features' first principal components, each divided by its deviation."""

    directions: Tensor  # (P, D)

    def __init__(self, feature_dim: int, components: int) -> None:
        super().__init__()
        self.register_buffer("directions", torch.eye(components, feature_dim))

    def fit(self, features: Tensor) -> None:
        """Learn the components of features (N, D); those of next to no variance are not blown up."""
        directions, deviations = principal_directions(features, len(self.directions))
        least = (1e-2 * deviations[0]).clamp_min(1e-6)
        self.directions = directions / deviations.maximum(least)[:, None]

    def forward(self, features: Tensor) -> Tensor:
        """Components (n, P) of features (n, D)."""
        return features @ self.directions.T


@register(
    "sdh",
    title="SDH",
    family="pairwise",
    year=2015,
    paper="V. Erin Liong et al.: Deep Hashing for Compact Binary Codes Learning. CVPR 2015",
    confidence="mem",
    published=(
        Published(16, 0.188, "I", "GIST features"),
        Published(32, 0.208, "I", "GIST features"),
        Published(64, 0.225, "I", "GIST features"),
    ),
)
class SDH(Method):
    """Supervised Deep Hashing (not Supervised Discrete Hashing): spread outputs, near within classes.

    ``||B - H||^2 / 2 - lam1/2 (tr(H H^T) + alpha (tr Sigma_B - tr Sigma_W)) + lam2/2 sum ||W W^T - I||^2
    + lam3/2 sum (||W||^2 + ||c||^2)``: B = sgn(H) is a constant, the traces are the mean squared distances of
    dissimilar and of similar pairs without those of an item with itself. Every layer is a tanh layer. W^1 begins with
    principal directions, the others as truncated identities. The first two terms are means over items; the paper's
    lam1 = 100 goes with its sums.

    No term joins two bits but that of orthogonal weights, and each bit for itself is best where all others are: on
    one and the same halving of the classes. Orthogonal weights give independent bits only if the features are
    white, so they are (else bits had a mean correlation of .54 and a precision of .51 on held-out images of CIFAR-10, now
    .26 and .58), and only if a bit has weights of its own: behind the paper's shared hidden layers, which an "mlp" head
    has, all bits settled alike (.93 and .29). Hence the advice of a linear head, the tanh layer alone, which the
    specification of a hash layer on a deep network is, too. Where a port has alpha = 1 and lam2 = 0.001, these are
    10 and 0.1: with its alpha, bits settle on values that never change, whose variance about 0 is as large.

    Reading: the features are their first 128 principal components, each of deviation 1, so that W^1 begins as a
    truncated identity, too; layers are no wider than they are many.
    """

    advice = Advice(epochs=60, learning_rate=1e-2, weight_decay=0.0, head="linear")

    def __init__(
        self,
        *,
        quantization: Annotated[float, Setting("weight of ||B - H||^2 / 2", low=0)] = 0.001,
        variance: Annotated[float, Setting("lam1, weight of the variance of outputs", low=0)] = 1.0,
        alpha: Annotated[float, Setting("share of the pairs in that; 0: unsupervised DH", low=0)] = 10.0,
        orthogonal: Annotated[float, Setting("lam2, weight of orthogonal layers", low=0)] = 0.1,
        decay: Annotated[float, Setting("lam3, weight of small weights", low=0)] = 0.001,
        components: Annotated[int, Setting("principal components of the features", low=1)] = 128,
    ) -> None:
        super().__init__()
        self.quantization = quantization
        self.variance = variance
        self.alpha = alpha
        self.orthogonal = orthogonal
        self.decay = decay
        self.components = components

    def head(self, shape: Shape) -> nn.Module:
        hidden = () if shape.head == "linear" else layer_sizes(shape.bits, _WIDTHS)
        whitening = Whitening(shape.feature_dim, min(self.components, shape.feature_dim))
        kept = len(whitening.directions)
        sizes = [kept, *(min(width, kept) for width in hidden), shape.bits]
        layers: list[nn.Module] = [whitening]
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.Tanh()]
        return nn.Sequential(*layers[:-1])

    def layers(self) -> list[nn.Linear]:
        """The linear maps, first to last."""
        return [module for module in self.hash_layer.modules() if isinstance(module, nn.Linear)]

    def begin(self, items: TrainingItems) -> None:
        whitening = next(module for module in self.hash_layer.modules() if isinstance(module, Whitening))
        whitening.fit(items.features)
        for layer in self.layers():
            nn.init.eye_(layer.weight)
            nn.init.zeros_(layer.bias)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        codes = batch.relaxed
        similarity = similar(batch.labels)
        others = without_self(similarity, batch.indices, batch.indices)
        apart = squared_distance(codes, codes)
        within = masked_mean(apart, similarity * others)
        between = masked_mean(apart, (1 - similarity) * others)
        layers = self.layers()
        turned = torch.stack([orthogonality(layer.weight) for layer in layers]).sum()
        large = torch.stack([layer.weight.square().sum() + layer.bias.square().sum() for layer in layers])
        return {
            "quantization": self.quantization / 2 * square(codes).sum(1).mean(),
            "variance": -self.variance / 2 * codes.square().sum(1).mean(),
            "pairs": self.variance * self.alpha / 2 * (within - between),
            "orthogonality": self.orthogonal / 2 * turned,
            "weights": self.decay / 2 * large.sum(),
        }
