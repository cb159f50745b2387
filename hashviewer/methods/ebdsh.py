import math
from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.methods._bank import MemoryBank
from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._codebooks import blocks
from hashviewer.methods._heads import SideBySide, hash_layer
from hashviewer.methods._pairs import inner, likelihood, product, similar, squared_distance
from hashviewer.methods._quantization import absolute, square
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods._triplets import gap, mean_over_triplets, valid
from hashviewer.methods.registry import register

Base = Literal["likelihood", "contrastive", "triplets"]
_USUAL_PENALTY: dict[Base, float] = {"likelihood": 10.0, "contrastive": 0.02, "triplets": 1.0}


@register(
    "ebdsh",
    title="EbDSH",
    family="ensemble",
    year=2018,
    paper="Y. Guo, X. Zhao, G. Ding, J. Han: On Trivial Solution and High Correlation Problems in Deep Supervised "
    "Hashing. AAAI 2018",
    confidence="reading",
)
class EbDSH(Method):
    """Ensemble-based Deep Supervised Hashing: short codes of several models, each trained on its own part of the data.

    The K bits are divided among T models. Each has its own initialization and hash layer over the shared backbone
    and learns by a base loss from its own random subset of the training images, drawn per class without
    replacement. No loss joins two models, so training them in one run equals training them one by one. The code is
    the concatenation, its Hamming distance the sum of theirs; if asked for, each model's distance is weighted by its
    mean average precision for the training images that it has not seen.

    Reading: the base loss is DPSH's ``softplus(theta) - s theta`` with theta = u . u / 2 against a bank, plus eta
    (u - sgn u)^2; DSH's pairs (with margin 2 K_t) and DTSH's triplets (alpha = K_t / 2) can replace it, means instead
    of sums. Models have at most 12 bits and see 60 % of the images; the hidden layer of the usual head is divided
    among them.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    kept = (*Method.kept, "worth")
    members: Tensor  # (N, T) bool: which model sees which training image
    worth: Tensor  # (T,) weight of each model's distance
    labels: Tensor  # (N, C) of the training items

    def __init__(
        self,
        *,
        table_bits: Annotated[int, Setting("most bits of one model", low=1)] = 12,
        share: Annotated[
            float, Setting("share of each class's images that a model sees", low=0.05, high=1)
        ] = 0.6,
        base: Annotated[Base, Setting("loss of each model")] = "likelihood",
        eta: Annotated[
            float | None, Setting("weight of outputs near -1 and +1; none: the base loss's own", low=0)
        ] = None,
        weighted: Annotated[bool, Setting("whether models count by their precision when ranking")] = False,
    ) -> None:
        super().__init__()
        self.table_bits = table_bits
        self.share = share
        self.base = base
        self.eta = _USUAL_PENALTY[base] if eta is None else eta
        self.weighted = weighted

    def tables(self) -> list[slice]:
        """The bits of each model, as even as can be."""
        return blocks(self.shape.bits, math.ceil(self.shape.bits / self.table_bits))

    def head(self, shape: Shape) -> nn.Module:
        tables = self.tables()
        hidden = max(shape.hidden // len(tables), 1)
        return SideBySide(
            [
                hash_layer(shape.feature_dim, bits.stop - bits.start, kind=shape.head, hidden=hidden)
                for bits in tables
            ]
        )

    def add_parts(self, shape: Shape) -> None:
        count = len(self.tables())
        self.bank = MemoryBank()
        self.register_buffer("members", torch.zeros(0, count, dtype=torch.bool))
        self.register_buffer("labels", torch.zeros(0, shape.classes))
        self.register_buffer("worth", torch.ones(count))

    def begin(self, items: TrainingItems) -> None:
        self.labels = items.labels
        drawn = [subset(items.labels, self.share) for _ in self.tables()]
        self.members = torch.stack(drawn, dim=1)
        if self.base == "likelihood":
            self.bank.reset(items.labels, self.shape.bits)

    def forward(self, batch: Batch) -> Terms:
        if self.base == "likelihood":
            self.bank.write(batch.indices, batch.relaxed)
        nothing = batch.relaxed.sum() * 0
        terms = {self.base: nothing, "quantization": nothing}
        for place, bits in enumerate(self.tables()):
            rows = self.members[batch.indices, place]
            if bool(rows.any()):
                loss, penalty = self._base_loss(batch.relaxed[rows, bits], batch.labels[rows], place, bits)
                terms[self.base] = terms[self.base] + loss
                terms["quantization"] = terms["quantization"] + self.eta * penalty
        return terms

    def _base_loss(self, codes: Tensor, labels: Tensor, place: int, bits: slice) -> tuple[Tensor, Tensor]:
        """Loss and quantization penalty of one model, for its images of the batch."""
        width = codes.shape[1]
        if self.base == "contrastive":
            pairs = product(squared_distance(codes, codes), similar(labels), 2.0 * width)
            return pairs.mean() / 2, absolute(codes).sum(1).mean()
        if self.base == "triplets":
            nearer = gap(inner(codes, codes)) - width / 2
            loss = mean_over_triplets(functional.softplus(-nearer), valid(similar(labels)))
            return loss, square(codes).mean()
        seen = self.members[:, place]
        theta = inner(codes, self.bank.outputs[seen, bits])
        loss = likelihood(theta, similar(labels, self.bank.labels[seen])).mean()
        return loss, square(codes).sum() / theta.numel()

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        if self.weighted and clock.epoch == clock.epochs - 1:
            codes = signs(outputs())
            self.worth = torch.stack(
                [
                    precision_of_unseen(codes[:, bits], self.labels, self.members[:, place])
                    for place, bits in enumerate(self.tables())
                ]
            )

    def distances(self, queries: Tensor, codes: Tensor) -> Tensor:
        if not self.weighted:
            return super().distances(queries, codes)
        made = signs(queries)
        apart = [
            worth * ((bits.stop - bits.start) - made[:, bits] @ codes[:, bits].T) / 2
            for worth, bits in zip(self.worth, self.tables(), strict=True)
        ]
        return torch.stack(apart).sum(0)


def subset(labels: Tensor, share: float) -> Tensor:
    """A random share of the items of each class, (N,) bool; an item counts for the first of its labels."""
    chosen = torch.ones(len(labels), dtype=torch.bool)
    if share < 1:
        first = labels.argmax(1).cpu()
        for label in range(labels.shape[1]):
            places = (first == label).nonzero().flatten()
            chosen[places[torch.randperm(len(places))[math.ceil(share * len(places)) :]]] = False
    return chosen.to(labels.device)


def precision_of_unseen(codes: Tensor, labels: Tensor, seen: Tensor) -> Tensor:
    """Mean average precision () of the unseen items as queries against the seen ones; 1 where all are seen."""
    if bool(seen.all()):
        return torch.ones((), device=codes.device)
    database, relevances = codes[seen], labels[seen]
    found = []
    for some, theirs in zip(torch.split(codes[~seen], 256), torch.split(labels[~seen], 256), strict=True):
        order = (some @ database.T).argsort(dim=1, descending=True, stable=True)
        relevant = similar(theirs, relevances).gather(1, order)
        ranks = torch.arange(1, len(database) + 1, device=codes.device)
        precision = (relevant.cumsum(1) / ranks * relevant).sum(1)
        found.append(precision / relevant.sum(1).clamp_min(1))
    return torch.cat(found).mean()
