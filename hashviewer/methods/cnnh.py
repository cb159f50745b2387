from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._heads import hash_layer
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._pairs import signed, similar
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import Published, register

_PAPER = "R. Xia et al.: Supervised Hashing for Image Retrieval via Image Representation Learning. AAAI 2014"


def pursue_codes(similarity: Tensor, counts: Tensor, bits: int, *, sweeps: int) -> Tensor:
    """Codes H (n, bits) of -1 and +1 that lower ``sum_ab n_a n_b (h_a . h_b - K S_ab)^2``.

    One Newton step for each entry, in random order, kept within [-1, 1]; a sweep that does not lower the sum is
    undone. Where the curvature is not positive the entry moves down to the bound, if that lowers the sum.

    Args:
        similarity: S (n, n) of -1 and +1.
        counts: (n,) items that each row stands for; 1 for the paper's own problem.
        bits: Length K of the codes.
        sweeps: Most passes over all entries.
    """
    codes = 2 * torch.rand(len(similarity), bits, dtype=torch.float64) - 1
    scale, targets = counts.double().cpu(), bits * similarity.double().cpu()
    error = _weighted_error(codes, targets, scale)
    for _ in range(sweeps):
        swept = _sweep(codes, targets, scale)
        lowered = _weighted_error(swept, targets, scale)
        if lowered < error:
            codes, error = swept, lowered
    return signs(codes).to(similarity)


def newton_step(codes: Tensor, residual: Tensor, counts: Tensor, row: int, bit: int) -> float:
    """The change of the entry H_row,bit, given ``residual`` L = H H^T - K S."""
    column, value = codes[:, bit], float(codes[row, bit])
    slope = 4 * float((counts * residual[row]) @ column)
    own = float(counts[row])
    curvature = 4 * (float(counts @ column.square()) + own * value**2 + own * float(residual[row, row]))
    if curvature > 0:
        return min(max(-slope / curvature, -1 - value), 1 - value)
    change = (-1.0 if slope > 0 else 1.0) - value
    after = residual[row] + change * column
    after[row] += change * value + change**2
    weights = 2 * counts
    weights[row] = own
    lowers = float(weights @ (after.square() - residual[row].square())) < 0
    return change if lowers else 0.0


def move(codes: Tensor, residual: Tensor, row: int, bit: int, change: float) -> None:
    """Add a change to one entry and keep ``residual`` equal to H H^T - K S, in place."""
    residual[row] += change * codes[:, bit]
    residual[:, row] += change * codes[:, bit]
    residual[row, row] += change**2
    codes[row, bit] += change


def _sweep(codes: Tensor, targets: Tensor, counts: Tensor) -> Tensor:
    codes = codes.clone()
    residual = codes @ codes.T - targets
    for place in torch.randperm(codes.numel()).tolist():
        row, bit = divmod(place, codes.shape[1])
        move(codes, residual, row, bit, newton_step(codes, residual, counts, row, bit))
    return codes


def _weighted_error(codes: Tensor, targets: Tensor, counts: Tensor) -> float:
    return float(counts @ (codes @ codes.T - targets).square() @ counts)


@register(
    "cnnh",
    title="CNNH",
    family="pairwise",
    year=2014,
    paper=_PAPER,
    confidence="re",
    published=(Published(48, 0.522, "I", "the paper's small net; as the survey gives it"),),
)
class CNNH(Method):
    """Convolutional Neural Network Hashing, in two steps: codes from similarities, then a network that gives them.

    First ``min ||S - H H^T / K||_F^2`` over H in [-1, 1], coordinate by coordinate, and H = sgn(H); then the mean
    squared error of the outputs to their rows of H, or the logistic loss of each bit.

    Reading: images with the same labels share a row of H, weighted by their number, which is the same problem for
    codes that depend on labels alone; ``rows=images`` solves it for every image as printed, in time N^2 K.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    targets: Tensor  # (N, K) the first step's codes

    def __init__(
        self,
        *,
        sweeps: Annotated[int, Setting("passes of the first step over all entries of H", low=1)] = 10,
        rows: Annotated[Literal["labels", "images"], Setting("what has a row in H")] = "labels",
        loss: Annotated[Literal["square", "logistic"], Setting("of outputs against codes")] = "square",
    ) -> None:
        super().__init__()
        self.sweeps = sweeps
        self.rows = rows
        self.loss = loss

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("targets", torch.zeros(0, shape.bits))

    def begin(self, items: TrainingItems) -> None:
        sets, places, counts = torch.unique(items.labels, dim=0, return_inverse=True, return_counts=True)
        if self.rows == "images":
            sets, places = items.labels, torch.arange(len(items.labels), device=items.labels.device)
            counts = torch.ones_like(places)
        similarity = signed(similar(sets))
        self.targets = pursue_codes(similarity, counts, self.shape.bits, sweeps=self.sweeps)[places]

    def forward(self, batch: Batch) -> Terms:
        values, codes = batch.relaxed[:, : self.shape.bits], self.targets[batch.indices]
        if self.loss == "square":
            return {"codes": (values - codes).square().mean()}
        return {"codes": functional.binary_cross_entropy_with_logits(values, (codes + 1) / 2)}


@register(
    "cnnh-plus",
    title="CNNH+",
    family="pairwise",
    year=2014,
    paper=_PAPER,
    labels="classes",
    confidence="re",
    survey=False,  # the survey counts it with CNNH
    published=(Published(48, 0.532, "I", "the paper's small net; recalled"),),
)
class CNNHPlus(CNNH):
    """CNNH whose network has C further outputs, trained towards the labels; codes are the first K outputs.

    The rest is CNNH, its reading too. The label units shape the layers before them: a linear head has none.
    """

    def __init__(
        self,
        *,
        sweeps: Annotated[int, Setting("passes of the first step over all entries of H", low=1)] = 10,
        rows: Annotated[Literal["labels", "images"], Setting("what has a row in H")] = "labels",
        loss: Annotated[Literal["square", "logistic"], Setting("of outputs against codes")] = "square",
        label_units: Annotated[float, Setting("weight of the label units' loss", low=0)] = 1.0,
    ) -> None:
        super().__init__(sweeps=sweeps, rows=rows, loss=loss)
        self.label_units = label_units
        self.multi = False

    def head(self, shape: Shape) -> nn.Module:
        width = shape.bits + shape.classes
        return hash_layer(shape.feature_dim, width, kind=shape.head, hidden=shape.hidden)

    def begin(self, items: TrainingItems) -> None:
        super().begin(items)
        self.multi = is_multi(items.labels)

    def forward(self, batch: Batch) -> Terms:
        logits = batch.outputs[:, self.shape.bits :]
        labels = classification(logits, batch.labels, multi=self.multi)
        return {**super().forward(batch), "labels": self.label_units * labels}

    def encode(self, outputs: Tensor) -> Tensor:
        return outputs[:, : self.shape.bits]
