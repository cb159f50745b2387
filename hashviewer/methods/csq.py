from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms
from hashviewer.methods._centers import check_centers, hadamard_centers, item_centers, random_signs
from hashviewer.methods._quantization import square
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register


@register(
    "csq",
    title="CSQ",
    family="implicit",
    year=2020,
    paper="L. Yuan et al.: Central Similarity Quantization for Efficient Image and Video Retrieval. CVPR 2020",
    labels="classes",
    published=(Published(64, 0.790, "I", "AlexNet, a port, best epoch"),),
)
class CSQ(Method):
    """Central Similarity Quantization (the survey's CSH): each bit agrees with that of the label's hash centre.

    Binary cross-entropy of p = (tanh(u) + 1) / 2 against the centre's bits, plus lambda mean (|h| - 1)^2 (the
    released form; the paper's is log cosh). Computed from u, since tanh(u) rounds to 1 where p's logarithm is finite.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    centers: Tensor  # (C, K)
    ties: Tensor  # (K,)

    def __init__(
        self, *, quantization: Annotated[float, Setting("lambda, weight of (|h| - 1)^2", low=0)] = 0.05
    ) -> None:
        super().__init__()
        self.quantization = quantization

    @classmethod
    def check(cls, shape: Shape) -> None:
        super().check(shape)
        check_centers("CSQ", shape)

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("centers", hadamard_centers(shape.classes, shape.bits))
        self.register_buffer("ties", random_signs(shape.bits))

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        targets = (item_centers(batch.labels, self.centers, self.ties) + 1) / 2
        # (tanh(u) + 1) / 2 = sigmoid(2 u); another activation the user chose is clipped instead
        if self.activate is None:
            central = functional.binary_cross_entropy_with_logits(2 * batch.outputs, targets)
        else:
            probability = ((batch.relaxed + 1) / 2).clamp(1e-6, 1 - 1e-6)
            central = functional.binary_cross_entropy(probability, targets)
        return {"central": central, "quantization": self.quantization * square(batch.relaxed).mean()}
