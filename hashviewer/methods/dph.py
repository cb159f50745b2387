from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Method, Terms
from hashviewer.methods._pairs import cosine, likelihood, masked_mean, similar, without_self
from hashviewer.methods._quantization import cosine_to_ones, log_cosh
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import register

_MOST = 0.99  # cosines are clipped to this, as in the authors' code


@register(
    "dph",
    title="DPH",
    family="pairwise",
    year=2018,
    paper="Z. Cao, Z. Sun, M. Long, J. Wang, P. S. Yu: Deep Priority Hashing. ACM Multimedia 2018",
    confidence="reading",
)
class DPH(Method):
    """Deep Priority Hashing: pairs and images that are still hard count more.

    ``sum_ij a_ij (1 - q_ij)^g l_ij / mean (1 - q_ij)^g + lambda sum_i (1 - q_i)^g sum_k log cosh(|h_ik| - 1)`` with
    h = tanh(u), l_ij = softplus(t) - s t, t = 10 h_i . h_j / K. q_ij is (1 + cos) / 2 of a similar pair, (1 - cos) / 2
    of a dissimilar one; both priorities are constants in the gradient. a_ij = sqrt(|S_i| |S_j| / (|S_i^1| |S_j^1|))
    for similar pairs, and likewise for dissimilar ones where that is switched on; the survey's form differs by a
    factor that is the same for all pairs of a batch. The first sum is divided by the pairs of different items of the
    batch (the release pairs two batches), the second by n K.

    Reading: an image's ease is q_i = (1 + cos(|h_i|, 1)) / 2; the authors' code has no priority there. The paper has
    no figure for CIFAR-10.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)

    def __init__(
        self,
        *,
        focus: Annotated[float, Setting("g, how much harder ones count more; 0: all alike", low=0)] = 0.1,
        alpha: Annotated[float | None, Setting("factor of inner products; none: 10 / bits", low=0)] = None,
        quantization: Annotated[float, Setting("lambda, weight of the quantization term", low=0)] = 0.15,
        both: Annotated[bool, Setting("whether rare dissimilar pairs weigh more too")] = False,
    ) -> None:
        super().__init__()
        self.focus = focus
        self.alpha = alpha
        self.quantization = quantization
        self.both = both

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        codes = batch.relaxed
        similarity = similar(batch.labels)
        mask = without_self(similarity, batch.indices, batch.indices)
        alpha = 10 / self.shape.bits if self.alpha is None else self.alpha
        losses = likelihood(alpha * codes @ codes.T, similarity)  # (n, n)
        priority = self.pair_priorities(cosine(codes, codes).detach(), similarity)
        weights = priority * self.imbalance(similarity, mask) / masked_mean(priority, mask).clamp_min(1e-12)
        lost = self.image_priorities(codes.detach())[:, None] * log_cosh(codes)
        return {
            "pairs": masked_mean(weights * losses, mask),
            "quantization": self.quantization * lost.mean(),
        }

    def pair_priorities(self, cosines: Tensor, similarity: Tensor) -> Tensor:
        """(1 - q_ij)^g (n, n) of cosines and similarity (n, n)."""
        clipped = cosines.clamp(-_MOST, _MOST)
        ease = torch.where(similarity > 0, 1 + clipped, 1 - clipped) / 2
        return (1 - ease).pow(self.focus)

    def image_priorities(self, codes: Tensor) -> Tensor:
        """(1 - q_i)^g (n,) of relaxed codes (n, K)."""
        return (cosine_to_ones(codes).clamp_min(0) / 2).pow(self.focus)

    def imbalance(self, similarity: Tensor, mask: Tensor) -> Tensor:
        """The weights a_ij (n, n) of pairs in the mask."""
        every = mask.sum(dim=1)
        ones = (similarity * mask).sum(dim=1)
        rare = (every / ones.clamp_min(1)).sqrt()
        common = (every / (every - ones).clamp_min(1)).sqrt() if self.both else torch.ones_like(rare)
        return torch.where(similarity > 0, torch.outer(rare, rare), torch.outer(common, common))
