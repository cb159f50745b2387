"""Which pairs are similar, and losses over pairs.

Everywhere (n, m): rows are batch items, columns the items they are compared with; they may be the same.
"""

import torch
from torch import Tensor
from torch.nn import functional


def similar(labels: Tensor, others: Tensor | None = None) -> Tensor:
    """Similarity s (n, m): 1 where two items share a label, else 0."""
    return (labels @ (labels if others is None else others).T > 0).to(labels.dtype)


def signed(similarity: Tensor) -> Tensor:
    """+1 for similar, -1 for dissimilar."""
    return 2 * similarity - 1


def soft_signed(similarity: Tensor) -> Tensor:
    """+1 for similar, -r for dissimilar, r = similar / dissimilar pairs of this matrix (1 if either is absent)."""
    ones = similarity.sum()
    zeros = similarity.numel() - ones
    ratio = torch.where((ones > 0) & (zeros > 0), ones / zeros.clamp_min(1), 1.0)
    return torch.where(similarity > 0, 1.0, -ratio).to(similarity.dtype)


def class_balance(similarity: Tensor) -> Tensor:
    """Weights |S|/|S1| for similar and |S|/|S0| for dissimilar pairs; all 1 where either is absent."""
    ones = similarity.sum()
    total = similarity.numel()
    zeros = total - ones
    weights = torch.where(similarity > 0, total / ones.clamp_min(1), total / zeros.clamp_min(1))
    return torch.where((ones > 0) & (zeros > 0), weights, torch.ones_like(weights))


def overlap(labels: Tensor, others: Tensor | None = None) -> Tensor:
    """Jaccard overlap (n, m) of label sets: shared over united labels; 0 where both are empty."""
    others = labels if others is None else others
    shared = labels @ others.T
    united = labels.sum(1)[:, None] + others.sum(1)[None] - shared
    return shared / united.clamp_min(1e-12)


def inner(a: Tensor, b: Tensor) -> Tensor:
    """Half the inner products of rows: theta (n, m)."""
    return a @ b.T / 2


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """||a_i - b_j||^2 (n, m), never negative."""
    return (a.square().sum(1)[:, None] + b.square().sum(1)[None] - 2 * a @ b.T).clamp_min(0)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """Cosines (n, m) between rows; 0 for a zero row."""
    return functional.normalize(a, dim=1) @ functional.normalize(b, dim=1).T


def likelihood(logits: Tensor, similarity: Tensor) -> Tensor:
    """Negative log-likelihood of pairs, elementwise: softplus(t) - s t; stable for every t."""
    return functional.softplus(logits) - similarity * logits


def product(distance: Tensor, similarity: Tensor, margin: float) -> Tensor:
    """Contrastive loss, elementwise: s d + (1 - s) max(m - d, 0)."""
    return similarity * distance + (1 - similarity) * (margin - distance).clamp_min(0)


def difference(values: Tensor, targets: Tensor) -> Tensor:
    """Squared difference, elementwise, such as of inner products / K and signed similarity."""
    return (targets - values).square()


def without_self(similarity: Tensor, indices: Tensor, others: Tensor) -> Tensor:
    """Mask (n, m) float: 0 where row and column are the same item."""
    return (indices[:, None] != others[None]).to(similarity.dtype)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the entries where the mask is not 0, weighted by it; 0 where it is empty."""
    return (values * mask).sum() / mask.sum().clamp_min(1e-12)


def dissimilar_value(labels: Tensor, others: Tensor) -> float:
    """-r with r = similar / dissimilar pairs between two label matrices; -1 where either is absent."""
    ones = sum((float(similar(part, others).sum()) for part in torch.split(labels, 256)), start=0.0)
    zeros = len(labels) * len(others) - ones
    return -ones / zeros if ones and zeros else -1.0
