"""All triplets of a batch: anchor, positive, negative."""

import torch
from torch import Tensor


def valid(similarity: Tensor) -> Tensor:
    """Mask (n, n, n) float: 1 where [a, p, n] has a similar p other than a, and a dissimilar n."""
    others = 1 - torch.eye(len(similarity), device=similarity.device, dtype=similarity.dtype)
    return (similarity * others)[:, :, None] * (1 - similarity)[:, None, :]


def valid_graded(relevance: Tensor) -> Tensor:
    """Mask (n, n, n) float: 1 where p, other than a, shares more labels with a than n does; n is not a."""
    others = 1 - torch.eye(len(relevance), device=relevance.device, dtype=relevance.dtype)
    more = (relevance[:, :, None] > relevance[:, None, :]).to(relevance.dtype)
    return more * others[:, :, None] * others[:, None, :]


def mean_over_triplets(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over valid triplets; exactly 0, with gradient 0, where a batch has none."""
    return torch.where(mask > 0, values, 0).sum() / mask.sum().clamp_min(1)


def gap(scores: Tensor) -> Tensor:
    """scores[a, p] - scores[a, n] (n, n, n) of a matrix (n, n)."""
    return scores[:, :, None] - scores[:, None, :]
