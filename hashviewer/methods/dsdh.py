from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._bank import MemoryBank
from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._discrete import coordinate_descent
from hashviewer.methods._labels import ridge
from hashviewer.methods._pairs import inner, likelihood, similar
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import Published, register

_ETA, _ETA_FOR = 55.0, 5000  # the paper's weight, and the number of training images it is for


@register(
    "dsdh",
    title="DSDH",
    family="pairwise",
    year=2017,
    paper="Q. Li, Z. Sun, R. He, T. Tan: Deep Supervised Discrete Hashing. NIPS 2017",
    labels="classes",
    confidence="re",
    published=(Published(48, 0.820, "I", "CNN-F"), Published(48, 0.790, "I", "AlexNet, a port")),
)
class DSDH(Method):
    """Deep Supervised Discrete Hashing: the likelihood of pairs, and codes B from which the labels follow linearly.

    ``sum_ij softplus(theta_ij) - s_ij theta_ij + mu ||Y - B W||^2 + nu ||W||^2 + eta ||B - U||^2`` with
    theta_ij = u_i . u_j / 2, rows of B (N, K) and Y (N, C) being items. The network sees the batch against a bank of
    all N outputs, with B fixed; after each epoch W is solved for and B set column by column, each exactly, from the
    outputs in the bank, as in the ports. All sums over a batch of n are divided by n N. The regression is told but
    moves nothing in the network, and B serves training only: queries and database take the outputs' signs. B begins
    with the signs of the untrained network. Reading: since a likelihood summed over pairs grows with N and the
    quantization does not, eta is taken as the paper's 55 for its 5,000 training images and in proportion to N.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    codes: Tensor  # (N, K) B
    regressor: Tensor  # (K, C) W

    def __init__(
        self,
        *,
        mu: Annotated[float, Setting("weight of the labels' regression on the codes", low=1e-9)] = 1.0,
        nu: Annotated[float, Setting("weight of the regression's own norm", low=0)] = 0.1,
        eta: Annotated[
            float | None, Setting("weight of outputs against codes; none: 55 for 5,000 images", low=0)
        ] = None,
        sweeps: Annotated[int, Setting("passes over the bits in each update of the codes", low=1)] = 3,
    ) -> None:
        super().__init__()
        self.mu = mu
        self.nu = nu
        self.eta = eta
        self.pull = 0.0
        self.sweeps = sweeps

    def add_parts(self, shape: Shape) -> None:
        self.bank = MemoryBank()
        self.register_buffer("codes", torch.zeros(0, shape.bits))
        self.register_buffer("regressor", torch.zeros(shape.bits, shape.classes))

    def begin(self, items: TrainingItems) -> None:
        self.pull = _ETA * len(items.labels) / _ETA_FOR if self.eta is None else self.eta
        self.bank.reset(items.labels, self.shape.bits)
        self.codes = signs(self.hash_layer(items.features))
        self.regressor = self.solved()

    def forward(self, batch: Batch) -> Terms:
        self.bank.write(batch.indices, batch.relaxed)
        theta = inner(batch.relaxed, self.bank.outputs)  # (n, N)
        codes = self.codes[batch.indices]
        lost = (batch.labels - codes @ self.regressor).square().sum()
        return {
            "likelihood": likelihood(theta, similar(batch.labels, self.bank.labels)).mean(),
            "quantization": self.pull * (codes - batch.relaxed).square().sum() / theta.numel(),
            "regression": self.mu * lost / theta.numel(),
        }

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        self.regressor = self.solved()
        self.codes = self.updated()

    def solved(self) -> Tensor:
        """W (K, C), the exact minimum for the present codes."""
        return ridge(self.codes, self.bank.labels, weight=self.nu / self.mu)

    def updated(self) -> Tensor:
        """Codes (N, K) that do not raise mu ||Y - B W||^2 + eta ||B - U||^2."""
        towards = self.bank.labels @ self.regressor.T + self.pull / self.mu * self.bank.outputs
        quadratic = self.regressor @ self.regressor.T
        return coordinate_descent(self.codes, quadratic, -2 * towards, sweeps=self.sweeps)
