from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.errors import MethodError
from hashviewer.methods import _codebooks
from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._maps import channels, places
from hashviewer.methods._pairs import difference, similar
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import register


class OrdinalLayer(nn.Module):
    """Global and attended local features to the responses of all segments."""

    def __init__(self, shape: Shape, responses: int, *, dropout: float = 0.2) -> None:
        super().__init__()
        width = max(shape.hidden * 7 // 16, 1)  # two branches where other methods have one hidden layer
        self.positions = shape.positions
        self.dropout = dropout
        self.local = nn.Linear(channels(shape), width)  # conv7 at each place
        self.local_classes = nn.Linear(width, shape.classes)
        self.whole = nn.Linear(channels(shape), width)  # fc7
        self.eighth = nn.Linear(width, width)
        self.from_local = nn.Linear(width, responses)
        self.from_global = nn.Linear(width, responses, bias=False)

    def branches(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The local branch's map (n, P, w) and the global branch's features (n, w)."""
        at_places = places(features, self.positions)
        local = torch.relu(self.local(at_places))
        whole = torch.relu(self.whole(at_places.mean(1)))
        local, whole = (functional.dropout(part, self.dropout, self.training) for part in (local, whole))
        return local, whole

    def attention(self, local: Tensor, classes: Tensor) -> Tensor:
        """Weights (n, P) of the places: class activation maps, softmax over places, averaged over classes (n, C)."""
        maps = torch.softmax(local @ self.local_classes.weight.T, dim=1)  # (n, P, C)
        share = classes / classes.sum(1, keepdim=True).clamp_min(1)
        weights: Tensor = (maps * share[:, None]).sum(2)
        return weights

    def predicted(self, local: Tensor) -> Tensor:
        """The local branch's class of each image, one-hot (n, C)."""
        logits = self.local_classes(local.mean(1))
        return functional.one_hot(logits.argmax(1), logits.shape[1]).to(local.dtype)

    def respond(self, local: Tensor, whole: Tensor, classes: Tensor) -> Tensor:
        """Responses z (n, R Q) with the attention of the given classes (n, C)."""
        attended = (self.attention(local, classes)[:, :, None] * local).sum(1)
        responses: Tensor = self.from_local(attended) + self.from_global(self.eighth(whole))
        return responses

    def forward(self, features: Tensor) -> Tensor:
        """Responses with the attention of the predicted classes."""
        local, whole = self.branches(features)
        return self.respond(local, whole, self.predicted(local))


@register(
    "doh",
    title="DOH",
    family="pairwise",
    year=2019,
    paper="L. Jin, X. Shu, K. Li, Z. Li, G.-J. Qi, J. Tang: Deep Ordinal Hashing with Spatial Attention. IEEE TIP 28(5), 2019",
    query="segments",
    labels="classes",
    confidence="reading",
)
class DOH(Method):
    """Deep Ordinal Hashing: a code is the place of the largest response in each of R segments of Q responses.

    ``mean_ij (s_ij - (1/R) sum_r p_i^r . p_j^r)^2`` over a batch, with p the softmax of a segment's responses, plus
    lambda times the cross-entropies of two class heads, on the global features and on the pooled local map. Segments
    respond to global features and to local ones, the sum of a map's places weighted by attention. Each segment's
    symbol takes log2 Q bits; the distance is the Hamming distance of symbols written one-hot, twice the number of
    segments that differ.

    Reading: weights and normalisation of the terms; the attention, a softmax over places of the class activation map
    of the true classes while training and of the local head's class afterwards; Q; each branch being one layer on the
    backbone's map. Images with several labels use binary cross-entropy. On pooled features there is one place only,
    and nothing to attend to: give maps (`Shape.positions`) for the method as it was meant.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    attends = True
    hash_layer: OrdinalLayer

    def __init__(
        self,
        *,
        categories: Annotated[int, Setting("Q, responses of a segment, a power of two", low=2)] = 4,
        heads: Annotated[float, Setting("lambda, weight of the class heads", low=0)] = 1.0,
    ) -> None:
        super().__init__()
        self.categories = categories
        self.heads = heads
        self.multi = False

    def head(self, shape: Shape) -> nn.Module:
        return OrdinalLayer(shape, self._segments(shape.bits) * self.categories)

    def add_parts(self, shape: Shape) -> None:
        self.global_classes = nn.Linear(self.hash_layer.whole.out_features, shape.classes)

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.softmax(self._split(outputs), dim=2).flatten(1)

    def forward(self, batch: Batch) -> Terms:
        local, whole = self.hash_layer.branches(batch.features)
        relaxed = self.relax(self.hash_layer.respond(local, whole, batch.labels))
        from_local = self.hash_layer.local_classes(local.mean(1))
        return {
            "pairs": self.pairs(relaxed, batch.labels),
            "local_classes": self.heads * classification(from_local, batch.labels, multi=self.multi),
            "global_classes": self.heads
            * classification(self.global_classes(whole), batch.labels, multi=self.multi),
        }

    def pairs(self, relaxed: Tensor, labels: Tensor) -> Tensor:
        """How far agreement, the mean over segments of p_i . p_j, is from similarity."""
        agreement = relaxed @ relaxed.T / self._segments(self.shape.bits)
        return difference(agreement, similar(labels)).mean()

    def encode(self, outputs: Tensor) -> Tensor:
        return _codebooks.to_bits(self._split(outputs).argmax(2), self.categories)

    @property
    def segment(self) -> int:
        return self.categories.bit_length() - 1

    def distances(self, queries: Tensor, codes: Tensor) -> Tensor:
        asked, known = (
            functional.one_hot(symbols, self.categories).flatten(1).to(codes.dtype)
            for symbols in (self._split(queries).argmax(2), _codebooks.from_bits(codes, self.categories))
        )
        return 2 * (self._segments(self.shape.bits) - asked @ known.T)

    def _split(self, outputs: Tensor) -> Tensor:
        """Responses (n, R Q) by segment (n, R, Q)."""
        return outputs.reshape(len(outputs), -1, self.categories)

    def _segments(self, bits: int) -> int:
        """R, the number of segments."""
        per_segment = self.segment
        if self.categories != 1 << per_segment:
            raise MethodError(f"A segment has a power of two of responses, not {self.categories}.")
        if bits % per_segment:
            lower = max(bits // per_segment, 1) * per_segment
            raise MethodError(
                f"Segments of {self.categories} responses take {per_segment} bits each, and {bits} bits are no whole "
                f"number of them. The nearest are {lower} and {lower + per_segment}."
            )
        return bits // per_segment
