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


class Shrink(nn.Module):
    """Divides its input by one number."""

    divisor: Tensor  # ()

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("divisor", torch.ones(()))

    def forward(self, features: Tensor) -> Tensor:
        """Features (n, D) divided."""
        return features / self.divisor


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
    dissimilar and of similar pairs without those of an item with itself. Every layer is a tanh layer; W^1 begins
    with principal directions, the others as truncated identities. The first two terms are means over items, for
    which the defaults are a port's but for two; the paper's lam1 = 100 goes with its sums. With the port's lam2 =
    0.001 all bits settle on the same halving of the classes, and with its alpha = 1 on values that never change,
    whose variance about 0 is as large; both are 10 here.

    Reading: the features are divided by their deviation along the first principal direction, since orthonormal
    W^1 would saturate the tanh otherwise; layers are no wider than the features. A linear head is the tanh layer
    alone.
    """

    advice = Advice(epochs=60, learning_rate=3e-3, weight_decay=0.0)

    def __init__(
        self,
        *,
        quantization: Annotated[float, Setting("weight of ||B - H||^2 / 2", low=0)] = 0.001,
        variance: Annotated[float, Setting("lam1, weight of the variance of outputs", low=0)] = 1.0,
        alpha: Annotated[float, Setting("share of the pairs in that; 0: unsupervised DH", low=0)] = 10.0,
        orthogonal: Annotated[float, Setting("lam2, weight of orthogonal layers", low=0)] = 10.0,
        decay: Annotated[float, Setting("lam3, weight of small weights", low=0)] = 0.001,
    ) -> None:
        super().__init__()
        self.quantization = quantization
        self.variance = variance
        self.alpha = alpha
        self.orthogonal = orthogonal
        self.decay = decay

    def head(self, shape: Shape) -> nn.Module:
        hidden = () if shape.head == "linear" else layer_sizes(shape.bits, _WIDTHS)
        sizes = [shape.feature_dim, *(min(width, shape.feature_dim) for width in hidden), shape.bits]
        layers: list[nn.Module] = [Shrink()]
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.Tanh()]
        return nn.Sequential(*layers[:-1])

    def layers(self) -> list[nn.Linear]:
        """The linear maps, first to last."""
        return [module for module in self.hash_layer.modules() if isinstance(module, nn.Linear)]

    def begin(self, items: TrainingItems) -> None:
        first, *others = self.layers()
        directions, deviations = principal_directions(items.features, first.out_features)
        first.weight.copy_(directions)
        for layer in others:
            nn.init.eye_(layer.weight)
        for layer in self.layers():
            nn.init.zeros_(layer.bias)
        shrink = next(module for module in self.hash_layer.modules() if isinstance(module, Shrink))
        shrink.divisor.copy_(deviations[0].clamp_min(1e-6))

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
