from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._discrete import binary_quadratic
from hashviewer.methods._pairs import difference, dissimilar_value, similar
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import Published, register

_CHUNK = 4096  # items whose similarities to Omega are made at once


def least_scatter(matrix: Tensor, linear: Tensor) -> Tensor:
    """A balanced b in {-1,+1}^M with small ``b^T Q b + p^T b``, as the authors' solver finds it.

    With b = 2 z - 1 the objective is z^T A z, z with a last element that is 1. Of columns with the inner products
    lam I - A, H have the least scatter about their mean where z^T A z is least among the z with H ones: for each
    column its H - 1 nearest and the last one are tried. lam, which makes such columns exist, adds the same to every
    distance between two of them and to every scatter, so that neither it nor the columns are needed.

    Args:
        matrix: Q (M, M) symmetric with a diagonal of 0.
        linear: p (M,).
    """
    size = len(linear)
    ones = (size + 2) // 2  # half of M + 1, rounded up; the last element is among them
    doubled = 2 * linear - 4 * matrix.sum(1)  # c
    nearness = torch.cat([4 * matrix, doubled[None] / 2])  # (M + 1, M): A, half the squared distances
    nearness = nearness.fill_diagonal_(-torch.inf)  # a column is nearest to itself
    nearest = nearness.topk(ones - 1, dim=1, largest=False).indices
    chosen = torch.zeros_like(nearness).scatter_(1, nearest, 1.0)  # z
    values = (4 * (chosen @ matrix) * chosen).sum(1) + chosen @ doubled
    return 2 * chosen[values.argmin()] - 1


@register(
    "ddsh",
    title="DDSH",
    family="pairwise",
    year=2018,
    paper="Q.-Y. Jiang, X. Cui, W.-J. Li: Deep Discrete Supervised Hashing. IEEE TIP 2018",
    published=(
        Published(48, 0.8318, "I", "CNN-F, the authors' log"),
        Published(48, 0.811, "I", "CNN-F, as the survey gives it"),
    ),
)
class DDSH(Method):
    """Deep Discrete Supervised Hashing: the codes of a few items are solved for and teach the network of the rest.

    An outer round draws Omega; in each of its inner iterations the codes of Omega are set bit by bit, each a binary
    quadratic program, to lower ``sum_{Omega, Gamma} (K s_ij - b_i . b_j)^2 + sum_{Omega, Omega} (...)^2`` for the
    rest Gamma's codes; then the network visits Gamma and lowers the mean of ``(K s_ij - tanh(u_j) . b_i)^2``, and
    Gamma's codes are its signs. s_ij is +1 or -r, r the ratio of similar to dissimilar pairs. An epoch is an inner
    iteration. Omega is at most half of the items.
    """

    advice = Advice(epochs=150, learning_rate=1e-3)
    codes: Tensor  # (N, K) of -1 and +1
    database: Tensor  # (N, C) labels
    drawn: Tensor  # Omega
    rest: Tensor  # Gamma
    apart: Tensor  # () -r

    def __init__(
        self,
        *,
        sampled: Annotated[int, Setting("items in Omega", low=1)] = 100,
        inner: Annotated[int, Setting("iterations (epochs) for each Omega", low=1)] = 3,
        solver: Annotated[
            Literal["scatter", "descent"],
            Setting(
                "of the binary quadratic programs: the authors', balanced; or single flips that lower it"
            ),
        ] = "scatter",
    ) -> None:
        super().__init__()
        self.sampled = sampled
        self.inner = inner
        self.solver = solver

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("codes", torch.zeros(0, shape.bits))
        self.register_buffer("database", torch.zeros(0, shape.classes))
        self.register_buffer("drawn", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("rest", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("apart", torch.tensor(-1.0))

    def begin(self, items: TrainingItems) -> None:
        self.database = items.labels
        self.codes = signs(torch.randn(len(items.labels), self.shape.bits)).to(items.labels.device)

    @torch.no_grad()
    def sample(self, clock: Clock, count: int) -> Tensor:
        if clock.epoch % self.inner == 0:
            order = torch.randperm(count).to(self.database.device)
            size = min(self.sampled, count // 2)
            self.drawn, self.rest = order[:size], order[size:].sort().values
            self.apart.fill_(dissimilar_value(self.database[self.drawn], self.database))
        solved = self.codes.clone()
        solved[self.drawn] = self.solved()
        self.codes = solved
        return self.rest

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        targets = self.shape.bits * self._similarity(batch.labels)  # (n, |Omega|)
        return {"pairs": difference(batch.relaxed @ self.codes[self.drawn].T, targets).mean()}

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        codes = self.codes.clone()
        codes[self.rest] = signs(outputs()[self.rest])
        self.codes = codes

    def solved(self) -> Tensor:
        """New codes (|Omega|, K) of Omega, bit by bit on what the bits before leave."""
        own = self.shape.bits * self._similarity(self.database[self.drawn])
        fixed = self.codes[self.rest]
        towards = torch.zeros_like(self.codes[self.drawn])  # K S^T B_Gamma, (|Omega|, K)
        for places in torch.split(self.rest, _CHUNK):
            towards += self.shape.bits * self._similarity(self.database[places]).T @ self.codes[places]
        among = fixed.T @ fixed
        codes = self.codes[self.drawn].clone()
        for bit in range(self.shape.bits):
            done = codes[:, :bit]
            matrix = -2 * (own - done @ done.T).fill_diagonal_(0)
            linear = -2 * (towards[:, bit] - done @ among[:bit, bit])
            if self.solver == "scatter":
                codes[:, bit] = least_scatter(matrix, linear)
            else:
                codes[:, bit] = binary_quadratic(codes[:, bit], matrix, linear)
        return codes

    def _similarity(self, labels: Tensor) -> Tensor:
        """Similarities s (n, |Omega|) of items with these labels to Omega."""
        return torch.where(similar(labels, self.database[self.drawn]) > 0, 1.0, self.apart)
