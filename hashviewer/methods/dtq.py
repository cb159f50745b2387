from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods import _codebooks
from hashviewer.methods._base import Advice, Batch, Clock, Terms, TrainingItems
from hashviewer.methods._pairs import similar, squared_distance
from hashviewer.methods._quantizer import Quantizer
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

_STEPS = 10  # of gradient descent on the books in each update
_HALVINGS = 12


@register(
    "dtq",
    title="DTQ",
    family="quantization",
    year=2018,
    paper="B. Liu, Y. Cao, M. Long, J. Wang, J. Wang: Deep Triplet Quantization. ACM MM 2018",
    query="quantizer",
    confidence="reading",
    published=(Published(32, 0.792, "I'", "AlexNet"),),
)
class DTQ(Quantizer):
    """Deep Triplet Quantization: hard triplets within groups, and codebooks that are weakly orthogonal.

    ``mean_T max(0, m + ||z_a - z_p||^2 - ||z_a - z_n||^2) + lambda mean_T ||z - b C||^2 + gamma sum ||C_m^T C_m' -
    I||^2 / (M K)``. In a group each pair (a, p) takes one random negative out of those that violate the margin.
    Codebooks begin from the untrained network (k-means in blocks); after every epoch items are encoded by ICM and
    the books set by least squares.

    Reading: the groups are the step's images, 256 of them where the paper cuts 5,000 into 20 groups, and triplets
    follow the network at each step rather than each epoch; the halving of the number of groups becomes a larger
    batch. Reading: the target for two different books is 0, not I, and from the least squares solution the last term
    (which only concerns the books) is lowered by gradient steps. The release leaves both lambda and gamma at 0; here
    they are small, so that every term of the paper acts.
    """

    advice = Advice(epochs=60, batch=256, learning_rate=1e-3)

    def __init__(
        self,
        *,
        dimensions: Annotated[int, Setting("length D of the quantized features", low=8)] = 64,
        margin: Annotated[float, Setting("m, in squared distance", low=0)] = 30.0,
        quantization: Annotated[float, Setting("lambda, weight of the quantization loss", low=0)] = 0.1,
        orthogonality: Annotated[float, Setting("gamma, weight of weak orthogonality", low=0)] = 1e-3,
    ) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.margin = margin
        self.quantization = quantization
        self.orthogonality = orthogonality

    def begin(self, items: TrainingItems) -> None:
        self.begin_quantizing(items.features)

    def forward(self, batch: Batch) -> Terms:
        distances = squared_distance(batch.relaxed, batch.relaxed)
        anchors, positives, negatives = self.hard_triplets(distances.detach(), similar(batch.labels))
        count = max(len(anchors), 1)
        gaps = distances[anchors, positives] - distances[anchors, negatives]
        lost = (batch.relaxed - self.reconstructed(batch.indices)).square().sum(1)
        used = torch.cat([anchors, positives, negatives])
        return {
            "triplets": (self.margin + gaps).clamp_min(0).sum() / count,
            "quantization": self.quantization * lost[used].sum() / (3 * count),
        }

    def hard_triplets(self, distances: Tensor, similarity: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Places of anchors, positives and negatives, one for each pair that some negative violates.

        Args:
            distances: (n, n) squared.
            similarity: (n, n) of 0 and 1.
        """
        size = len(distances)
        paired = similarity * (1 - torch.eye(size, device=distances.device))
        anchors, positives = paired.nonzero(as_tuple=True)
        near = distances[anchors] - distances[anchors, positives][:, None] < self.margin  # (T, n)
        violating = near & (similarity[anchors] == 0)
        draw = torch.rand(violating.shape).to(distances.device)
        negatives = torch.where(violating, draw, -1.0).argmax(1)
        found = violating.any(1)
        return anchors[found], positives[found], negatives[found]

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        self.requantize(self.activation(outputs()))

    def requantize(self, points: Tensor) -> None:
        super().requantize(points)
        if self.orthogonality:
            self.books = self._towards_orthogonal(points, self.books)

    def penalty(self, books: Tensor) -> Tensor:
        """Sum over pairs of books (M, K, D) of ||C_m^T C_m' - target||^2, over the number of words."""
        words = books.flatten(0, 1)
        # ||C C^T - I||^2 = ||C^T C||^2 - 2 ||C||^2 + M K, cheap since words outnumber dimensions
        whole = (words.T @ words).square().sum() - 2 * words.square().sum() + len(words)
        return whole / len(words)

    def _objective(self, points: Tensor, books: Tensor) -> Tensor:
        error = points - _codebooks.reconstruct(self.indices, books)
        return error.square().sum(1).mean() + self.orthogonality * self.penalty(books)

    def _towards_orthogonal(self, points: Tensor, books: Tensor) -> Tensor:
        """Books after gradient steps on error and penalty; a step that would raise their sum is halved."""
        value, gradient = self._objective(points, books), self._gradient(points, books)
        rate = 1.0
        for _ in range(_STEPS):
            for _ in range(_HALVINGS):
                moved = books - rate * gradient
                lower = self._objective(points, moved)
                if lower < value:
                    break
                rate /= 2
            else:
                break
            books, value, rate = moved, lower, 2 * rate
            gradient = self._gradient(points, books)
        return books

    def _gradient(self, points: Tensor, books: Tensor) -> Tensor:
        words = books.flatten(0, 1)
        error = _codebooks.reconstruct(self.indices, books) - points
        fitted = torch.zeros_like(words)
        for m in range(len(books)):
            fitted.index_add_(0, self.indices[:, m] + m * books.shape[1], error)
        apart = words @ (words.T @ words) - words  # (C C^T - I) C
        total = 2 * fitted / len(points) + self.orthogonality * 4 * apart / len(words)
        return total.reshape(books.shape)
