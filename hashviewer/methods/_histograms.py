"""Histograms of relaxed Hamming distances through which a gradient passes."""

import torch
from torch import Tensor


def soft_bins(distances: Tensor, *, bits: int, bins: int) -> Tensor:
    """How much each distance (n, m) in 0…bits belongs to each bin: (n, m, bins + 1), a sum of 1 over bins.

    A triangular kernel, max(0, 1 - |d - c_l| / width) around the centres c_l = l bits / bins, l = 0…bins.
    """
    width = bits / bins
    centers = width * torch.arange(bins + 1, device=distances.device, dtype=distances.dtype)
    return (1 - (distances[..., None] - centers).abs() / width).clamp_min(0)


def relaxed_distances(codes: Tensor) -> Tensor:
    """(K - H H^T) / 2 (n, n) of relaxed codes (n, K) in -1…1, within 0…K."""
    bits = codes.shape[1]
    return ((bits - codes @ codes.T) / 2).clamp(0, bits)
