"""Losses on the labels themselves."""

import torch
from torch import Tensor
from torch.nn import functional


def classification(logits: Tensor, labels: Tensor, *, multi: bool) -> Tensor:
    """Mean loss of class logits (n, C) against labels (n, C) multi-hot.

    Cross-entropy, to the uniform distribution over an image's labels; or, if `multi`, binary cross-entropy per class.
    """
    if multi:
        return functional.binary_cross_entropy_with_logits(logits, labels)
    return functional.cross_entropy(logits, labels / labels.sum(1, keepdim=True).clamp_min(1))


def regression(predicted: Tensor, labels: Tensor) -> Tensor:
    """Mean over items of ||y - prediction||^2."""
    return (labels - predicted).square().sum(1).mean()


def ridge(codes: Tensor, labels: Tensor, *, weight: float) -> Tensor:
    """W (K, C) that minimises ||Y - B W||^2 + weight ||W||^2, for codes (N, K) and labels (N, C)."""
    identity = torch.eye(codes.shape[1], device=codes.device, dtype=codes.dtype)
    solved: Tensor = torch.linalg.solve(codes.T @ codes + weight * identity, codes.T @ labels)
    return solved


def is_multi(labels: Tensor) -> bool:
    """Whether any item (n, C) has more than one label."""
    return bool((labels.sum(dim=1) > 1).any())
