from typing import Annotated

from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Method, Terms
from hashviewer.methods._quantization import cube
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import straight_through
from hashviewer.methods._unsupervised import compared, cosine_mismatch
from hashviewer.methods.registry import register


@register(
    "greedyhash-unsupervised",
    title="GreedyHash, unsupervised",
    family="unsupervised",
    year=2018,
    paper="S. Su, C. Zhang, K. Han, Y. Tian: Greedy Hash: Towards Fast Optimization for Accurate Hash Coding in CNN. NeurIPS 2018",
    labels="none",
    survey=False,
)
class GreedyHashUnsupervised(Method):
    """Greedy Hash without labels: cosines of true codes fit those of the features; the sign passes the gradient.

    ``mean (cos(b_p, b_q) - cos(x_p, x_q))^2 + alpha mean ||u| - 1|^3`` over pairs of the two halves of a batch.
    """

    labelled = False
    advice = Advice(epochs=60, batch=32, learning_rate=1e-3, head="linear")

    def __init__(
        self,
        *,
        alpha: Annotated[float, Setting("weight of ||u| - 1|^3", low=0)] = 0.1,
        centred: Annotated[bool, Setting("compare features less their mean; no: as they are")] = False,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.centred = centred

    def activation(self, outputs: Tensor) -> Tensor:
        return straight_through(outputs)

    def forward(self, batch: Batch) -> Terms:
        features = compared(batch.features, self.scaling, centred=self.centred)
        return {
            "cosines": cosine_mismatch(batch.relaxed, features),
            "regularizer": self.alpha * cube(batch.outputs).mean(),
        }
