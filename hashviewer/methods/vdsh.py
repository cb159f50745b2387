import itertools
import math
from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.methods._base import Shallow, Shape, TrainingItems
from hashviewer.methods._labels import ridge
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register


class Splitting:
    """The layer-wise problem: pre-activations A_m, activations Z_m and weights as variables of their own.

    ``1/2 ||Y - Z_M W||^2 + lambda/2 ||W||^2 + sum_m beta/2 ||A_m - Z_{m-1} T_m^T||^2 + gamma/2 ||Z_m - r(A_m)||^2 +
    rho/2 ||T_m||^2`` with r the ReLU, the identity in the last layer. Each step is exact, so no step raises it.

    Attributes:
        thetas: T_m, each (width, width before).
        before: A_m, each (N, width).
        after: Z_0 … Z_M, Z_0 the features (N, D).
        classifier: W (K, C).
    """

    def __init__(
        self,
        features: Tensor,
        labels: Tensor,
        thetas: list[Tensor],
        *,
        decay: float,
        beta: float,
        gamma: float,
        rho: float,
    ) -> None:
        self.labels = labels
        self.gram = features.T @ features  # the features never change, and are the widest layer
        self.thetas = thetas
        self.decay = decay
        self.beta = beta
        self.gamma = gamma
        self.rho = rho
        self.before: list[Tensor] = []
        self.after = [features]
        for layer, theta in enumerate(thetas):
            self.before.append(self.after[-1] @ theta.T)
            self.after.append(self.activated(layer, self.before[-1]))
        self.classifier = ridge(self.after[-1], labels, weight=decay)

    def activated(self, layer: int, values: Tensor) -> Tensor:
        """The layer's r."""
        return values if layer == len(self.thetas) - 1 else values.clamp_min(0)

    def objective(self) -> float:
        """What the steps lower."""
        total = (self.labels - self.after[-1] @ self.classifier).square().sum()
        total = total + self.decay * self.classifier.square().sum()
        for layer, theta in enumerate(self.thetas):
            made = self.before[layer] - self.after[layer] @ theta.T
            kept = self.after[layer + 1] - self.activated(layer, self.before[layer])
            total = total + self.beta * made.square().sum() + self.gamma * kept.square().sum()
            total = total + self.rho * theta.square().sum()
        return float(total / 2)

    def sweep(self) -> None:
        """Each block once, from the first layer to the classifier."""
        for layer in range(len(self.thetas)):
            self.set_theta(layer)
            self.set_before(layer)
            self.set_after(layer)
        self.set_classifier()

    def set_theta(self, layer: int) -> None:
        """T_m = A_m^T Z_{m-1} (Z_{m-1}^T Z_{m-1} + rho / beta I)^{-1}."""
        if layer:
            self.thetas[layer] = ridge(self.after[layer], self.before[layer], weight=self.rho / self.beta).T
            return
        identity = torch.eye(len(self.gram), device=self.gram.device, dtype=self.gram.dtype)
        wanted = self.after[0].T @ self.before[0]
        self.thetas[0] = torch.linalg.solve(self.gram + self.rho / self.beta * identity, wanted).T

    def set_before(self, layer: int) -> None:
        """A_m, entry by entry."""
        made = self.after[layer] @ self.thetas[layer].T
        last = layer == len(self.thetas) - 1
        self.before[layer] = pre_activations(
            made, self.after[layer + 1], beta=self.beta, gamma=self.gamma, linear=last
        )

    def set_after(self, layer: int) -> None:
        """Z_m, from the next layer's pre-activations or, in the last one, from the labels."""
        own = self.gamma * self.activated(layer, self.before[layer])
        if layer == len(self.thetas) - 1:
            quadratic = self.classifier @ self.classifier.T
            linear = self.labels @ self.classifier.T + own
        else:
            theta = self.thetas[layer + 1]
            quadratic = self.beta * theta.T @ theta
            linear = self.beta * self.before[layer + 1] @ theta + own
        identity = torch.eye(len(quadratic), device=own.device, dtype=own.dtype)
        self.after[layer + 1] = torch.linalg.solve(quadratic + self.gamma * identity, linear.T).T

    def close(self) -> Tensor:
        """Fit each layer to its A_m once more, now on what the layers below it really give; returns the outputs (N, K)."""
        made = self.after[0]
        for layer, wanted in enumerate(self.before):
            self.thetas[layer] = ridge(made, wanted, weight=self.rho / self.beta).T
            made = self.activated(layer, made @ self.thetas[layer].T)
        return made

    def set_classifier(self) -> None:
        """W, the ridge regression of the labels on Z_M."""
        self.classifier = ridge(self.after[-1], self.labels, weight=self.decay)


