from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods import _codebooks
from hashviewer.methods._base import Advice, Batch, Clock, Shape, Terms
from hashviewer.methods._pairs import cosine, difference, signed, similar, squared_distance
from hashviewer.methods._quantizer import WORDS, Quantizer
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register


@register(
    "dqn",
    title="DQN",
    family="quantization",
    year=2016,
    paper="Y. Cao, M. Long, J. Wang, H. Zhu, Q. Wen: Deep Quantization Network for Efficient Image Retrieval. AAAI 2016",
    query="quantizer",
    published=(Published(48, 0.580, "I", "AlexNet, the survey"),),
)
class DQN(Quantizer):
    """Deep Quantization Network: cosines fit the similarity while a product quantizer loses little.

    ``mean_ij (S_ij - cos(z_i, z_j))^2 + lambda mean_i ||z_i - b_i C||^2`` with S in {-1, +1}, z = tanh(u). Lambda
    acts once there are codebooks. Every second epoch each block of z takes its nearest word, then each word the mean
    of its blocks (k-means); queries are compared by squared distance from tables. With `product` off it is as the
    release: words of full length by ICM and least squares, compared by inner product.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    books: Tensor  # (256, D) words of all blocks side by side; (M, 256, D) with `product` off

    def __init__(
        self,
        *,
        dimensions: Annotated[int, Setting("length D of the quantized features", low=8)] = 300,
        quantization: Annotated[float, Setting("lambda, weight of the quantization loss", low=0)] = 1e-4,
        every: Annotated[int, Setting("epochs between two updates of the codebooks", low=1)] = 2,
        product: Annotated[
            bool, Setting("product quantization as in the paper; no: as in the release")
        ] = True,
    ) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.quantization = quantization
        self.every = every
        self.product = product

    def add_parts(self, shape: Shape) -> None:
        super().add_parts(shape)
        self.columns = _codebooks.blocks(self.dimensions, len(self.books))
        if self.product:
            self.books = torch.zeros(WORDS, self.dimensions)

    def forward(self, batch: Batch) -> Terms:
        targets = signed(similar(batch.labels))
        terms = {"similarity": difference(cosine(batch.relaxed, batch.relaxed), targets).mean()}
        if len(self.indices):
            lost = (batch.relaxed - self.reconstructed(batch.indices)).square().sum(1).mean()
            terms["quantization"] = self.quantization * lost
        return terms

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        if clock.epoch % self.every == self.every - 1 or clock.epoch == clock.epochs - 1:
            self.requantize(self.activation(outputs()))

    def requantize(self, points: Tensor) -> None:
        if not self.product:
            super().requantize(points)
            return
        if not len(self.indices):
            self.books = torch.cat([_codebooks.kmeans(points[:, block], WORDS) for block in self.columns], 1)
        self.indices = self.nearest(points)
        self.books = torch.cat(
            [
                _means(points[:, block], self.indices[:, m], self.books[:, block])
                for m, block in enumerate(self.columns)
            ],
            1,
        )

    def nearest(self, points: Tensor) -> Tensor:
        """The nearest word (n, M) of each block of points (n, D)."""
        found = [squared_distance(points[:, block], self.books[:, block]).argmin(1) for block in self.columns]
        return torch.stack(found, dim=1)

    def reconstructed(self, places: Tensor) -> Tensor:
        if not self.product:
            return super().reconstructed(places)
        chosen = self.indices[places]
        return torch.cat([self.books[chosen[:, m], block] for m, block in enumerate(self.columns)], 1)

    def encode(self, outputs: Tensor) -> Tensor:
        if not self.product:
            return super().encode(outputs)
        return _codebooks.to_bits(self.nearest(self.activation(outputs)), WORDS)

    def distances(self, queries: Tensor, codes: Tensor) -> Tensor:
        if not self.product:
            return super().distances(queries, codes)
        indices = _codebooks.from_bits(codes, WORDS)
        books = _codebooks.spread(self.books, self.columns)
        return _codebooks.look_up_distances(self.activation(queries), indices, books)


def _means(points: Tensor, nearest: Tensor, words: Tensor) -> Tensor:
    """Words (K, d) moved to the mean of the points (n, d) that chose them; the others stay."""
    counts = torch.bincount(nearest, minlength=len(words))[:, None]
    sums = torch.zeros_like(words).index_add_(0, nearest, points)
    return torch.where(counts > 0, sums / counts.clamp_min(1), words)
