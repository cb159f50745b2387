from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._pairs import masked_mean, similar, squared_distance, without_self
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import straight_through
from hashviewer.methods.registry import register


def hard_pairs(
    distance: Tensor, similarity: Tensor, others: Tensor, *, margin: float, negatives: int
) -> Tensor:
    """Mask (n, n) float of the pairs that count.

    For each anchor (row) the similar item that is farthest, and dissimilar ones drawn at random among those nearer
    than the margin.

    Args:
        distance: Squared distances (n, n) of the deep features.
        similarity: 0 or 1, (n, n).
        others: 0 where row and column are the same item.
        margin: Of those distances.
        negatives: Most dissimilar items of an anchor.
    """
    positive = similarity * others
    farthest = torch.where(positive > 0, distance, -torch.inf).argmax(1, keepdim=True)
    mask = torch.zeros_like(positive).scatter_(1, farthest, 1.0) * positive
    near = (1 - similarity) * (distance < margin)
    drawn = torch.where(near > 0, torch.rand(near.shape).to(near.device), -1.0)
    chosen = drawn.topk(min(negatives, near.shape[1]), dim=1).indices
    return mask + torch.zeros_like(near).scatter_(1, chosen, 1.0) * near


def squared_margin(distance: Tensor, similarity: Tensor, margin: float) -> Tensor:
    """``s d / 2 + (1 - s) max(m - d, 0)^2 / 2``, elementwise, d a squared distance."""
    return similarity * distance / 2 + (1 - similarity) * (margin - distance).clamp_min(0).square() / 2


def binarize(values: Tensor) -> Tensor:
    """Signs of z; the gradient is that of ``clip((z + 1) / 2, 0, 1)``, scaled to -1 and +1: 1 where |z| <= 1."""
    return straight_through(values.clamp(-1, 1))


@register(
    "pcdh",
    title="PCDH",
    family="pairwise",
    year=2020,
    paper="Y. Chen, X. Lu: Deep discrete hashing with pairwise correlation learning. Neurocomputing 2020",
    labels="classes",
    confidence="reading",
)
class PCDH(Method):
    """Pairwise Correlation Discrete Hashing: pairs of hash-like values and of deep features, and classes of codes.

    ``L_s + alpha L_p + beta L_l``: L_s is ``s d / 2 + (1 - s) max(m - d, 0)^2 / 2`` with d the squared distance of
    h = tanh(u) divided by K and m = 2, L_p the same for the deep features, L_l the cross-entropy of a linear classifier on the codes
    b = sgn(A h + a), which are made within the network. Pairs are means over the hard ones of a batch: an anchor's
    farthest similar item, and dissimilar ones drawn within the margin of the deep features.

    Reading: d is divided by the number of bits, so that h has a length of at most 1 like the deep features. With the
    plain distance and m = 2 K, squares weigh dissimilar pairs K times as much as similar ones, and pairs a thousand times as
    much as classes: half of the classes were never told apart (a precision of .47 on held-out images of CIFAR-10, of
    .53 on those it had learnt from; now .58 and 1). The gradient passes the sign where |A h + a| <= 1; deep features have length 1 and the margin 2; they
    are the hidden layer's values, or, with a linear head, the backbone's features, which L_p moves only where the
    backbone is trained; one dissimilar item is drawn for each anchor; A begins as the identity. Images with several
    labels use binary cross-entropy per class.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    kept = (*Method.kept, "binary.")

    def __init__(
        self,
        *,
        alpha: Annotated[float, Setting("weight of pairs of deep features", low=0)] = 1.0,
        beta: Annotated[float, Setting("weight of the classification of codes", low=0)] = 1.0,
        margin: Annotated[
            float, Setting("m of h, of squared distances divided by the bits", low=0, high=4)
        ] = 2.0,
        deep_margin: Annotated[float, Setting("m of deep features of length 1", low=0, high=4)] = 2.0,
        negatives: Annotated[int, Setting("dissimilar items drawn for each anchor", low=1)] = 1,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.beta = beta
        self.margin = margin
        self.deep_margin = deep_margin
        self.negatives = negatives
        self.multi = False

    def add_parts(self, shape: Shape) -> None:
        self.binary = nn.Linear(shape.bits, shape.bits)
        nn.init.eye_(self.binary.weight)
        nn.init.zeros_(self.binary.bias)
        self.classifier = nn.Linear(shape.bits, shape.classes, bias=False)

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def deep_features(self, features: Tensor) -> Tensor:
        """The deep features w (n, d) of the hash layer's input, of length 1."""
        if isinstance(self.hash_layer, nn.Sequential):
            for layer in self.hash_layer[:2]:
                features = layer(features)
        return functional.normalize(features, dim=1)

    def forward(self, batch: Batch) -> Terms:
        similarity = similar(batch.labels)
        others = without_self(similarity, batch.indices, batch.indices)
        deep = self.deep_features(batch.features)
        apart = squared_distance(deep, deep)
        mask = hard_pairs(
            apart.detach(), similarity, others, margin=self.deep_margin, negatives=self.negatives
        )
        near = squared_distance(batch.relaxed, batch.relaxed) / self.shape.bits
        pairs = squared_margin(near, similarity, self.margin)
        logits = self.classifier(binarize(self.binary(batch.relaxed)))
        return {
            "pairs": masked_mean(pairs, mask),
            "deep_pairs": self.alpha * masked_mean(squared_margin(apart, similarity, self.deep_margin), mask),
            "classification": self.beta * classification(logits, batch.labels, multi=self.multi),
        }

    def encode(self, outputs: Tensor) -> Tensor:
        values: Tensor = self.binary(torch.tanh(outputs))
        return values
