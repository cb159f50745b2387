from typing import Annotated

from hashviewer.methods._base import Advice, Batch, Method, Terms
from hashviewer.methods._pairs import product, similar, squared_distance
from hashviewer.methods._quantization import absolute
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register


@register(
    "dsh",
    title="DSH",
    family="pairwise",
    year=2016,
    paper="H. Liu, R. Wang, S. Shan, X. Chen: Deep Supervised Hashing for Fast Image Retrieval. CVPR 2016",
    published=(Published(48, 0.799, "I", "the survey"), Published(48, 0.6755, "III", "own small network")),
)
class DSH(Method):
    """Deep Supervised Hashing: similar pairs close, dissimilar ones beyond a margin, outputs near -1 and +1.

    The mean over the pairs of a batch of ``s d / 2 + (1 - s) max(m - d, 0) / 2 + alpha (|| |h_i| - 1 ||_1 +
    || |h_j| - 1 ||_1)`` with d = ||h_i - h_j||^2.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)

    def __init__(
        self,
        *,
        margin: Annotated[
            float | None, Setting("squared distance beyond which pairs rest; none: 2 bits", low=0)
        ] = None,
        alpha: Annotated[float, Setting("weight of the distance to -1 and +1", low=0)] = 0.01,
    ) -> None:
        super().__init__()
        self.margin = margin
        self.alpha = alpha

    def forward(self, batch: Batch) -> Terms:
        margin = 2.0 * self.shape.bits if self.margin is None else self.margin
        distance = squared_distance(batch.relaxed, batch.relaxed)
        return {
            "pairs": product(distance, similar(batch.labels), margin).mean() / 2,
            "regularizer": self.alpha * 2 * absolute(batch.relaxed).sum(1).mean(),
        }
