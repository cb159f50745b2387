from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms
from hashviewer.methods._heads import hash_layer
from hashviewer.methods._settings import Setting
from hashviewer.methods._triplets import gap, valid_graded
from hashviewer.methods.registry import Published, register


class SkippingHead(nn.Module):
    """A linear map of the features and of a hidden layer over them, side by side: (n, D) to (n, K)."""

    def __init__(self, feature_dim: int, bits: int, hidden: int) -> None:
        super().__init__()
        self.second = nn.Sequential(nn.Linear(feature_dim, hidden), nn.ReLU(), nn.Dropout(0.2))
        self.last = hash_layer(feature_dim + hidden, bits)

    def forward(self, features: Tensor) -> Tensor:
        """The hash layer's outputs."""
        outputs: Tensor = self.last(torch.cat([features, self.second(features)], dim=1))
        return outputs


def pair_weights(relevance: Tensor) -> Tensor:
    """(2^r_i - 2^r_j) / Z of each query q, (n, n, n) [q, i, j], for relevances (n, n).

    Z is the ideal discounted gain of the list: the sum of (2^r - 1) / log2(1 + rank) with the largest r first.
    """
    gain = torch.exp2(relevance)
    best = (gain - 1).sort(dim=1, descending=True).values
    ranks = torch.arange(1, len(relevance) + 1, device=relevance.device, dtype=relevance.dtype)
    ideal = (best / torch.log2(1 + ranks)).sum(1)
    return gap(gain) / ideal.clamp_min(1e-12)[:, None, None]


@register(
    "dsrh",
    title="DSRH",
    family="multiwise",
    year=2015,
    paper="F. Zhao, Y. Huang, L. Wang, T. Tan: Deep Semantic Ranking Based Hashing for Multi-Label Image "
    "Retrieval. CVPR 2015",
    labels="classes",
    confidence="reading",
    published=(
        Published(12, 0.608, "I", "run by others, the survey"),
        Published(24, 0.610, "I", "run by others, the survey"),
        Published(32, 0.617, "I", "run by others, the survey"),
        Published(48, 0.617, "I", "run by others, the survey"),
    ),
)
class DSRH(Method):
    """Deep Semantic Ranking Hashing: ranking lists by shared labels, the top weighing most.

    For each query q, over images i and j of which i shares more labels with it (r_i > r_j), the mean of
    ``(2^r_i - 2^r_j) / Z max(0, rho + delta (d(q, i) - d(q, j)))``, d the relaxed Hamming distance and Z the ideal
    discounted gain of q's list; then the mean over queries, plus alpha / 2 ||mean h||^2 and beta / 2 ||W||^2 of the
    hash layer. The hash layer reads two layers, the features and a hidden one over them (the head of one linear map
    reads the features alone).

    Reading: the constants are not the paper's but delta = 1, rho = K / 4, alpha = 0.1 and beta = 5e-4; h is
    2 sigmoid(u) - 1; lists are the batch, each image once the query, and a list's sum is divided by its pairs.
    """

    advice = Advice(epochs=60, batch=64, learning_rate=1e-3)

    def __init__(
        self,
        *,
        delta: Annotated[float, Setting("factor of distances, in bits", low=0)] = 1.0,
        rho: Annotated[float | None, Setting("gap wanted; none: a quarter of the bits", low=0)] = None,
        alpha: Annotated[float, Setting("weight of bit balance", low=0)] = 0.1,
        beta: Annotated[float, Setting("weight of the hash layer's size", low=0)] = 5e-4,
        normalized: Annotated[bool, Setting("whether weights are divided by the list's ideal gain")] = True,
    ) -> None:
        super().__init__()
        self.delta = delta
        self.rho = rho
        self.alpha = alpha
        self.beta = beta
        self.normalized = normalized

    def head(self, shape: Shape) -> nn.Module:
        if shape.head == "linear":
            return hash_layer(shape.feature_dim, shape.bits)
        # as many weights in all as the usual head with its hidden layer
        skipped = -(-shape.feature_dim * shape.bits // (shape.feature_dim + shape.bits))
        hidden = max(shape.hidden - skipped, shape.hidden // 4, 1)
        return SkippingHead(shape.feature_dim, shape.bits, hidden)

    def activation(self, outputs: Tensor) -> Tensor:
        return 2 * torch.sigmoid(outputs) - 1

    def forward(self, batch: Batch) -> Terms:
        codes = batch.relaxed
        last = self.hash_layer.last if isinstance(self.hash_layer, SkippingHead) else self.hash_layer
        assert isinstance(last, nn.Linear)
        return {
            "ranking": self._ranking(codes, batch.labels @ batch.labels.T),
            "balance": self.alpha / 2 * codes.mean(0).square().sum(),
            "decay": self.beta / 2 * last.weight.square().sum(),
        }

    def _ranking(self, codes: Tensor, relevance: Tensor) -> Tensor:
        bits = self.shape.bits
        rho = bits / 4 if self.rho is None else self.rho
        hinge = (rho + self.delta * gap((bits - codes @ codes.T) / 2)).clamp_min(0)  # (n, n, n)
        weights = pair_weights(relevance) if self.normalized else gap(torch.exp2(relevance))
        pairs = valid_graded(relevance)
        lists = torch.where(pairs > 0, weights * hinge, 0).sum((1, 2)) / pairs.sum((1, 2)).clamp_min(1)
        return lists.sum() / (pairs.sum((1, 2)) > 0).sum().clamp_min(1)
