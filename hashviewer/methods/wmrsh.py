from collections.abc import Callable, Iterator
from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._heads import hash_layer
from hashviewer.methods._labels import is_multi
from hashviewer.methods._pairs import similar, squared_distance
from hashviewer.methods._quantization import square
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import register

_JUDGES = 1000  # items left out of a table that measure it, at most
_BLOCK = 64  # of them at once


class Tables(nn.Module):
    """Hash layers side by side, each a table; outputs (n, K) one table after the other."""

    def __init__(self, tables: list[nn.Module]) -> None:
        super().__init__()
        self.tables = nn.ModuleList(tables)

    def forward(self, features: Tensor) -> Tensor:
        """The outputs (n, K) of all tables."""
        return torch.cat([table(features) for table in self.tables], dim=1)


def ranking_loss(values: Tensor, similarity: Tensor, margin: float) -> Tensor:
    """``s d^2 / 2 + (1 - s) max(m - d, 0)^2 / 2`` (n, n) with d = ||h_i - h_j||^2 / 4, a relaxed Hamming distance."""
    distance = squared_distance(values, values) / 4
    return (
        similarity * distance.square() / 2 + (1 - similarity) * (margin - distance).clamp_min(0).square() / 2
    )


def bit_weights(codes: Tensor) -> Tensor:
    """Weights (K,) of a table's bits with sum K: information times diversity, from codes (N, K) of -1 and +1.

    Information is 1 - |mean|, diversity 1 less the mean |correlation| with the other bits. All 1 where none has any.
    """
    size = codes.shape[1]
    mean = codes.mean(0)
    centred = codes - mean
    deviation = centred.square().mean(0).sqrt()
    related = centred.T @ centred / len(codes) / torch.outer(deviation, deviation).clamp_min(1e-12)
    related = related.abs().fill_diagonal_(0)
    diversity = 1 - related.sum(1) / max(size - 1, 1)
    value = ((1 - mean.abs()) * diversity).clamp_min(0)
    total = value.sum()
    return value / total * size if float(total) > 1e-9 else torch.ones_like(value)


def mean_precision(distances: Tensor, relevant: Tensor) -> float:
    """Mean average precision of distances (q, N) in whole bits; items of equal distance count as found together."""
    levels = int(distances.max()) + 1
    places = distances.long()
    shape = (len(distances), levels)
    items = torch.zeros(shape, device=distances.device).scatter_add_(1, places, torch.ones_like(distances))
    hits = torch.zeros(shape, device=distances.device).scatter_add_(1, places, relevant)
    precision = hits.cumsum(1) / items.cumsum(1).clamp_min(1)
    return float(((hits * precision).sum(1) / relevant.sum(1).clamp_min(1)).mean())


