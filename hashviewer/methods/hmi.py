from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Method, Terms
from hashviewer.methods._histograms import relaxed_distances, soft_bins
from hashviewer.methods._pairs import masked_mean, similar, without_self
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

_SMALLEST = 1e-12


@register(
    "hmi",
    title="HMI",
    family="implicit",
    year=2019,
    paper="F. Cakir, K. He, S. A. Bargal, S. Sclaroff: Hashing with Mutual Information. TPAMI 2019",
    published=(Published(48, 0.816, "I", "the survey's journal edition"),),
)
class HMI(Method):
    """Hashing with Mutual Information: how much a distance tells about whether two items are neighbours.

    The loss is ``-mean_i I(D_i; C_i)``, ``I = H(p(D_i)) - P(+)_i H(p+_i) - P(-)_i H(p-_i)`` in bits of information,
    with histograms of the relaxed distances of item i to the others of the batch; codes are 2 sigmoid(A u) - 1. The
    mean is over items with both a neighbour and another in the batch (the authors' code takes the sum).
    """

    advice = Advice(epochs=60, batch=256, learning_rate=1e-3)

    def __init__(
        self,
        *,
        slope: Annotated[float, Setting("A, slope of the sigmoid", low=1e-3)] = 1.0,
        bins: Annotated[int | None, Setting("bins of a histogram; none: half the bits", low=1)] = None,
    ) -> None:
        super().__init__()
        self.slope = slope
        self.bins = bins

    def activation(self, outputs: Tensor) -> Tensor:
        return 2 * torch.sigmoid(self.slope * outputs) - 1

    def forward(self, batch: Batch) -> Terms:
        similarity = similar(batch.labels)
        mask = without_self(similarity, batch.indices, batch.indices)
        near, far = similarity * mask, (1 - similarity) * mask
        bins = max(self.shape.bits // 2, 1) if self.bins is None else self.bins
        shares = soft_bins(relaxed_distances(batch.relaxed), bits=self.shape.bits, bins=bins)
        told = information(torch.einsum("ijl,ij->il", shares, near), torch.einsum("ijl,ij->il", shares, far))
        both = ((near.sum(1) > 0) & (far.sum(1) > 0)).to(told.dtype)
        return {"information": -masked_mean(told, both)}


def information(near: Tensor, far: Tensor) -> Tensor:
    """Mutual information (n,) in bits between distance and kind, of counts (n, bins) of neighbours and of others."""
    prior = near.sum(1) / (near + far).sum(1).clamp_min(_SMALLEST)
    return entropy(near + far) - prior * entropy(near) - (1 - prior) * entropy(far)


def entropy(counts: Tensor) -> Tensor:
    """Entropy (n,) in bits of counts (n, bins); 0 where there are none."""
    shares = counts / counts.sum(1, keepdim=True).clamp_min(_SMALLEST)
    return -(shares * shares.clamp_min(_SMALLEST).log2()).sum(1)
