from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._bank import MemoryBank
from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._pairs import class_balance, cosine, similar
from hashviewer.methods._quantization import square
from hashviewer.methods._schedule import fraction
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import register


@register(
    "mmhh",
    title="MMHH",
    family="pairwise",
    year=2019,
    paper="R. Kang, Y. Cao, M. Long, J. Wang, P. S. Yu: Maximum-Margin Hamming Hashing. ICCV 2019",
    query="radius",
)
class MMHH(Method):
    """Maximum-Margin Hamming Hashing: a heavy-tailed likelihood that is content inside the ball of a lookup.

    ``w_ij [s_ij log(1 + max(0, d_ij - H)) + (1 - s_ij) log(1 + 1 / max(H, d_ij))]`` with d = K/2 (1 - cos) of tanh
    outputs, w the class balance, as the mean over the batch against a bank of all N codes; plus lambda times the mean
    over all n K outputs of (h - sgn h)^2. After each step the bank's rows move to the batch with momentum
    mu = 0.5 + 0.5 sqrt(t / T). The bank begins with a forward pass. This is the paper's variant; the authors' code
    takes p = 0.5 g / (g + d), g = 10, other pair weights and log cosh.
    """

    advice = Advice(epochs=60, batch=48, learning_rate=1e-3)

    def __init__(
        self,
        *,
        margin: Annotated[float, Setting("H, Hamming radius of the lookup", low=1e-6)] = 2.0,
        quantization: Annotated[float, Setting("lambda, weight of the mean (h - sgn h)^2", low=0)] = 0.1,
    ) -> None:
        super().__init__()
        self.margin = margin
        self.quantization = quantization
        self.momentum = 0.5

    def add_parts(self, shape: Shape) -> None:
        self.bank = MemoryBank()

    def begin(self, items: TrainingItems) -> None:
        self.bank.reset(items.labels, self.shape.bits)
        self.bank.outputs = self.relax(self.hash_layer(items.features))

    def begin_step(self, clock: Clock) -> None:
        self.momentum = 0.5 + 0.5 * fraction(clock) ** 0.5

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        similarity = similar(batch.labels, self.bank.labels)  # (n, N)
        distance = self.shape.bits / 2 * (1 - cosine(batch.relaxed, self.bank.outputs))
        weights = class_balance(similarity)
        return {
            "pairs": (weights * self.cost(distance, similarity)).mean(),
            "quantization": self.quantization * square(batch.relaxed).mean(),
        }

    def cost(self, distance: Tensor, similarity: Tensor) -> Tensor:
        """The negative log-likelihood of each pair; its slope is 0 inside the ball."""
        near = torch.log1p((distance - self.margin).clamp_min(0))
        far = torch.log1p(1 / distance.clamp_min(self.margin))
        return similarity * near + (1 - similarity) * far

    def after_step(self, batch: Batch) -> None:
        old = self.bank.outputs[batch.indices]
        self.bank.write(batch.indices, self.momentum * old + (1 - self.momentum) * batch.relaxed)
