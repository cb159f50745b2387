from typing import Annotated

from torch import Tensor, nn

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._quantization import cube
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import straight_through
from hashviewer.methods.registry import Published, register


@register(
    "greedyhash",
    title="GreedyHash",
    family="trick",
    year=2018,
    paper="S. Su, C. Zhang, K. Han, Y. Tian: Greedy Hash: Towards Fast Optimization for Accurate Hash Coding in CNN. NeurIPS 2018",
    labels="classes",
    survey=False,
    published=(Published(48, 0.822, "I", "AlexNet"),),
)
class GreedyHash(Method):
    """Greedy Hash: a classifier on true codes; the gradient passes the sign unchanged.

    ``CE(W b, y) + alpha mean ||u| - 1|^3`` with b = sgn(u) and W without bias. Reading: images with several labels
    use binary cross-entropy per class.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)

    def __init__(self, *, alpha: Annotated[float, Setting("weight of ||u| - 1|^3", low=0)] = 0.1) -> None:
        super().__init__()
        self.alpha = alpha
        self.multi = False

    def add_parts(self, shape: Shape) -> None:
        self.classifier = nn.Linear(shape.bits, shape.classes, bias=False)

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)

    def activation(self, outputs: Tensor) -> Tensor:
        return straight_through(outputs)

    def forward(self, batch: Batch) -> Terms:
        logits = self.classifier(batch.relaxed)
        return {
            "classification": classification(logits, batch.labels, multi=self.multi),
            "regularizer": self.alpha * cube(batch.outputs).mean(),
        }
