"""What methods with codebooks share: a code is the indices of codewords whose sum stands for an item."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from hashviewer.methods import _codebooks
from hashviewer.methods._base import Method, Shape
from hashviewer.methods._heads import hash_layer

WORDS = 256


class Quantizer(Method):
    """Features (n, D) between -1 and +1, quantized by M books of 256 words: codes of 8 M bits.

    A subclass sets `dimensions` in its constructor, says when `requantize` is called, and may measure errors or
    distances in its own way. The hidden layer is half as wide as that of other methods, so that a file holds the
    books too.
    """

    kept: ClassVar[tuple[str, ...]] = (*Method.kept, "books")
    dimensions: int
    books: Tensor  # (M, 256, D)
    indices: Tensor  # (N, M) of the training items; empty until there are codebooks

    @classmethod
    def check(cls, shape: Shape) -> None:
        """Refuse lengths that are not a whole number of indices."""
        super().check(shape)
        _codebooks.layout(shape.bits, words=WORDS)

    def head(self, shape: Shape) -> nn.Module:
        """Features to outputs (n, D)."""
        return hash_layer(
            shape.feature_dim, self.dimensions, kind=shape.head, hidden=max(shape.hidden // 2, 1)
        )

    def add_parts(self, shape: Shape) -> None:
        """The books and the training items' indices."""
        count = _codebooks.layout(shape.bits, words=WORDS)
        self.register_buffer("books", torch.zeros(count, WORDS, self.dimensions))
        self.register_buffer("indices", torch.zeros(0, count, dtype=torch.int64))

    def activation(self, outputs: Tensor) -> Tensor:
        """Between -1 and +1."""
        return torch.tanh(outputs)

    def metric(self) -> Tensor | None:
        """V (G, D), where errors are measured as ||V e||^2."""
        return None

    def begin_quantizing(self, features: Tensor) -> None:
        """First books and codes from the features (N, ·) of all items, by the hash layer as it is."""
        self.requantize(self.points_of(features))

    def points_of(self, features: Tensor) -> Tensor:
        """What is quantized (N, D) of scaled features, without dropout."""
        training = self.hash_layer.training
        points = self.activation(self.hash_layer.eval()(features))
        self.hash_layer.train(training)
        return points

    def requantize(self, points: Tensor) -> None:
        """Set codes and then books for points (N, D); the first time, books begin as a product quantizer."""
        if not len(self.indices):
            self.books = _codebooks.begin_as_product(points, len(self.books), WORDS)
        self.indices = _codebooks.icm(points, self.books, metric=self.metric())
        self.books = _codebooks.least_squares(points, self.indices, self.books)

    def reconstructed(self, places: Tensor) -> Tensor:
        """The quantized points (n, D) of training items."""
        return _codebooks.reconstruct(self.indices[places], self.books)

    def encode(self, outputs: Tensor) -> Tensor:
        """The indices as bits; of an item alone, whenever it is encoded."""
        points = self.activation(outputs)
        indices = _codebooks.icm(points, self.books, metric=self.metric(), in_order=True)
        return _codebooks.to_bits(indices, WORDS)

    def distances(self, queries: Tensor, codes: Tensor) -> Tensor:
        """Minus the inner products of unquantized queries with quantized items, by tables."""
        indices = _codebooks.from_bits(codes, WORDS)
        return -_codebooks.look_up_scores(self.activation(queries), indices, self.books)
