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


@register(
    "adsh",
    title="ADSH",
    family="pairwise",
    year=2018,
    paper="Q.-Y. Jiang, W.-J. Li: Asymmetric Deep Supervised Hashing. AAAI 2018",
    query="asymmetric",
    published=(Published(48, 0.9390, "I-all", "CNN-F"), Published(48, 0.9605, "I-all", "ResNet-50")),
)
class ADSH(Method):
    """Asymmetric Deep Supervised Hashing: the network codes queries, the database's codes V are learnt directly.

    ``sum_{i in Omega, j} (tanh(u_i) . v_j - K s_ij)^2 + gamma sum_{i in Omega} ||v_i - tanh(u_i)||^2``, divided by
    n N; s_ij is +1 or -r, r the ratio of similar to dissimilar pairs. An outer iteration draws Omega, trains the
    network on it for some epochs and then sets V column by column, each exactly.
    """

    advice = Advice(epochs=60, batch=64, learning_rate=1e-3, hidden=240)  # a file holds codes beside the head
    kept = (*Method.kept, "codes")
    codes: Tensor  # (N, K) V; 0 before the first update
    database: Tensor  # (N, C) labels
    drawn: Tensor  # Omega
    apart: Tensor  # () -r

    def __init__(
        self,
        *,
        gamma: Annotated[float, Setting("weight of codes against the network's outputs", low=0)] = 200.0,
        sampled: Annotated[int, Setting("items in Omega", low=2)] = 2000,
        inner: Annotated[int, Setting("epochs between two updates of the codes", low=1)] = 3,
    ) -> None:
        super().__init__()
        self.gamma = gamma
        self.sampled = sampled
        self.inner = inner

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("codes", torch.zeros(0, shape.bits))
        self.register_buffer("database", torch.zeros(0, shape.classes))
        self.register_buffer("drawn", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("apart", torch.tensor(-1.0))

    def begin(self, items: TrainingItems) -> None:
        self.database = items.labels
        self.codes = torch.zeros(len(items.labels), self.shape.bits, device=items.labels.device)

    def sample(self, clock: Clock, count: int) -> Tensor:
        if clock.epoch % self.inner == 0:
            self.drawn = torch.randperm(count)[: self.sampled].to(self.database.device)
            self.apart.fill_(dissimilar_value(self.database[self.drawn], self.database))
        return self.drawn

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        targets = self._targets(batch.labels, self.database)  # (n, N)
        own = (self.codes[batch.indices] - batch.relaxed).square().sum()
        return {
            "pairs": difference(batch.relaxed @ self.codes.T, self.shape.bits * targets).mean(),
            "quantization": self.gamma * own / targets.numel(),
        }

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        last = clock.epoch == clock.epochs - 1
        if last or clock.epoch % self.inner == self.inner - 1:
            self.codes = self.updated(self.relax(outputs()[self.drawn]))

    def updated(self, relaxed: Tensor) -> Tensor:
        """The codes (N, K) after one pass of exact column updates, given the outputs (|Omega|, K) of Omega."""
        pulled = torch.zeros_like(self.codes)
        pulled[self.drawn] = relaxed
        targets = [
            self._targets(part, self.database[self.drawn]) for part in torch.split(self.database, 4096)
        ]
        towards = torch.cat([part @ relaxed for part in targets])  # S^T U, (N, K)
        linear = -2 * self.shape.bits * towards - 2 * self.gamma * pulled
        return coordinate_descent(self.codes, relaxed.T @ relaxed, linear)

    def learnt_codes(self) -> Tensor:
        return signs(self.codes)

    def _targets(self, labels: Tensor, others: Tensor) -> Tensor:
        return torch.where(similar(labels, others) > 0, 1.0, self.apart)
