from typing import Annotated

from torch.nn import functional

from hashviewer.methods._base import Advice, Batch, Method, Terms
from hashviewer.methods._pairs import inner, similar
from hashviewer.methods._quantization import square
from hashviewer.methods._settings import Setting
from hashviewer.methods._triplets import gap, mean_over_triplets, valid
from hashviewer.methods.registry import Published, register


@register(
    "dtsh",
    title="DTSH",
    family="multiwise",
    year=2016,
    paper="X. Wang, Y. Shi, K. M. Kitani: Deep Supervised Hashing with Triplet Labels. ACCV 2016",
    published=(Published(48, 0.774, "I", "CNN-F"),),
)
class DTSH(Method):
    """Deep Supervised Hashing with Triplet Labels: the likelihood that a positive is nearer than a negative.

    ``mean over triplets of softplus(-x), x = theta_ap - theta_an - alpha`` with theta = u . u / 2, plus lambda times
    the mean over all n K outputs of (sgn(u) - u)^2. All triplets of a batch are used, as public ports do; the original
    draws positives and negatives from stored outputs. The default lambda is a port's, which takes both terms as
    means; the authors' 100 goes with the sum over bits in their own scaling.
    """

    advice = Advice(epochs=60, batch=64, learning_rate=1e-3)

    def __init__(
        self,
        *,
        alpha: Annotated[float | None, Setting("margin; none: half the bits", low=0)] = None,
        quantization: Annotated[float, Setting("lambda, weight of the mean (sgn(u) - u)^2", low=0)] = 1.0,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.quantization = quantization

    def forward(self, batch: Batch) -> Terms:
        alpha = self.shape.bits / 2 if self.alpha is None else self.alpha
        x = gap(inner(batch.relaxed, batch.relaxed)) - alpha  # (n, n, n)
        return {
            "triplets": mean_over_triplets(functional.softplus(-x), valid(similar(batch.labels))),
            "quantization": self.quantization * square(batch.relaxed).mean(),
        }
