from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.methods import _codebooks
from hashviewer.methods._base import Advice, Batch, Clock, Shape, Terms, TrainingItems
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._quantizer import WORDS, Quantizer
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import register


@register(
    "dsq",
    title="DSQ",
    family="quantization",
    year=2019,
    paper="S. Eghbali, L. Tahvildari: Deep Spherical Quantization for Image Search. CVPR 2019",
    query="quantizer",
    labels="classes",
    confidence="reading",
)
class DSQ(Quantizer):
    """Deep Spherical Quantization: features on the unit sphere, near the centre of their class, by sums of codewords.

    ``CE + l1 mean ||z - b C||^2 + l2 mean ||z - phi_y||^2 + l3 mean ||phi_y - b C||^2``. First the network with CE
    and the centre term alone; then each epoch of the network is followed by codes (ICM) and books (least squares),
    both for the targets (l1 z + l3 phi_y) / (l1 + l3), which have the same minimum, and by the centres' closed form.

    Reading: the first stage takes a quarter of the epochs; the books begin as k-means in blocks; a centre is the mean
    over its class of (l2 z + l3 b C) / (l2 + l3); images with several labels have the mean of their centres and
    binary cross-entropy; the weights are 0.1. The sparse variant of the paper is not here.
    """

    advice = Advice(epochs=40, learning_rate=1e-3)
    centres: Tensor  # (C, D) phi
    members: Tensor  # (N, C) labels

    def __init__(
        self,
        *,
        dimensions: Annotated[int, Setting("length D of the quantized features", low=8)] = 64,
        quantization: Annotated[float, Setting("l1, weight of features against codewords", low=0)] = 0.1,
        centre: Annotated[float, Setting("l2, weight of features against centres", low=0)] = 0.1,
        discriminative: Annotated[float, Setting("l3, weight of centres against codewords", low=0)] = 0.1,
        first_stage: Annotated[
            float, Setting("share of the epochs before quantization", low=0, high=1)
        ] = 0.25,
        compare: Annotated[Literal["inner", "euclidean"], Setting("how tables compare a query")] = "inner",
    ) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.quantization = quantization
        self.centre = centre
        self.discriminative = discriminative
        self.first_stage = first_stage
        self.compare = compare
        self.multi = False

    def add_parts(self, shape: Shape) -> None:
        super().add_parts(shape)
        self.classifier = nn.Linear(self.dimensions, shape.classes)
        self.register_buffer("centres", torch.zeros(shape.classes, self.dimensions))
        self.register_buffer("members", torch.zeros(0, shape.classes))

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)
        self.members = items.labels
        points = self.points_of(items.features)
        self.centres = self.closed_form(points, points)

    def activation(self, outputs: Tensor) -> Tensor:
        return functional.normalize(outputs, dim=1)

    def forward(self, batch: Batch) -> Terms:
        points, centres = batch.relaxed, mean_of_labels(batch.labels, self.centres)
        terms = {
            "classification": classification(self.classifier(points), batch.labels, multi=self.multi),
            "centre": self.centre * _mean_distance(points, centres),
        }
        if len(self.indices):
            words = self.reconstructed(batch.indices)
            terms["quantization"] = self.quantization * _mean_distance(points, words)
            terms["discriminative"] = self.discriminative * _mean_distance(centres, words)
        return terms

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        points = self.activation(outputs())
        if clock.epoch + 1 >= self.first_stage * clock.epochs or clock.epoch == clock.epochs - 1:
            self.requantize(self.targets(points))
            words = self.reconstructed(torch.arange(len(points), device=points.device))
            self.centres = self.closed_form(points, words)
        else:
            self.centres = self.closed_form(points, points)

    def targets(self, points: Tensor) -> Tensor:
        """What codes and books stand for (N, D): features and centres, mixed by their weights."""
        total = self.quantization + self.discriminative
        share = self.quantization / total if total else 1.0
        return share * points + (1 - share) * mean_of_labels(self.members, self.centres)

    def closed_form(self, points: Tensor, words: Tensor) -> Tensor:
        """The centres (C, D) for features and their quantized forms, both (N, D)."""
        total = self.centre + self.discriminative
        share = self.centre / total if total else 1.0
        return mean_of_labels(self.members.T, share * points + (1 - share) * words)

    def distances(self, queries: Tensor, codes: Tensor) -> Tensor:
        if self.compare == "inner":
            return super().distances(queries, codes)
        indices = _codebooks.from_bits(codes, WORDS)
        return _codebooks.look_up_distances(self.activation(queries), indices, self.books)


def mean_of_labels(labels: Tensor, rows: Tensor) -> Tensor:
    """For each row of labels (n, C), the mean (n, D) of those rows (C, D) where it is 1."""
    return labels @ rows / labels.sum(1, keepdim=True).clamp_min(1)


def _mean_distance(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).square().sum(1).mean()
