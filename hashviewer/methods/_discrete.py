"""Discrete steps: matrices of -1 and +1 that lower a quadratic, bit by bit (DCC)."""

from collections.abc import Callable

import torch
from torch import Tensor

from hashviewer.methods._sign import signs


def keep_on_zero(values: Tensor, old: Tensor) -> Tensor:
    """Signs of values; where a value is exactly 0 the old sign stays (an old 0 becomes +1)."""
    return torch.where(values == 0, signs(old), signs(values))


def coordinate_descent(codes: Tensor, quadratic: Tensor, linear: Tensor, *, sweeps: int = 1) -> Tensor:
    """Lower tr(B M B^T) + tr(B Q^T) over B in {-1,+1}^{N x K}, one column at a time.

    Each column's step is exact, so the objective never rises.

    Args:
        codes: (N, K) where to begin; zeros are allowed.
        quadratic: M (K, K) symmetric.
        linear: Q (N, K).
        sweeps: Passes over the K columns.
    """
    codes = codes.clone()
    for _ in range(sweeps):
        for bit in range(codes.shape[1]):
            others = codes @ quadratic[:, bit] - codes[:, bit] * quadratic[bit, bit]  # (N,)
            codes[:, bit] = keep_on_zero(-(2 * others + linear[:, bit]), codes[:, bit])
    return codes


def binary_quadratic(start: Tensor, matrix: Tensor, linear: Tensor, *, sweeps: int = 5) -> Tensor:
    """Lower b^T A b + q^T b over b in {-1,+1}^N, one entry at a time, until a sweep changes nothing.

    Args:
        start: (N,) of -1 and +1.
        matrix: A (N, N) symmetric.
        linear: q (N,).
        sweeps: Most passes.
    """
    code = start.clone()
    product = matrix @ code
    for _ in range(sweeps):
        changed = False
        for place in range(len(code)):
            slope = 2 * (product[place] - matrix[place, place] * code[place]) + linear[place]
            if float(slope * code[place]) > 0:
                code[place] = -code[place]
                product = product + 2 * code[place] * matrix[:, place]
                changed = True
        if not changed:
            break
    return code


def columns_in_turn(codes: Tensor, coefficient: Callable[[Tensor, int], Tensor]) -> Tensor:
    """Set each column to the sign of minus its linear coefficient (N,), given the present codes and the column."""
    codes = codes.clone()
    for bit in range(codes.shape[1]):
        codes[:, bit] = keep_on_zero(-coefficient(codes, bit), codes[:, bit])
    return codes
