from typing import Annotated

from torch import Tensor

from hashviewer.methods._bank import MemoryBank
from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._pairs import inner, likelihood, similar
from hashviewer.methods._quantization import square
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register


@register(
    "dpsh",
    title="DPSH",
    family="pairwise",
    year=2016,
    paper="W.-J. Li, S. Wang, W.-C. Kang: Feature Learning based Deep Supervised Hashing with Pairwise Labels. IJCAI 2016",
    published=(Published(48, 0.757, "I", "CNN-F"), Published(48, 0.7828, "I", "AlexNet, the same code")),
)
class DPSH(Method):
    """Deep Pairwise-Supervised Hashing: the likelihood of pair similarities, with outputs near -1 and +1.

    ``sum_ij softplus(theta_ij) - s_ij theta_ij + eta sum_i ||u_i - sgn(u_i)||^2``, theta_ij = u_i . u_j / 2, for
    the batch against a bank of all N outputs; both sums are divided by n N.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)

    def __init__(
        self, *, eta: Annotated[float, Setting("weight of the quantization term", low=0)] = 10.0
    ) -> None:
        super().__init__()
        self.eta = eta

    def add_parts(self, shape: Shape) -> None:
        self.bank = MemoryBank()

    def begin(self, items: TrainingItems) -> None:
        self.bank.reset(items.labels, self.shape.bits)

    def forward(self, batch: Batch) -> Terms:
        self.bank.write(batch.indices, batch.relaxed)
        theta = inner(batch.relaxed, self.bank.outputs)  # (n, N)
        quantization: Tensor = square(batch.relaxed).sum() / theta.numel()
        return {
            "likelihood": likelihood(theta, similar(batch.labels, self.bank.labels)).mean(),
            "quantization": self.eta * quantization,
        }
