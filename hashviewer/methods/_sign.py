"""The sign and the ways to learn through it."""

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx


def signs(values: Tensor) -> Tensor:
    """-1 and +1 of the same shape and type; the sign of 0 is +1. No gradient passes."""
    return torch.where(values >= 0, 1.0, -1.0).to(values.dtype)


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, values: Tensor) -> Tensor:
        return signs(values)

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> Tensor:
        return gradients[0]


def straight_through(values: Tensor) -> Tensor:
    """Signs whose gradient is that of the values themselves, bit for bit (GreedyHash)."""
    result: Tensor = _StraightThrough.apply(values)
    return result


class Continuation(nn.Module):
    """tanh(beta u) with a growing beta, which ends near the sign (HashNet).

    Attributes:
        beta: Present sharpness, at least 1.
    """

    beta: Tensor  # ()

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("beta", torch.ones(()))

    def set(self, beta: float) -> None:
        """Take a new sharpness."""
        self.beta.fill_(beta)

    def forward(self, outputs: Tensor) -> Tensor:
        """The relaxed codes."""
        return torch.tanh(self.beta * outputs)
