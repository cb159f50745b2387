from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Method, Terms
from hashviewer.methods._pairs import cosine, masked_mean, similar, without_self
from hashviewer.methods._quantization import cauchy
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

_FLOOR = 1e-6  # added to distances, as in the authors' library: the loss of a dissimilar pair at distance 0 is infinite


@register(
    "dch",
    title="DCH",
    family="pairwise",
    year=2018,
    paper="Y. Cao, M. Long, B. Liu, J. Wang: Deep Cauchy Hashing for Hamming Space Retrieval. CVPR 2018",
    query="radius",
    published=(Published(48, 0.810, "I", "AlexNet, a port, best epoch"),),
)
class DCH(Method):
    """Deep Cauchy Hashing: similar with probability gamma / (gamma + d), which falls steeply beyond a small radius.

    ``sum_ij w_ij (s_ij log(1 + d_ij / gamma) + (1 - s_ij) log(1 + gamma / d_ij)) + lambda sum_i log(1 + d(|h_i|, 1) /
    gamma)`` for h = tanh(u) and d = K / 2 (1 - cos), the stable form of the paper's ``s log(d / gamma) + log(1 + gamma
    / d)``; w balances similar and dissimilar pairs. The first sum is divided by the pairs of different items of the
    batch, the second by n. lambda is a port's. The paper reports the precision of lookups within radius 2 (mAP of
    what they find: .8071 at 48 bits), which is what the method is for.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)

    def __init__(
        self,
        *,
        gamma: Annotated[
            float, Setting("distance at which similar and dissimilar are as likely", low=1e-3)
        ] = 20.0,
        quantization: Annotated[float, Setting("lambda, weight of the prior towards -1 and +1", low=0)] = 0.1,
    ) -> None:
        super().__init__()
        self.gamma = gamma
        self.quantization = quantization

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        distance = batch.relaxed.shape[1] / 2 * (1 - cosine(batch.relaxed, batch.relaxed))
        similarity = similar(batch.labels)
        mask = without_self(similarity, batch.indices, batch.indices)
        return {
            "cauchy": masked_mean(self.pair_losses(distance, similarity) * _balance(similarity, mask), mask),
            "quantization": self.quantization * cauchy(batch.relaxed, self.gamma).mean(),
        }

    def pair_losses(self, distance: Tensor, similarity: Tensor) -> Tensor:
        """The unweighted negative log-likelihood (n, n) of pairs at distances d (n, n)."""
        floored = distance.clamp_min(0) + _FLOOR
        return torch.where(
            similarity > 0, torch.log1p(floored / self.gamma), torch.log1p(self.gamma / floored)
        )


def _balance(similarity: Tensor, mask: Tensor) -> Tensor:
    """|S| / |S1| for similar and |S| / |S0| for dissimilar pairs (n, n) of those in the mask; 1 if either is absent."""
    total, ones = mask.sum(), (similarity * mask).sum()
    zeros = total - ones
    weights = torch.where(similarity > 0, total / ones.clamp_min(1), total / zeros.clamp_min(1))
    return torch.where((ones > 0) & (zeros > 0), weights, torch.ones_like(weights))
