"""Penalties for outputs away from -1 and +1, elementwise unless said; and what codes should be like as a set.

The signs are constants: no gradient passes through them.
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from hashviewer.methods._sign import signs

Form = Literal["square", "absolute", "log_cosh", "cube", "cosine", "cauchy", "norm"]


def square(values: Tensor) -> Tensor:
    """(u - sgn u)^2 = (|u| - 1)^2 (DPSH)."""
    return (values - signs(values)).square()


def absolute(values: Tensor) -> Tensor:
    """||u| - 1| (DSH)."""
    return (values.abs() - 1).abs()


def log_cosh(values: Tensor) -> Tensor:
    """The logarithm of cosh(|u| - 1), a smooth form of the absolute one (DHN); stable for every u."""
    off = (values.abs() - 1).abs()
    return off + functional.softplus(-2 * off) - math.log(2)


def cube(values: Tensor) -> Tensor:
    """||u| - 1|^3 (GreedyHash)."""
    return (values.abs() - 1).abs().pow(3)


def cosine_to_ones(values: Tensor) -> Tensor:
    """1 - cos(|u_i|, 1) per item: (n, K) to (n,) (HashGAN)."""
    return 1 - functional.cosine_similarity(values.abs(), torch.ones_like(values), dim=1)


def cauchy(values: Tensor, gamma: float) -> Tensor:
    """log(1 + d(|u_i|, 1) / gamma) per item, d = K/2 (1 - cos): (n, K) to (n,) (DCH)."""
    return torch.log1p(values.shape[1] / 2 * cosine_to_ones(values) / gamma)


def norm(values: Tensor) -> Tensor:
    """1 - ||u_i|| / sqrt(K) per item, the survey's -||h||: (n, K) between -1 and +1 to (n,)."""
    lengths: Tensor = torch.linalg.vector_norm(values, dim=1)
    return 1 - lengths / math.sqrt(values.shape[1])


def penalty(values: Tensor, form: Form, *, gamma: float = 20.0) -> Tensor:
    """The mean penalty of one form, a scalar."""
    if form == "cauchy":
        return cauchy(values, gamma).mean()
    if form == "cosine":
        return cosine_to_ones(values).mean()
    if form == "norm":
        return norm(values).mean()
    elementwise = {
        "square": square,
        "absolute": absolute,
        "log_cosh": log_cosh,
        "cube": cube,
    }
    return elementwise[form](values).mean()


def balance(values: Tensor) -> Tensor:
    """Mean over bits of the squared batch mean: 0 where each bit is +1 half of the time."""
    return values.mean(dim=0).square().mean()


def independence(values: Tensor) -> Tensor:
    """||U^T U / n - I||_F^2 of outputs (n, K)."""
    identity = torch.eye(values.shape[1], device=values.device, dtype=values.dtype)
    return (values.T @ values / len(values) - identity).square().sum()


def orthogonality(weight: Tensor) -> Tensor:
    """||W W^T - I||_F^2 of a weight matrix (K, D)."""
    identity = torch.eye(len(weight), device=weight.device, dtype=weight.dtype)
    return (weight @ weight.T - identity).square().sum()
