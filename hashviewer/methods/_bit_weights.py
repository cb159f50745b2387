"""Bits that count differently: the survey's weighted Hamming distance, with weights learnt from pairs."""

import torch
from torch import Tensor, nn

from hashviewer.methods._pairs import likelihood


class BitWeights(nn.Module):
    """Weights (K,), positive and with mean 1: ``lambda = K softmax(w)``.

    They and the codes are learnt from the likelihood of pairs under ``theta_ij = h_i^T diag(lambda) h_j / 2``.
    """

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(bits))

    def forward(self) -> Tensor:
        """The weights, with gradient."""
        shares = torch.softmax(self.logits, dim=0)
        return shares * len(self.logits)

    def weights(self) -> Tensor:
        """The weights (K,) as they are now."""
        return self.forward().detach().clone()

    def pairs(self, queries: Tensor, database: Tensor, similarity: Tensor) -> Tensor:
        """Mean over pairs of the negative log-likelihood, for codes (n, K) between -1 and +1 of both sides."""
        theta = (queries * self.forward()) @ database.T / 2
        return likelihood(theta, similarity).mean()


def weighted_hamming(queries: Tensor, codes: Tensor, weights: Tensor) -> Tensor:
    """Sums (Q, N) of the weights (K,) of the bits in which codes of -1 and +1 differ."""
    return ((weights.sum() - (queries * weights) @ codes.T) / 2).clamp_min(0)
