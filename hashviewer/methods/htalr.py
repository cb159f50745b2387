from typing import Annotated, Literal

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms
from hashviewer.methods._histograms import relaxed_distances, soft_bins
from hashviewer.methods._pairs import masked_mean, without_self
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

Objective = Literal["precision", "gain"]


@register(
    "htalr",
    title="HTALR",
    family="implicit",
    year=2018,
    paper="K. He, F. Cakir, S. A. Bargal, S. Sclaroff: Hashing as Tie-Aware Learning to Rank. CVPR 2018",
    published=(
        Published(48, 0.826, "I", "CNN-F, as recalled"),
        Published(48, 0.945, "II", "CNN-F, as recalled"),
    ),
)
class HTALR(Method):
    """Hashing as Tie-Aware Learning to Rank: the measure of the ranking itself, with ties, made differentiable.

    The loss is ``-mean_i AP_i`` or ``-mean_i NDCG_i`` in the authors' simplified tie-aware form over soft histograms of
    the relaxed distances of item i to the others of the batch: `precision` and `gain`. Codes are 2 sigmoid(gamma u) - 1;
    gamma may double every few epochs. With "gain" the relevance of an item is the number of shared labels, for
    collections with several labels an image. Items without a relevant one in the batch are left out.
    """

    advice = Advice(epochs=60, batch=256, learning_rate=1e-3)
    sharpness: Tensor  # () gamma at present

    def __init__(
        self,
        *,
        objective: Annotated[
            Objective, Setting("average precision, or normalized discounted gain")
        ] = "precision",
        gamma: Annotated[float, Setting("slope of the sigmoid at first", low=1e-3)] = 1.0,
        doubling: Annotated[int, Setting("epochs until gamma doubles; 0: never", low=0)] = 0,
        bins: Annotated[
            int | None, Setting("bins of a histogram; none: half the bits, or the bits if below 32", low=1)
        ] = None,
    ) -> None:
        super().__init__()
        self.objective = objective
        self.gamma = gamma
        self.doubling = doubling
        self.bins = bins

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("sharpness", torch.tensor(self.gamma))

    def begin_epoch(self, clock: Clock) -> None:
        doublings = clock.epoch // self.doubling if self.doubling else 0
        self.sharpness.fill_(self.gamma * 2.0**doublings)

    def activation(self, outputs: Tensor) -> Tensor:
        return 2 * torch.sigmoid(self.sharpness * outputs) - 1

    def forward(self, batch: Batch) -> Terms:
        bits = self.shape.bits
        bins = (bits // 2 if bits >= 32 else bits) if self.bins is None else self.bins
        shared = batch.labels @ batch.labels.T  # (n, n)
        mask = without_self(shared, batch.indices, batch.indices)
        shares = soft_bins(relaxed_distances(batch.relaxed), bits=bits, bins=bins)
        counts = torch.einsum("ijl,ij->il", shares, mask)
        relevant = (shared > 0).to(shared.dtype) * mask
        found = (relevant.sum(1) > 0).to(shared.dtype)
        if self.objective == "precision":
            score = precision(counts, torch.einsum("ijl,ij->il", shares, relevant))
        else:
            gains = (2.0**shared - 1) * mask
            score = gain(counts, torch.einsum("ijl,ij->il", shares, gains)) / ideal_gain(gains)
        return {self.objective: -masked_mean(score, found)}


def precision(counts: Tensor, relevant: Tensor) -> Tensor:
    """Simplified tie-aware average precision (n,) of counts (n, bins) of all and of relevant items by distance."""
    until, until_relevant = counts.cumsum(1), relevant.cumsum(1)
    before, before_relevant = until - counts, until_relevant - relevant
    summed = relevant * (before_relevant + until_relevant + 1) / (before + until + 1)
    return summed.sum(1) / relevant.sum(1).clamp_min(1e-12)


def gain(counts: Tensor, gains: Tensor) -> Tensor:
    """Simplified tie-aware discounted cumulative gain (n,) of counts and sums of gains (n, bins) by distance."""
    before = counts.cumsum(1) - counts
    return (gains / (before + (counts + 1) / 2 + 1).log2()).sum(1)


def ideal_gain(gains: Tensor) -> Tensor:
    """Discounted cumulative gain (n,) of the best order of items with gains (n, m); 1 where all are 0."""
    places = torch.arange(gains.shape[1], device=gains.device, dtype=gains.dtype)
    best = (gains.sort(dim=1, descending=True).values / (places + 2).log2()).sum(1)
    return torch.where(best > 0, best, torch.ones_like(best))
