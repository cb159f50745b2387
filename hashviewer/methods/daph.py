import dataclasses
from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.methods._base import MAIN, Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._discrete import keep_on_zero
from hashviewer.methods._heads import TwoNets, hash_layer
from hashviewer.methods._pairs import inner, likelihood, similar
from hashviewer.methods._quantization import balance, independence
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import Published, register

_OTHER = "database"


@register(
    "daph",
    title="DAPH",
    family="pairwise",
    year=2017,
    paper="F. Shen, X. Gao, L. Liu, Y. Yang, H. T. Shen: Deep Asymmetric Pairwise Hashing. ACM Multimedia 2017",
    query="asymmetric",
    confidence="re",
    published=(Published(48, 0.845, "I", "quoted by later work, from memory"),),
)
class DAPH(Method):
    """Deep Asymmetric Pairwise Hashing: one network codes queries, another the database, and their codes are tied.

    ``sum_ij softplus(theta_ij) - s_ij theta_ij + alpha (||U - B||^2 + ||Z - H||^2) + gamma ||B - H||^2 + beta
    (||U^T 1||^2 + ||Z^T 1||^2)`` divided by N^2, as far as a batch of n and its n^2 pairs show it, with
    theta_ij = u_i . z_j / 2, U = tanh F(x) and Z = tanh G(x); plus lambda / K^2 (||U^T U / n - I||^2 + ||Z^T Z / n - I||^2).
    One epoch moves F, the next G, each against the other's fixed outputs; then B = sgn(alpha U + gamma H) and
    H = sgn(alpha Z + gamma B).

    Reading: the two networks are two hash layers, begun differently, on one backbone, which moves with F; each has
    half of the hidden width. The port's gamma of 10 equals its alpha; since outputs of tanh stay below 1, B would
    then copy H and H would copy B for ever, so gamma is smaller here.
    """

    advice = Advice(epochs=80, learning_rate=1e-3)
    query_codes: Tensor  # (N, K) B
    database_codes: Tensor  # (N, K) H

    def __init__(
        self,
        *,
        alpha: Annotated[float, Setting("weight of outputs against codes", low=0)] = 10.0,
        gamma: Annotated[float, Setting("tie of the two codes of an image; below alpha", low=0)] = 5.0,
        decorrelation: Annotated[float, Setting("lambda, weight of bit independence", low=0)] = 0.01,
        beta: Annotated[float, Setting("weight of bit balance", low=0)] = 0.01,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.gamma = gamma
        self.decorrelation = decorrelation
        self.beta = beta

    def head(self, shape: Shape) -> nn.Module:
        query, database = (
            hash_layer(shape.feature_dim, shape.bits, kind=shape.head, hidden=max(shape.hidden // 2, 1))
            for _ in range(2)
        )
        return TwoNets(query, database)

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("query_codes", torch.zeros(0, shape.bits))
        self.register_buffer("database_codes", torch.zeros(0, shape.bits))

    def begin(self, items: TrainingItems) -> None:
        self.query_codes, self.database_codes = signs(self.hash_layer(items.features)).chunk(2, dim=1)

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {
            MAIN: list(self.hash_layer.get_submodule("query").parameters()),
            _OTHER: list(self.hash_layer.get_submodule("database").parameters()),
        }

    def turns(self, clock: Clock) -> Sequence[str]:
        return (MAIN,) if clock.epoch % 2 == 0 else (_OTHER,)

    def terms_of(self, player: str, batch: Batch) -> Terms:
        u, z = batch.relaxed.chunk(2, dim=1)
        halves = [u, z.detach()] if player == MAIN else [u.detach(), z]
        return self.forward(dataclasses.replace(batch, relaxed=torch.cat(halves, dim=1)))

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        u, z = batch.relaxed.chunk(2, dim=1)
        b, h = self.query_codes[batch.indices], self.database_codes[batch.indices]
        pairs = len(u) * len(self.query_codes)
        return {
            "likelihood": likelihood(inner(u, z), similar(batch.labels)).mean(),
            "quantization": self.alpha * ((u - b).square().sum() + (z - h).square().sum()) / pairs,
            "tie": self.gamma * (b - h).square().sum() / pairs,
            "independence": self.decorrelation * (independence(u) + independence(z)) / self.shape.bits**2,
            "balance": self.beta * self.shape.bits * (balance(u) + balance(z)),
        }

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        if clock.epoch % 2 == 1:
            u, z = self.relax(outputs()).chunk(2, dim=1)
            self.query_codes = keep_on_zero(
                self.alpha * u + self.gamma * self.database_codes, self.query_codes
            )
            self.database_codes = keep_on_zero(
                self.alpha * z + self.gamma * self.query_codes, self.database_codes
            )

    def encode(self, outputs: Tensor) -> Tensor:
        return outputs[:, self.shape.bits :]

    def encode_queries(self, outputs: Tensor) -> Tensor:
        return outputs[:, : self.shape.bits]
