from typing import Annotated

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from hashviewer.methods._base import Advice, Batch, Method, Terms
from hashviewer.methods._settings import Setting
from hashviewer.methods._unsupervised import compared, cosine_mismatch
from hashviewer.methods.registry import register


@register(
    "bi-half",
    title="Bi-half Net",
    family="unsupervised",
    year=2021,
    paper="Y. Li, J. van Gemert: Deep Unsupervised Image Hashing by Maximizing Bit Entropy. AAAI 2021",
    labels="none",
    confidence="mem",
    survey=False,
)
class BiHalf(Method):
    """Bi-half Net: in every bit the larger half of the batch's outputs is +1, the other half -1.

    Each bit then carries the most information, and no loss term is needed for it. ``mean (cos(b_p, b_q) - cos(x_p,
    x_q))^2`` over pairs of the two halves of a batch; the gradient of b passes to u, plus gamma (u - b) / (n K). Codes
    of single images are the signs of u.
    """

    labelled = False
    advice = Advice(epochs=60, batch=32, learning_rate=1e-3, head="linear")

    def __init__(
        self,
        *,
        gamma: Annotated[float, Setting("weight of u - b in the gradient", low=0)] = 6.0,
        centred: Annotated[bool, Setting("compare features less their mean; no: as they are")] = False,
    ) -> None:
        super().__init__()
        self.gamma = gamma
        self.centred = centred

    def activation(self, outputs: Tensor) -> Tensor:
        codes: Tensor = _Halves.apply(outputs, self.gamma)
        return codes

    def forward(self, batch: Batch) -> Terms:
        features = compared(batch.features, self.scaling, centred=self.centred)
        return {"cosines": cosine_mismatch(batch.relaxed, features)}


def halves(outputs: Tensor) -> Tensor:
    """Codes (n, K): +1 for the larger n // 2 of each column, else -1."""
    ranks = outputs.argsort(dim=0, descending=True, stable=True).argsort(dim=0)
    return torch.where(ranks < len(outputs) // 2, 1.0, -1.0).to(outputs.dtype)


class _Halves(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, outputs: Tensor, gamma: float) -> Tensor:
        codes = halves(outputs)
        ctx.save_for_backward(outputs, codes)
        ctx.gamma = gamma  # type: ignore[attr-defined]
        return codes

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None]:
        outputs, codes = ctx.saved_tensors  # type: ignore[attr-defined]
        pull = ctx.gamma * (outputs - codes) / codes.numel()  # type: ignore[attr-defined]
        return gradients[0] + pull, None