def pre_activations(made: Tensor, after: Tensor, *, beta: float, gamma: float, linear: bool) -> Tensor:
    """The a that minimises gamma (z - r(a))^2 + beta (a - t)^2, elementwise.

    Args:
        made: t, what the layer's weights give.
        after: z, the activations wanted.
        beta: Weight of the first.
        gamma: Weight of the second.
        linear: Whether r is the identity, not the ReLU.
    """
    between = (gamma * after + beta * made) / (gamma + beta)
    if linear:
        return between
    above, below = between.clamp_min(0), made.clamp_max(0)
    cost_above = gamma * (after - above).square() + beta * (above - made).square()
    cost_below = gamma * after.square() + beta * (below - made).square()
    return torch.where(cost_above <= cost_below, above, below)


@register(
    "vdsh",
    title="VDSH",
    family="classification",
    year=2016,
    paper="Z. Zhang, Y. Chen, V. Saligrama: Efficient Training of Very Deep Neural Networks for Supervised Hashing. "
    "CVPR 2016",
    labels="classes",
    confidence="reading",
    published=(
        Published(12, 0.538, "I", "the survey"),
        Published(24, 0.541, "I", "the survey"),
        Published(32, 0.545, "I", "the survey"),
        Published(48, 0.548, "I", "the survey"),
    ),
)
class VDSH(Shallow):
    """Very Deep Supervised Hashing: a deep fully connected network, fitted layer by layer without back-propagation.

    ``1/2 ||Y - F_M(X) W||^2 + lambda/2 ||W||^2`` with F_m = ReLU(F_{m-1} T_m^T), split as in `Splitting` into
    problems of one layer each, which are solved exactly in turn. Codes are the signs of the last layer, less each
    bit's median over the training images.

    Reading: only the idea is the paper's, the splitting and its closed forms are a reading; the last layer has no
    ReLU, so that its sign says something. A last pass fits each layer's weights to its pre-activations on what the
    layers below really give, since the network is used without the auxiliary variables. lambda is
    10 N, rho 0.2 beta N and beta = gamma = 1e-4: with a small lambda W alone follows the labels and the network stays
    as it began (beta = gamma = 1, lambda = rho = 1e-3 gave a precision of .42 on made examples where these reach
    .99). There are 4 hidden layers, of a width that makes no more weights than the usual hash layer has; the paper
    goes up to 64 of 1024. Deeper ones need more sweeps: with 50, on held-out images of
    CIFAR-10, 2 layers gave a precision of .72 and 4 layers .67.
    """

    def __init__(
        self,
        *,
        layers: Annotated[int, Setting("hidden layers", low=1)] = 4,
        width: Annotated[
            int | None, Setting("of each; none: as many weights as the usual head", low=1)
        ] = None,
        decay: Annotated[float, Setting("lambda / N, weight of the classifier's size", low=1e-9)] = 10.0,
        beta: Annotated[
            float, Setting("penalty of pre-activations that weights do not give", low=1e-9)
        ] = 1e-4,
        gamma: Annotated[float, Setting("penalty of activations off their pre-activations", low=1e-9)] = 1e-4,
        rho: Annotated[float, Setting("weight of the weights' size, over beta N", low=1e-9)] = 0.2,
        growth: Annotated[float, Setting("factor of both penalties after each sweep", low=1)] = 1.0,
        sweeps: Annotated[int, Setting("passes over all blocks", low=0)] = 50,
    ) -> None:
        super().__init__()
        self.layers = layers
        self.layer_width = width
        self.decay = decay
        self.beta = beta
        self.gamma = gamma
        self.rho = rho
        self.growth = growth
        self.sweeps = sweeps

    def head(self, shape: Shape) -> nn.Module:
        width = self.layer_width or usual_width(shape, self.layers)
        widths = [shape.feature_dim, *[width] * self.layers]
        hidden = [
            module
            for before, after in itertools.pairwise(widths)
            for module in (nn.Linear(before, after, bias=False), nn.ReLU())
        ]
        return nn.Sequential(*hidden, nn.Linear(width, shape.bits)).requires_grad_(requires_grad=False)

    def fit(self, items: TrainingItems) -> None:
        features, labels = items.features.double(), items.labels.double()
        maps = [module for module in self.hash_layer.children() if isinstance(module, nn.Linear)]
        beginning = [
            torch.randn(map_.out_features, map_.in_features).to(features) * (2 / map_.in_features) ** 0.5
            for map_ in maps
        ]
        count = len(features)
        split = Splitting(
            features,
            labels,
            beginning,
            decay=self.decay * count,
            beta=self.beta,
            gamma=self.gamma,
            rho=self.rho * self.beta * count,
        )
        for _ in range(self.sweeps):
            split.sweep()
            split.beta *= self.growth
            split.gamma *= self.growth
        outputs = split.close()
        for map_, theta in zip(maps, split.thetas, strict=True):
            map_.weight.data.copy_(theta)
        maps[-1].bias.data.copy_(-outputs.median(0).values)


def usual_width(shape: Shape, layers: int) -> int:
    """The largest width of so many hidden layers with no more weights than one of `shape.hidden`; at least 1."""
    ends = shape.feature_dim + shape.bits
    allowed = ends * shape.hidden
    if layers == 1:
        return shape.hidden
    return max(int((math.sqrt(ends**2 + 4 * (layers - 1) * allowed) - ends) / (2 * (layers - 1))), 1)
