from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._codebooks import blocks
from hashviewer.methods._discrete import coordinate_descent
from hashviewer.methods._heads import SideBySide, hash_layer
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import register


def mutual_regression(
    codes: Tensor, labels: Tensor, weights: Tensor, *, alpha: float, gamma: float
) -> Tensor:
    """W (K, C) that minimises, over items weighted by (N,), ||y - W^T b||^2 + alpha ||b - W y||^2, + gamma ||W||^2.

    Solves (B B^T + gamma I) W + alpha W (Y Y^T) = (1 + alpha) B Y^T, by the eigenvectors of both matrices.
    """
    weighted = codes * weights[:, None]
    identity = torch.eye(codes.shape[1], device=codes.device, dtype=codes.dtype)
    left_values, left = torch.linalg.eigh(codes.T @ weighted + gamma * identity)
    right_values, right = torch.linalg.eigh(alpha * labels.T @ (labels * weights[:, None]))
    wanted = left.T @ ((1 + alpha) * weighted.T @ labels) @ right
    # a pair of directions in which nothing is measured stays 0
    divisor = (left_values[:, None] + right_values[None]).clamp_min(1e-6)
    solved: Tensor = left @ (wanted / divisor) @ right.T
    return solved


def discrete_codes(
    codes: Tensor,
    regression: Tensor,
    labels: Tensor,
    relaxed: Tensor,
    *,
    alpha: float,
    beta: float,
    sweeps: int,
) -> Tensor:
    """B (N, K) after sweeps of exact bit updates of ||Y - W^T B||^2 + alpha ||B - W Y||^2 + beta ||B - H||^2."""
    linear = (1 + alpha) * labels @ regression.T + beta * relaxed
    return coordinate_descent(codes, regression @ regression.T, -2 * linear, sweeps=sweeps)


