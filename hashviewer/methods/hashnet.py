from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms
from hashviewer.methods._pairs import class_balance, likelihood, overlap, similar
from hashviewer.methods._schedule import square_root_growth
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import Continuation
from hashviewer.methods.registry import Published, register


@register(
    "hashnet",
    title="HashNet",
    family="pairwise",
    year=2017,
    paper="Z. Cao, M. Long, J. Wang, P. S. Yu: HashNet: Deep Learning to Hash by Continuation. ICCV 2017",
    published=(Published(48, 0.705, "I", "the survey"), Published(48, 0.782, "I", "AlexNet, a re-run")),
)
class HashNet(Method):
    """HashNet: the weighted likelihood of pairs under tanh(beta u), whose beta grows until it is nearly the sign.

    ``sum_ij w_ij (softplus(alpha h_i . h_j) - alpha s_ij h_i . h_j)`` divided by the number of pairs;
    w_ij = c_ij |S| / |S1| or c_ij |S| / |S0| by class balance in the batch. Reading: c_ij, the overlap of label
    sets, applies to similar pairs only and is 1 for dissimilar ones.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)

    def __init__(
        self,
        *,
        alpha: Annotated[
            float | None, Setting("slope of the adaptive sigmoid; none: 10 / bits", low=0)
        ] = None,
        growth: Annotated[float, Setting("beta = (1 + growth t)^(1/2) at step t", low=0)] = 0.005,
        every: Annotated[int, Setting("steps between two values of beta", low=1)] = 200,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.growth = growth
        self.every = every

    def add_parts(self, shape: Shape) -> None:
        self.continuation = Continuation()

    def begin_step(self, clock: Clock) -> None:
        self.continuation.set(square_root_growth(clock, rate=self.growth, every=self.every))

    def activation(self, outputs: Tensor) -> Tensor:
        relaxed: Tensor = self.continuation(outputs)
        return relaxed

    def forward(self, batch: Batch) -> Terms:
        alpha = 10 / self.shape.bits if self.alpha is None else self.alpha
        similarity = similar(batch.labels)
        shared = torch.where(similarity > 0, overlap(batch.labels), 1.0)
        logits = alpha * batch.relaxed @ batch.relaxed.T
        weights = shared * class_balance(similarity)
        return {"likelihood": (weights * likelihood(logits, similarity)).mean()}
