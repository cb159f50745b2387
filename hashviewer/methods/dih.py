from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._discrete import coordinate_descent
from hashviewer.methods._pairs import difference, dissimilar_value, similar
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import Published, register

_CHUNK = 4096  # items whose similarities to Omega are made at once


@register(
    "dih",
    title="DIH",
    family="pairwise",
    year=2019,
    paper="D. Wu et al.: Deep Incremental Hashing Network for Efficient Image Retrieval. CVPR 2019",
    query="asymmetric",
    confidence="reading",
    published=(Published(48, 0.9217, "I-all", "AlexNet, 7 old and 3 new classes"),),
)
class DIH(Method):
    """Deep Incremental Hashing: items of new classes get codes while those of the old database stay as they are.

    ``sum_{i in Omega, j} (h_i . b_j - K s_ij)^2 + gamma sum_{i in Omega} ||b_i - h_i||^2 + mu ||sum_{i in Omega}
    h_i||^2``, divided by n N, with h = tanh(u); j runs over the old and the new database, s_ij is +1 or -r, r the
    ratio of similar to dissimilar pairs. After every few epochs new codes are set column by column, each exactly.

    The old database are the images whose labels are all among the first classes. Its codes come from the same
    objective without the new images (ADSH) in the first part of the run, and are fixed from then on; the network goes
    on. Without old classes and mu the method is ADSH.

    Reading: the released code balances by the plain sum of all outputs, which has no least value; the square is
    taken here, over a batch. It also takes quantization targets by the place in the batch; here by the item.
    """

    advice = Advice(epochs=90, batch=64, learning_rate=1e-3, hidden=240)  # a file holds codes beside the head
    kept = (*Method.kept, "codes")
    codes: Tensor  # (N, K) B; 0 before the first update
    database: Tensor  # (N, C) labels
    old: Tensor  # (m,) items of the old database
    new: Tensor  # (N - m,) the others
    drawn: Tensor  # Omega
    shown: Tensor  # the items in play: of the old database, then all
    apart: Tensor  # () -r

    def __init__(
        self,
        *,
        gamma: Annotated[float, Setting("weight of codes against the network's outputs", low=0)] = 200.0,
        mu: Annotated[float, Setting("weight of bit balance", low=0)] = 50.0,
        sampled: Annotated[int, Setting("items in Omega", low=2)] = 2000,
        inner: Annotated[int, Setting("epochs between two updates of the codes", low=1)] = 3,
        old_classes: Annotated[float, Setting("share of the classes that are old", low=0, high=1)] = 0.7,
        old_epochs: Annotated[float, Setting("share of the run for the old ones", low=0, high=1)] = 0.5,
    ) -> None:
        super().__init__()
        self.gamma = gamma
        self.mu = mu
        self.sampled = sampled
        self.inner = inner
        self.old_classes = old_classes
        self.old_epochs = old_epochs

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("codes", torch.zeros(0, shape.bits))
        self.register_buffer("database", torch.zeros(0, shape.classes))
        for name in ("old", "new", "drawn", "shown"):
            self.register_buffer(name, torch.zeros(0, dtype=torch.int64))
        self.register_buffer("apart", torch.tensor(-1.0))

    def begin(self, items: TrainingItems) -> None:
        self.database = items.labels
        self.codes = torch.zeros(len(items.labels), self.shape.bits, device=items.labels.device)
        first = round(self.old_classes * self.shape.classes)
        is_new = items.labels[:, first:].sum(1) > 0
        self.old, self.new = (~is_new).nonzero().flatten(), is_new.nonzero().flatten()

    def sample(self, clock: Clock, count: int) -> Tensor:
        if clock.epoch % self.inner == 0:
            alone = self._old_alone(clock)
            self.shown = self.old if alone else torch.arange(count, device=self.old.device)
            order = torch.randperm(len(self.shown))[: self.sampled].to(self.shown.device)
            self.drawn = self.shown[order]
            self.apart.fill_(dissimilar_value(self.database[self.drawn], self.database[self.shown]))
        return self.drawn

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        targets = self._similarity(batch.labels, self.database[self.shown])  # (n, N)
        own = (self.codes[batch.indices] - batch.relaxed).square().sum()
        pairs = difference(batch.relaxed @ self.codes[self.shown].T, self.shape.bits * targets)
        return {
            "pairs": pairs.mean(),
            "quantization": self.gamma * own / targets.numel(),
            "balance": self.mu * batch.relaxed.sum(0).square().sum() / targets.numel(),
        }

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        last = clock.epoch == clock.epochs - 1
        if last or clock.epoch % self.inner == self.inner - 1:
            free = self.old if len(self.shown) < len(self.codes) else self.new
            self.codes = self.updated(self.relax(outputs()[self.drawn]), free)

    def updated(self, relaxed: Tensor, free: Tensor) -> Tensor:
        """All codes (N, K) after one pass of exact column updates of the free rows, given Omega's (|Omega|, K)."""
        pulled = torch.zeros_like(self.codes)
        pulled[self.drawn] = relaxed
        towards = torch.cat(
            [
                self._similarity(part, self.database[self.drawn]) @ relaxed
                for part in torch.split(self.database[free], _CHUNK)
            ]
        )  # S^T H
        linear = -2 * self.shape.bits * towards - 2 * self.gamma * pulled[free]
        codes = self.codes.clone()
        codes[free] = coordinate_descent(codes[free], relaxed.T @ relaxed, linear)
        return codes

    def learnt_codes(self) -> Tensor:
        return signs(self.codes)

    def _old_alone(self, clock: Clock) -> bool:
        """Whether this epoch still learns the old database; whole outer iterations only, and never the last."""
        rounds = -(-clock.epochs // self.inner)
        for_old = min(round(self.old_epochs * rounds), rounds - 1)
        return len(self.old) > 0 and clock.epoch // self.inner < for_old

    def _similarity(self, labels: Tensor, others: Tensor) -> Tensor:
        return torch.where(similar(labels, others) > 0, 1.0, self.apart)