@register(
    "mlrdh",
    title="MLRDH",
    family="implicit",
    year=2019,
    paper="X. Liu, X. Nie, Q. Zhou, Y. Yin: Supervised Discrete Hashing with Mutual Linear Regression. ACM MM 2019",
    labels="classes",
    confidence="reading",
)
class MLRDH(Method):
    """Mutual Linear Regression based Discrete Hashing: one matrix links codes and labels both ways, with boosting.

    ``||Y - W^T B||^2 + alpha ||B - W Y||^2 + beta ||B - H||^2 + gamma ||W||^2`` is lowered in turns: W exactly, the
    codes B bit by bit, and the hash layer on beta ||b - h||^2 (mean over items) for some epochs. Boosting repeats that
    in rounds, each with a hash layer begun anew and the weights of wrongly classified items raised; the run's second half
    learns the signs of the sum of the rounds' codes, each weighted by its accuracy.

    Reading: all of it but the objective's idea, since only the abstract was at hand. Weights of items enter W and the
    hash layer (the codes of an item do not depend on its weight). h is tanh(u). An item is wrongly classified where
    W^T of the *hash layer's* code has its maximum at no label of the item: the learnt codes are made from the labels,
    hence never wrong. Weights double. The survey's own description of boosting, weighted tables, is there as
    `boosting=tables`: each round learns its own part of the bits, ranked by the sum of their Hamming distances,
    each times the round's accuracy (a learning rate that falls would starve the last ones).
    """

    advice = Advice(epochs=80, learning_rate=1e-3, schedule="step")
    kept = (*Method.kept, "shares")
    codes: Tensor  # (N, K) B
    labels: Tensor  # (N, C)
    weights: Tensor  # (N,) of the items, mean 1
    combined: Tensor  # (N, K) sum of the rounds' codes times their accuracy
    shares: Tensor  # (T,) the rounds' accuracy

    def __init__(
        self,
        *,
        alpha: Annotated[float, Setting("weight of codes regressed from labels", low=0)] = 1.0,
        beta: Annotated[float, Setting("weight of codes against the hash layer", low=0)] = 1e-2,
        gamma: Annotated[float, Setting("weight of the size of W", low=0)] = 1.0,
        rounds: Annotated[int, Setting("rounds of boosting", low=1)] = 3,
        boosting: Annotated[
            Literal["target", "tables"], Setting("what rounds make: one target code, or a table each")
        ] = "target",
        emphasis: Annotated[float, Setting("factor of the weights of wrong items", low=1)] = 2.0,
        inner: Annotated[int, Setting("epochs between two updates of the codes", low=1)] = 3,
        sweeps: Annotated[int, Setting("passes over the bits in an update", low=1)] = 3,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.rounds = rounds
        self.boosting = boosting
        self.emphasis = emphasis
        self.inner = inner
        self.sweeps = sweeps
        self.stage = 0

    def tables(self) -> list[slice]:
        """The bits of each round."""
        if self.boosting == "tables":
            return blocks(self.shape.bits, min(self.rounds, self.shape.bits))
        return [slice(0, self.shape.bits)] * self.rounds

    def head(self, shape: Shape) -> nn.Module:
        if self.boosting == "target":
            return super().head(shape)
        hidden = max(shape.hidden // len(self.tables()), 1)
        made = [
            hash_layer(shape.feature_dim, bits.stop - bits.start, kind=shape.head, hidden=hidden)
            for bits in self.tables()
        ]
        return SideBySide(made)

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("codes", torch.zeros(0, shape.bits))
        self.register_buffer("labels", torch.zeros(0, shape.classes))
        self.register_buffer("weights", torch.zeros(0))
        self.register_buffer("combined", torch.zeros(0, shape.bits))
        self.register_buffer("shares", torch.zeros(len(self.tables())))

    def begin(self, items: TrainingItems) -> None:
        self.labels = items.labels
        self.weights = torch.ones(len(items.labels), device=items.labels.device)
        self.codes = signs(torch.randn(len(items.labels), self.shape.bits)).to(items.labels.device)
        self.combined = torch.zeros_like(self.codes)
        relaxed = self.relax(self.hash_layer(items.features))
        for bits in self.tables() if self.boosting == "tables" else [self._bits(0)]:
            self._alternate(relaxed, bits)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def begin_epoch(self, clock: Clock) -> None:
        self.stage = self._stage(clock.epoch, clock)
        begins = clock.epoch > 0 and self.stage != self._stage(clock.epoch - 1, clock)
        if begins and self.boosting == "target":
            self.hash_layer.load_state_dict(self.head(self.shape).state_dict())

    def forward(self, batch: Batch) -> Terms:
        bits = self._bits(self.stage)
        off = (self.codes[batch.indices, bits] - batch.relaxed[:, bits]).square().sum(1)
        return {"hashing": self.beta * (self.weights[batch.indices] * off).mean()}

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        last = clock.epoch + 1 == clock.epochs or self._stage(clock.epoch + 1, clock) != self.stage
        if self.stage >= self._rounds(clock):
            return  # the last hash layer learns what the rounds have made
        if last or clock.epoch % self.inner == self.inner - 1:
            shown = outputs()
            regression = self._alternate(self.relax(shown), self._bits(self.stage))
            if last:
                self._close_round(regression, signs(self.encode(shown)), clock)

    def distances(self, queries: Tensor, codes: Tensor) -> Tensor:
        if self.boosting == "target":
            return super().distances(queries, codes)
        made = signs(queries)
        apart = [
            share * ((bits.stop - bits.start) - made[:, bits] @ codes[:, bits].T) / 2
            for share, bits in zip(self.shares, self.tables(), strict=True)
        ]
        return torch.stack(apart).sum(0)

    def _rounds(self, clock: Clock) -> int:
        """Rounds that the run has epochs for."""
        return min(len(self.tables()), clock.epochs - (self.boosting == "target"))

    def _stage(self, epoch: int, clock: Clock) -> int:
        """The round of an epoch; their number for the second half of a run, which learns the common target."""
        rounds = self._rounds(clock)
        if self.boosting == "tables":
            return epoch * rounds // clock.epochs
        boosted = max(clock.epochs // 2, rounds)
        return min(epoch * rounds // boosted, rounds) if boosted else 0

    def _bits(self, stage: int) -> slice:
        tables = self.tables()
        return tables[min(stage, len(tables) - 1)]

    def _alternate(self, relaxed: Tensor, bits: slice) -> Tensor:
        """Set W and then B, for some bits; gives W (k, C)."""
        codes = self.codes[:, bits]
        regression = mutual_regression(codes, self.labels, self.weights, alpha=self.alpha, gamma=self.gamma)
        self.codes[:, bits] = discrete_codes(
            codes,
            regression,
            self.labels,
            relaxed[:, bits],
            alpha=self.alpha,
            beta=self.beta,
            sweeps=self.sweeps,
        )
        return regression

    def _close_round(self, regression: Tensor, shown: Tensor, clock: Clock) -> None:
        """Judge a round by the hash layer's codes (N, K), raise the weights of wrong items, add to the target."""
        bits = self._bits(self.stage)
        best = (shown[:, bits] @ regression).argmax(1)
        right = self.labels.gather(1, best[:, None])[:, 0] > 0
        accuracy = right.float().mean()
        self.shares[self.stage] = accuracy
        self.combined[:, bits] += accuracy * self.codes[:, bits]
        raised = torch.where(right, self.weights, self.emphasis * self.weights)
        self.weights = raised / raised.mean()
        if self.boosting == "target" and self.stage + 1 == self._rounds(clock):
            self.codes = torch.where(self.combined == 0, self.codes, signs(self.combined))
            self.weights = torch.ones_like(self.weights)
