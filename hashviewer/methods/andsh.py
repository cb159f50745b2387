import math
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._labels import is_multi
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

Margin = Literal["cosine", "angle", "multiple"]
_MOST = 1 - 1e-6  # beyond it the gradient of the arc cosine is infinite
_FACTOR = 4  # m of the multiplied angle
_ANNEALED = (1000.0, 5.0, 0.1)  # first and least share of the plain cosine, and how fast it falls


@register(
    "andsh",
    title="AnDSH",
    family="implicit",
    year=2019,
    paper="C. Zhou et al.: Angular Deep Supervised Hashing for Image Retrieval. IEEE Access 7, 2019",
    labels="classes",
    confidence="reading",
    published=(Published(48, 0.795, "I", "the survey's journal edition"),),
)
class AnDSH(Method):
    """Angular Deep Supervised Hashing: a softmax over angles, and class prototypes that are far and evenly apart.

    ``CE(angular logits, y) - alpha mean_{c<c'} HD_cc' + beta var_{c<c'} HD_cc'`` with HD the relaxed Hamming distances
    (K - t_c . t_c') / 2 between prototypes t_c = tanh(w_c / ||w_c||) of the classifier's weights. The true class's
    logit is s (cos - m) for the margin "cosine", s cos(theta + m) for "angle", and for "multiple" SphereFace's
    ||u|| (lambda cos + psi(theta)) / (1 + lambda), psi(theta) = (-1)^k cos(4 theta) - 2 k, the paper's own form.
    The default is a re-implementation's, stable on little data. Of images with several labels each gets one more class,
    its target, whose weight is the mean of its labels' weights.

    Reading: the distances are those between prototypes, where a survey speaks of images of different classes; lambda is
    max(5, 1000 / (1 + 0.1 t)) at step t.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    plain: Tensor  # () lambda, the share of the plain cosine at present

    def __init__(
        self,
        *,
        margin: Annotated[Margin, Setting("how the true class is held back")] = "cosine",
        amount: Annotated[float, Setting("m of the margins cosine and angle", low=0, high=1.5)] = 0.2,
        scale: Annotated[float, Setting("s of the margins cosine and angle", low=0.1)] = 10.0,
        apart: Annotated[float, Setting("alpha, weight of the prototypes' mean distance", low=0)] = 1.0,
        evenly: Annotated[float, Setting("beta, weight of the variance of their distances", low=0)] = 1.0,
    ) -> None:
        super().__init__()
        self.margin = margin
        self.amount = amount
        self.scale = scale
        self.apart = apart
        self.evenly = evenly
        self.multi = False

    def add_parts(self, shape: Shape) -> None:
        self.classifier = nn.Linear(shape.bits, shape.classes, bias=False)
        self.register_buffer("plain", torch.tensor(_ANNEALED[0]))

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)

    def begin_step(self, clock: Clock) -> None:
        first, least, speed = _ANNEALED
        self.plain.fill_(max(least, first / (1 + speed * clock.step)))

    def forward(self, batch: Batch) -> Terms:
        distances = prototype_distances(self.classifier.weight)
        logits, targets = self.logits(batch.relaxed, batch.labels)
        spread = distances.var() if len(distances) > 1 else torch.zeros_like(distances).sum()
        return {
            "angular_softmax": functional.cross_entropy(logits, targets),
            "apart": -self.apart * distances.mean(),
            "evenly": self.evenly * spread,
        }

    def logits(self, codes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (n, C), or (n, C + 1) with several labels, and the true place of each item (n,)."""
        weights = functional.normalize(self.classifier.weight, dim=1)
        directions = functional.normalize(codes, dim=1)
        cosines = directions @ weights.T
        targets = labels.argmax(dim=1)
        if self.multi:
            means = labels @ self.classifier.weight / labels.sum(1, keepdim=True).clamp_min(1)
            own = functional.cosine_similarity(codes, means, dim=1)
            targets = torch.full_like(targets, cosines.shape[1])
            cosines = torch.cat([cosines, own[:, None]], dim=1)
        true = functional.one_hot(targets, cosines.shape[1]).bool()
        scale = codes.norm(dim=1, keepdim=True) if self.margin == "multiple" else self.scale
        return scale * torch.where(true, self.held_back(cosines), cosines), targets

    def held_back(self, cosines: Tensor) -> Tensor:
        """What stands for the cosines of true classes, elementwise; never above them."""
        if self.margin == "cosine":
            return cosines - self.amount
        angles = cosines.clamp(-_MOST, _MOST).arccos()
        if self.margin == "angle":
            return (angles + self.amount).cos()
        return (self.plain * cosines + psi(angles)) / (1 + self.plain)


def psi(angles: Tensor) -> Tensor:
    """The cosine of four times the angle, continued so that it falls from 1 at 0 to -7 at pi; elementwise."""
    turns = (angles * _FACTOR / math.pi).floor().clamp(0, _FACTOR - 1)
    return (1 - 2 * (turns % 2)) * (_FACTOR * angles).cos() - 2 * turns


def prototype_distances(weights: Tensor) -> Tensor:
    """Relaxed Hamming distances of the prototypes of class weights (C, K): (C (C - 1) / 2,)."""
    return code_distances(torch.tanh(functional.normalize(weights, dim=1)))


def code_distances(codes: Tensor) -> Tensor:
    """Distances (C (C - 1) / 2,) between every two of relaxed codes (C, K)."""
    first, second = torch.triu_indices(len(codes), len(codes), offset=1, device=codes.device)
    return ((codes.shape[1] - codes @ codes.T) / 2)[first, second]
