from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._discrete import coordinate_descent
from hashviewer.methods._labels import ridge
from hashviewer.methods._pairs import inner, likelihood, similar, squared_distance
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import register

_ROWS = 4096  # of the anchor graph made at once


@register(
    "dagh-anchor",
    title="DAGH",
    family="pairwise",
    year=2019,
    paper="Y. Chen, Z. Lai, Y. Ding, K. Lin, W. K. Wong: Deep Supervised Hashing With Anchor Graph. ICCV 2019",
    query="asymmetric",
    labels="classes",
    confidence="reading",
)
class DAGH(Method):
    """Deep Anchor Graph Hashing: outputs near the codes of anchors of their class, codes of all items learnt directly.

    ``sum_ij softplus(theta_ij) - s_ij theta_ij + eta sum_ij Z_ij ||f_i - b_j||^2 + mu ||Y - B W||^2 + nu ||W||^2`` for
    items i and anchors j, theta = f_i . b_j / 2, Z the similarities with rows that sum to 1. Each epoch draws anchors,
    trains the network on the first two terms, then solves for W and for B, bit after bit, with
    ``G = Z diag(Z^T 1)^-1 Z^T F``, the outputs smoothed over the graph, in place of the second term.

    Reading: all of these equations; of the paper its abstract and the survey's text were at hand. f is linear; anchors
    are drawn uniformly; codes begin as the signs of the first outputs less their mean, smoothed over the graph; the
    first sum is divided by n m, the second by n. The paper's figures are unknown.
    """

    advice = Advice(epochs=60, learning_rate=1e-3, hidden=240)  # a file holds codes beside the head
    kept = (*Method.kept, "codes")
    codes: Tensor  # (N, K) B
    database: Tensor  # (N, C) labels
    anchors: Tensor  # (m,) places

    def __init__(
        self,
        *,
        anchors: Annotated[int, Setting("anchors drawn for an epoch", low=1)] = 1000,
        eta: Annotated[float, Setting("weight of the distances to anchors", low=0)] = 0.1,
        mu: Annotated[float, Setting("weight of the regression of labels", low=1e-6)] = 1.0,
        nu: Annotated[float, Setting("weight of its ridge", low=1e-6)] = 0.1,
    ) -> None:
        super().__init__()
        self.count = anchors
        self.eta = eta
        self.mu = mu
        self.nu = nu

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("codes", torch.zeros(0, shape.bits))
        self.register_buffer("database", torch.zeros(0, shape.classes))
        self.register_buffer("anchors", torch.zeros(0, dtype=torch.int64))

    def begin(self, items: TrainingItems) -> None:
        self.database = items.labels
        outputs = torch.cat([self.hash_layer(part) for part in torch.split(items.features, _ROWS)])
        self._draw_anchors()
        # bits on which all classes begin alike would stay alike
        self.codes = signs(self.smoothed(self.relax(outputs - outputs.mean(dim=0))))

    def begin_epoch(self, clock: Clock) -> None:
        self._draw_anchors()

    def forward(self, batch: Batch) -> Terms:
        codes = self.codes[self.anchors]  # (m, K)
        theta = inner(batch.relaxed, codes)  # (n, m)
        similarity = similar(batch.labels, self.database[self.anchors])
        distance = (self.graph(batch.labels) * squared_distance(batch.relaxed, codes)).sum()
        return {
            "likelihood": likelihood(theta, similarity).mean(),
            "anchors": self.eta * distance / len(batch.relaxed),
        }

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        self.codes = self.updated(self.smoothed(self.relax(outputs())))

    def _draw_anchors(self) -> None:
        total = len(self.database)
        self.anchors = torch.randperm(total)[: self.count].to(self.database.device)

    def graph(self, labels: Tensor) -> Tensor:
        """Z (n, m) between items of these labels (n, C) and the anchors; a row of zeros where none is similar."""
        similarity = similar(labels, self.database[self.anchors])
        return similarity / similarity.sum(1, keepdim=True).clamp_min(1)

    def smoothed(self, outputs: Tensor) -> Tensor:
        """G (N, K): outputs (N, K) of all items, averaged over the anchor graph."""
        parts = torch.split(self.database, _ROWS)
        rows = torch.split(outputs, _ROWS)
        gathered = outputs.new_zeros(len(self.anchors), outputs.shape[1])
        degree = outputs.new_zeros(len(self.anchors))
        for labels, some in zip(parts, rows, strict=True):
            graph = self.graph(labels)
            gathered += graph.T @ some
            degree += graph.sum(dim=0)
        centers = gathered / degree.clamp_min(1e-12)[:, None]  # (m, K)
        return torch.cat([self.graph(labels) @ centers for labels in parts])

    def updated(self, smoothed: Tensor) -> Tensor:
        """The codes (N, K) after W is solved and each column set, given G (N, K)."""
        weights = ridge(self.codes, self.database, weight=self.nu / self.mu)  # (K, C)
        linear = -2 * (self.database @ weights.T + self.eta / self.mu * smoothed)
        return coordinate_descent(self.codes, weights @ weights.T, linear)

    def learnt_codes(self) -> Tensor:
        return self.codes
