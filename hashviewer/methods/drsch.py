from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms
from hashviewer.methods._pairs import similar, squared_distance
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import Continuation
from hashviewer.methods._triplets import gap, mean_over_triplets, valid
from hashviewer.methods.registry import Published, register

_INCREASES = 15  # of sharpness and margin within a run, where their pace is not set


@register(
    "drsch",
    title="DRSCH",
    family="multiwise",
    year=2015,
    paper="R. Zhang, L. Lin, R. Zhang, W. Zuo, L. Zhang: Bit-Scalable Deep Hashing with Regularized Similarity "
    "Learning for Image Retrieval and Person Re-identification. IEEE TIP 24(12), 2015",
    query="weighted",
    confidence="reading",
    published=(
        Published(12, 0.614, "I", "the survey"),
        Published(24, 0.621, "I", "the survey"),
        Published(32, 0.628, "I", "the survey"),
        Published(48, 0.630, "I", "the survey"),
    ),
)
class DRSCH(Method):
    """Deep Regularized Similarity Comparison Hashing: triplets and a graph, over bits with learnt weights.

    With h = tanh(beta u / 2), v = w h and w one learnt weight per bit, the mean over the triplets of a batch of
    ``max(||v_a - v_p||^2 - ||v_a - v_n||^2, C)``, here as the hinge ``max(0, ... - C)`` of the same gradient, plus
    lambda tr(V (D - A) V^T), divided by n^2. beta is multiplied and -C grows in steps. Codes are ranked by the
    weighted Hamming distance ``sum_k w_k^2 [bits differ]``, if asked for on the bits of the largest |w| alone.
    Without the regularizer (lambda = 0) this is DSCH.

    Reading: A is 1 for pairs of one class and 0 for others (the released code has one constant for each, the paper
    speaks of similar appearance: then a heat kernel over the features). beta and C change every 10,000 steps in the
    released configuration; with a run's length unknown, 15 times in a run.
    """

    advice = Advice(epochs=60, batch=64, learning_rate=1e-3, weight_decay=5e-4)
    kept = (*Method.kept, "weights")

    def __init__(
        self,
        *,
        margin: Annotated[float, Setting("-C at the beginning, a gap of squared distances", low=0)] = 5.0,
        margin_growth: Annotated[float, Setting("what each increase adds to the margin", low=0)] = 0.1,
        sharpness: Annotated[float, Setting("beta at the beginning", low=1e-3)] = 5.0,
        sharpness_growth: Annotated[float, Setting("what each increase multiplies beta by", low=1)] = 1.1,
        every: Annotated[
            int | None, Setting("steps between increases; none: a 15th of the run", low=1)
        ] = None,
        laplacian: Annotated[float, Setting("lambda, weight of the regularizer", low=0)] = 0.001,
        graph: Annotated[Literal["labels", "features"], Setting("what joins two images")] = "labels",
        alike: Annotated[float, Setting("A of a pair of one class")] = 1.0,
        unlike: Annotated[float, Setting("A of a pair of two classes")] = 0.0,
        used: Annotated[int | None, Setting("bits that rank, heaviest first; none: all", low=1)] = None,
        weighted: Annotated[bool, Setting("whether bits count by their weights when ranking")] = True,
    ) -> None:
        super().__init__()
        self.first_margin = self.margin = margin
        self.margin_growth = margin_growth
        self.sharpness = sharpness
        self.sharpness_growth = sharpness_growth
        self.every = every
        self.laplacian = laplacian
        self.graph = graph
        self.alike = alike
        self.unlike = unlike
        self.used = used
        self.weighted = weighted

    def add_parts(self, shape: Shape) -> None:
        self.weights = nn.Parameter(torch.ones(shape.bits))
        self.continuation = Continuation()
        self.continuation.set(self.sharpness / 2)

    def begin_step(self, clock: Clock) -> None:
        every = self.every or max(clock.epochs * clock.steps_per_epoch // _INCREASES, 1)
        increases = clock.step // every
        self.continuation.set(self.sharpness * self.sharpness_growth**increases / 2)
        self.margin = self.first_margin + self.margin_growth * increases

    def activation(self, outputs: Tensor) -> Tensor:
        relaxed: Tensor = self.continuation(outputs)
        return relaxed

    def forward(self, batch: Batch) -> Terms:
        scaled = self.weights * batch.relaxed
        distances = squared_distance(scaled, scaled)
        hinge = (gap(distances) + self.margin).clamp_min(0)
        smooth = (self._adjacency(batch) * distances).mean() / 2  # tr(V Lap V^T) / n^2
        return {
            "triplets": mean_over_triplets(hinge, valid(similar(batch.labels))),
            "laplacian": self.laplacian * smooth,
        }

    def _adjacency(self, batch: Batch) -> Tensor:
        """A (n, n)."""
        if self.graph == "labels":
            return torch.where(similar(batch.labels) > 0, self.alike, self.unlike)
        apart = squared_distance(batch.features, batch.features).detach()
        return torch.exp(-apart / apart.mean().clamp_min(1e-12))

    def bit_order(self) -> Tensor:
        """The bits (K,) by falling |w|."""
        return self.weights.detach().abs().argsort(descending=True, stable=True)

    def worth_of_bits(self) -> Tensor:
        worth = torch.zeros_like(self.weights)
        ranking = self.bit_order()[: self.used]
        worth[ranking] = self.weights.detach()[ranking].square() if self.weighted else 1.0
        return worth.detach()
