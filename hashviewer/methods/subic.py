import math
from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.errors import MethodError
from hashviewer.methods import _codebooks
from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._heads import hash_layer
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register


@register(
    "subic",
    title="SUBIC",
    family="classification",
    year=2017,
    paper="H. Jain, J. Zepeda, P. Perez, R. Gribonval: SUBIC: A Supervised, Structured Binary Code for Image Search. ICCV 2017",
    query="quantizer",
    labels="classes",
    published=(Published(48, 0.6863, "III", "a small network, 21-point interpolated"),),
)
class SUBIC(Method):
    """SUBIC: M blocks of K units, each nearly one-hot by softmax and entropy; a code is the block's largest unit.

    ``CE / ln C + gamma sum_m mean_i H(z_i^m) / (M log2 K) - mu sum_m H(mean_i z_i^m) / (M log2 K)`` with H in bits
    and z the softmax in each block of ReLU(u). A query keeps its values before the softmax: its score for an item is
    the sum of those at the item's M indices. K is 64 as in the paper where the bits allow it, else 256. Reading:
    images with several labels use binary cross-entropy per class.
    """

    advice = Advice(epochs=60, batch=200, learning_rate=1e-3)

    def __init__(
        self,
        *,
        words: Annotated[
            int | None, Setting("K, units in a block; none: 64 for multiples of 6 bits, else 256", low=2)
        ] = None,
        gamma: Annotated[float, Setting("weight of each item's entropy, which falls", low=0)] = 1.0,
        mu: Annotated[float, Setting("weight of the batch's entropy, which rises", low=0)] = 1.0,
    ) -> None:
        super().__init__()
        self.words = words
        self.gamma = gamma
        self.mu = mu
        self.multi = False

    @classmethod
    def check(cls, shape: Shape) -> None:
        super().check(shape)
        if shape.bits % 6 and shape.bits % 8:
            raise MethodError(
                f"SUBIC makes codes whose bits are a multiple of 6 (blocks of 64) or 8 (blocks of 256); {shape.bits} "
                "is neither."
            )

    def size(self, bits: int) -> int:
        """Units in a block, K."""
        if self.words is None:
            return 256 if bits % 6 else 64
        return self.words

    def head(self, shape: Shape) -> nn.Module:
        size = self.size(shape.bits)
        width = size * _codebooks.layout(shape.bits, words=size)
        return hash_layer(shape.feature_dim, width, kind=shape.head, hidden=max(shape.hidden // 2, 1))

    def add_parts(self, shape: Shape) -> None:
        self.classifier = nn.Linear(self.width, shape.classes)

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)

    def activation(self, outputs: Tensor) -> Tensor:
        return self.in_blocks(outputs).relu().softmax(2).flatten(1)

    def in_blocks(self, values: Tensor) -> Tensor:
        """Values (n, M K) as (n, M, K)."""
        return values.reshape(len(values), -1, self.size(self.shape.bits))

    def forward(self, batch: Batch) -> Terms:
        shares = self.in_blocks(self.activation(batch.outputs))
        logits = self.classifier(shares.flatten(1))
        cost = classification(logits, batch.labels, multi=self.multi) / math.log(self.shape.classes)
        per_bit = 1 / self.shape.bits  # M log2 K is the number of bits
        return {
            "classification": cost,
            "item_entropy": self.gamma * per_bit * entropy(shares).mean(0).sum(),
            "batch_entropy": -self.mu * per_bit * entropy(shares.mean(0)).sum(),
        }

    def encode(self, outputs: Tensor) -> Tensor:
        size = self.size(self.shape.bits)
        return _codebooks.to_bits(self.in_blocks(outputs.relu()).argmax(2), size)

    def distances(self, queries: Tensor, codes: Tensor) -> Tensor:
        tables = self.in_blocks(queries.relu())  # (Q, M, K)
        indices = _codebooks.from_bits(codes, tables.shape[2])
        scores = tables[:, 0, indices[:, 0]]
        for m in range(1, tables.shape[1]):
            scores = scores + tables[:, m, indices[:, m]]
        return -scores


def entropy(shares: Tensor) -> Tensor:
    """Entropy in bits over the last dimension; a share of 0 counts as 0."""
    return -torch.xlogy(shares, shares.clamp_min(1e-20)).sum(-1) / math.log(2)