@register(
    "wmrsh",
    title="WMRSH",
    family="pairwise",
    year=2020,
    paper="J. Li et al.: Weighted multi-deep ranking supervised hashing for efficient image retrieval. IJMLC 2020",
    query="weighted",
    labels="classes",
    confidence="reading",
)
class WMRSH(Method):
    """Weighted Multi-Deep Ranking Supervised Hashing: several tables, whose bits and themselves have weights.

    Each table t has its own hash layer h = tanh(u) of K_t bits and classifier, and lowers the mean over pairs of
    ``s d^2 / 2 + (1 - s) max(m - d, 0)^2 / 2`` with d = ||h_i - h_j||^2 / 4, ``lam_c CE(V^T h, y)`` and ``lam_q || |h|
    - 1 ||^2``; terms are sums over tables. At the end a bit is weighted by information and diversity, a table by its
    mean average precision; a query adds the weights of the bits that differ.

    Reading: all of this below the level of the abstract. K bits are shared out evenly among the tables. A table
    learns from a bootstrap sample of the images, as weights of items and pairs, and is measured on those it never
    saw (1,000 of them at most, as queries against the rest); hidden layers share the width evenly. Images with several
    labels use binary cross-entropy per class. Before the end all weights are equal.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    kept = (*Method.kept, "weights")
    drawn: Tensor  # (N, T) how often each item is in each table's sample
    database: Tensor  # (N, C) labels
    weights: Tensor  # (K,) of the bits, times those of their tables

    def __init__(
        self,
        *,
        tables: Annotated[int, Setting("tables T that share the bits; at most one for each bit", low=1)] = 4,
        margin: Annotated[float | None, Setting("m; none: half a table's bits", low=0)] = None,
        classification: Annotated[float, Setting("lam_c, weight of the classifiers", low=0)] = 1.0,
        quantization: Annotated[float, Setting("lam_q, weight of (|h| - 1)^2", low=0)] = 0.1,
    ) -> None:
        super().__init__()
        self.tables = tables
        self.margin = margin
        self.classification = classification
        self.quantization = quantization
        self.multi = False

    def sizes(self, bits: int) -> list[int]:
        """The bits K_t of each table; the first ones have one more where they do not share evenly."""
        tables = min(self.tables, bits)
        return [bits // tables + (table < bits % tables) for table in range(tables)]

    def head(self, shape: Shape) -> nn.Module:
        sizes = self.sizes(shape.bits)
        hidden = max(shape.hidden // len(sizes), 1)
        return Tables([hash_layer(shape.feature_dim, k, kind=shape.head, hidden=hidden) for k in sizes])

    def add_parts(self, shape: Shape) -> None:
        sizes = self.sizes(shape.bits)
        self.classifiers = nn.ModuleList([nn.Linear(size, shape.classes) for size in sizes])
        self.register_buffer("drawn", torch.zeros(0, len(sizes)))
        self.register_buffer("database", torch.zeros(0, shape.classes))
        self.register_buffer("weights", torch.ones(shape.bits))

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)
        self.database = items.labels
        count, tables = len(items.labels), len(self.classifiers)
        samples = torch.randint(count, (tables, count))
        self.drawn = torch.stack([torch.bincount(s, minlength=count) for s in samples], 1).to(items.labels)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        similarity = similar(batch.labels)
        terms = dict.fromkeys(("ranking", "classification", "quantization"), batch.outputs.new_zeros(()))
        for place, values in self._by_table(batch.relaxed):
            counts = self.drawn[batch.indices, place]  # (n,)
            share = counts / counts.sum().clamp_min(1)
            margin = values.shape[1] / 2 if self.margin is None else self.margin
            pairs = share @ ranking_loss(values, similarity, margin) @ share
            classes = share @ self._cross_entropy(self.classifiers[place](values), batch.labels)
            terms["ranking"] = terms["ranking"] + pairs
            terms["classification"] = terms["classification"] + self.classification * classes
            off = share @ square(values).sum(1)
            terms["quantization"] = terms["quantization"] + self.quantization * off
        return terms

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        if clock.epoch == clock.epochs - 1:
            self.weights = self.weighted(signs(outputs()))

    def weighted(self, codes: Tensor) -> Tensor:
        """The weights (K,) of all bits, from the codes (N, K) of all training items."""
        found = [
            (bit_weights(some[self.drawn[:, place] > 0]), self._measured(some, self.drawn[:, place]))
            for place, some in self._by_table(codes)
        ]
        total = sum(score for _, score in found) or 1.0
        return torch.cat([weights * (score / total) for weights, score in found])

    def worth_of_bits(self) -> Tensor:
        return self.weights.detach()

    def _by_table(self, values: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Each table's place and its columns of (n, K)."""
        yield from enumerate(torch.split(values, self.sizes(self.shape.bits), dim=1))

    def _cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss (n,) of each item."""
        if self.multi:
            each = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
            return each.mean(1)
        return nn.functional.cross_entropy(logits, labels.argmax(1), reduction="none")

    def _measured(self, codes: Tensor, counts: Tensor) -> float:
        """Mean average precision of a table's codes (N, K_t): items it never saw as queries against its sample."""
        unseen, seen = (counts == 0).nonzero().flatten(), (counts > 0).nonzero().flatten()
        if not len(unseen):
            return 1.0
        judges = unseen[torch.randperm(len(unseen))[:_JUDGES].to(unseen.device)]
        precision = 0.0
        for some in torch.split(judges, _BLOCK):
            distances = (codes.shape[1] - codes[some] @ codes[seen].T) / 2
            relevant = similar(self.database[some], self.database[seen])
            precision += mean_precision(distances, relevant) * len(some) / len(judges)
        return precision
