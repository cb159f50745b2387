from collections.abc import Iterator
from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._settings import Setting
from hashviewer.methods._unsupervised import compared, cosine_distances
from hashviewer.methods.registry import register

_BINS = 200  # of width 0.01 over all distances, 0…2
_WIDTH = 0.01
_ROWS = 1024  # of the distance matrix at once


@register(
    "ssdh-unsupervised",
    title="SSDH, unsupervised",
    family="unsupervised",
    year=2018,
    paper="E. Yang, C. Deng, T. Liu, W. Liu, D. Tao: Semantic Structure-based Unsupervised Deep Hashing. IJCAI 2018",
    labels="none",
    survey=False,
)
class SSDHUnsupervised(Method):
    """Semantic Structure-based unsupervised Deep Hashing: only the surely near and the surely far pairs teach.

    The cosine distances of all training features have a fullest bin m and, mirrored about it on either side, two
    deviations. ``mean |S_ij| (h_i . h_j / K - S_ij)^2`` with h = tanh(u); S is +1 below m - 2 sigma_left, -1 above
    m + 2 sigma_right, else 0. An image's pair with itself is similar, but is left out of the statistics.
    Where the backbone is trained along, S follows its features, while the thresholds stay those of the beginning.
    """

    labelled = False
    advice = Advice(epochs=30, batch=64, learning_rate=1e-3)
    near: Tensor  # () m - 2 sigma_left
    far: Tensor  # () m + 2 sigma_right

    def __init__(
        self,
        *,
        deviations: Annotated[float, Setting("deviations from m that make a pair sure", low=0)] = 2.0,
        centred: Annotated[bool, Setting("compare features less their mean; no: as they are")] = False,
    ) -> None:
        super().__init__()
        self.deviations = deviations
        self.centred = centred

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("near", torch.zeros(()))
        self.register_buffer("far", torch.zeros(()))

    def begin(self, items: TrainingItems) -> None:
        features = compared(items.features, self.scaling, centred=self.centred)
        mode, left, right = spreads(features)
        self.near = mode - self.deviations * left
        self.far = mode + self.deviations * right

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        similarity = self.structure(compared(batch.features, self.scaling, centred=self.centred))
        products = batch.relaxed @ batch.relaxed.T / self.width
        return {"structure": (similarity.abs() * (products - similarity).square()).mean()}

    def structure(self, features: Tensor) -> Tensor:
        """S (n, n) of -1, 0 and +1."""
        distances = cosine_distances(features, features)
        return (distances < self.near).to(features.dtype) - (distances > self.far).to(features.dtype)


def spreads(features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The fullest bin's left edge of the cosine distances of all pairs, and their deviations from it on either side."""
    counts = torch.zeros(_BINS, device=features.device)
    for distances in _distances(features):
        bins = (distances / _WIDTH).long().clamp(0, _BINS - 1)
        counts += torch.bincount(bins, minlength=_BINS)
    mode = counts.argmax() * _WIDTH
    squares, pairs = torch.zeros(2, 2, dtype=torch.float64, device=features.device).unbind()
    for distances in _distances(features):
        off = distances.double() - mode
        sides = torch.stack([off <= 0, off > 0])
        squares = squares + (sides * off.square()).sum(1)
        pairs = pairs + sides.sum(1)
    left, right = (squares / pairs.clamp_min(1)).sqrt().to(features.dtype)
    return mode.to(features.dtype), left, right


def _distances(features: Tensor) -> Iterator[Tensor]:
    """The cosine distances of all pairs of two different items, a part at a time."""
    for first in range(0, len(features), _ROWS):
        part = cosine_distances(features[first : first + _ROWS], features)
        rows = torch.arange(len(part), device=part.device)
        other = torch.ones_like(part, dtype=torch.bool)
        other[rows, rows + first] = False
        yield part[other]
