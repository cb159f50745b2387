from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.methods import _codebooks
from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms
from hashviewer.methods._heads import hash_layer
from hashviewer.methods._pairs import cosine
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

WORDS = 256


@register(
    "dvsq",
    title="DVSQ",
    family="quantization",
    year=2017,
    paper="Y. Cao, M. Long, J. Wang, S. Liu: Deep Visual-Semantic Quantization for Efficient Image Retrieval. CVPR 2017",
    query="quantizer",
    labels="classes",
    confidence="reading",
    published=(Published(32, 0.733, "I'", "AlexNet"),),
)
class DVSQ(Method):
    """Deep Visual-Semantic Quantization: features near the embedding of their label, quantized for inner products.

    L1, the mean over an image's labels j and all labels k it lacks of max(0, delta_jk - cos(v_j, z) + cos(v_k, z))
    with delta_jk = 1 - cos(v_j, v_k); plus lambda times ||V (z - b C)||^2 once there are codebooks. Every second
    epoch all items are encoded anew (ICM in the metric V^T V), then the codebooks by least squares.

    Reading: without the word vectors of the paper the embeddings are random orthonormal directions, which say
    nothing of how classes are related.
    """

    advice = Advice(epochs=40, learning_rate=1e-3)
    kept = (*Method.kept, "books", "embeddings")
    embeddings: Tensor  # (C, D)
    books: Tensor  # (M, 256, D)
    indices: Tensor  # (N, M); empty until there are codebooks

    def __init__(
        self,
        *,
        dimensions: Annotated[int, Setting("length of embeddings and quantized features", low=8)] = 300,
        quantization: Annotated[float, Setting("lambda, weight of the quantization loss", low=0)] = 1e-4,
        every: Annotated[int, Setting("epochs between two updates of the codebooks", low=1)] = 2,
    ) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.quantization = quantization
        self.every = every

    @classmethod
    def check(cls, shape: Shape) -> None:
        super().check(shape)
        _codebooks.layout(shape.bits, words=WORDS)

    def head(self, shape: Shape) -> nn.Module:
        return hash_layer(shape.feature_dim, self.dimensions, kind=shape.head, hidden=shape.hidden)

    def add_parts(self, shape: Shape) -> None:
        directions = torch.linalg.qr(torch.randn(max(shape.classes, self.dimensions), self.dimensions)).Q
        self.register_buffer("embeddings", directions[: shape.classes].clone())
        count = _codebooks.layout(shape.bits, words=WORDS)
        self.register_buffer("books", torch.zeros(count, WORDS, self.dimensions))
        self.register_buffer("indices", torch.zeros(0, count, dtype=torch.int64))

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        similarity = cosine(batch.relaxed, self.embeddings)  # (n, C)
        margins = 1 - cosine(self.embeddings, self.embeddings)
        hinge = (margins[None] - similarity[:, :, None] + similarity[:, None, :]).clamp_min(0)  # [i, j, k]
        counted = batch.labels[:, :, None] * (1 - batch.labels)[:, None, :]
        ranking = (hinge * counted).sum() / (self.shape.classes * batch.labels.sum()).clamp_min(1)
        terms = {"ranking": ranking}
        if len(self.indices):
            error = batch.relaxed - _codebooks.reconstruct(self.indices[batch.indices], self.books)
            lost = (error @ self.embeddings.T).square().sum(1).mean()
            terms["quantization"] = self.quantization * lost
        return terms

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        if clock.epoch % self.every == self.every - 1 or clock.epoch == clock.epochs - 1:
            points = torch.tanh(outputs())
            if not len(self.indices):
                self.books = _codebooks.begin_as_product(points, len(self.books), WORDS)
            self.indices = _codebooks.icm(points, self.books, metric=self.embeddings)
            self.books = _codebooks.least_squares(points, self.indices, self.books)

    def encode(self, outputs: Tensor) -> Tensor:
        indices = _codebooks.icm(torch.tanh(outputs), self.books, metric=self.embeddings)
        return _codebooks.to_bits(indices, WORDS)

    def distances(self, queries: Tensor, codes: Tensor) -> Tensor:
        indices = _codebooks.from_bits(codes, WORDS)
        return -_codebooks.look_up_scores(torch.tanh(queries), indices, self.books)
