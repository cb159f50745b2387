from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Clock, Shape, Terms
from hashviewer.methods._pairs import cosine
from hashviewer.methods._quantizer import Quantizer
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register


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
class DVSQ(Quantizer):
    """Deep Visual-Semantic Quantization: features near the embedding of their label, quantized for inner products.

    L1, the mean over an image's labels j and all labels k it lacks of max(0, delta_jk - cos(v_j, z) + cos(v_k, z))
    with delta_jk = 1 - cos(v_j, v_k); plus lambda times ||V (z - b C)||^2 once there are codebooks. Every second
    epoch all items are encoded anew (ICM in the metric V^T V), then the codebooks by least squares.

    Reading: without the word vectors of the paper the embeddings are random orthonormal directions, which say
    nothing of how classes are related; 96 dimensions instead of 300 hold them as well, and keep the file small.
    """

    advice = Advice(epochs=40, learning_rate=1e-3)
    kept = (*Quantizer.kept, "embeddings")
    embeddings: Tensor  # (C, D)

    def __init__(
        self,
        *,
        dimensions: Annotated[int, Setting("length of embeddings and quantized features", low=8)] = 96,
        quantization: Annotated[float, Setting("lambda, weight of the quantization loss", low=0)] = 1e-4,
        every: Annotated[int, Setting("epochs between two updates of the codebooks", low=1)] = 2,
    ) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.quantization = quantization
        self.every = every

    def add_parts(self, shape: Shape) -> None:
        super().add_parts(shape)
        directions = torch.linalg.qr(torch.randn(max(shape.classes, self.dimensions), self.dimensions)).Q
        self.register_buffer("embeddings", directions[: shape.classes].clone())

    def metric(self) -> Tensor:
        return self.embeddings

    def forward(self, batch: Batch) -> Terms:
        similarity = cosine(batch.relaxed, self.embeddings)  # (n, C)
        margins = 1 - cosine(self.embeddings, self.embeddings)
        hinge = (margins[None] - similarity[:, :, None] + similarity[:, None, :]).clamp_min(0)  # [i, j, k]
        counted = batch.labels[:, :, None] * (1 - batch.labels)[:, None, :]
        ranking = (hinge * counted).sum() / (self.shape.classes * batch.labels.sum()).clamp_min(1)
        terms = {"ranking": ranking}
        if len(self.indices):
            error = batch.relaxed - self.reconstructed(batch.indices)
            lost = (error @ self.embeddings.T).square().sum(1).mean()
            terms["quantization"] = self.quantization * lost
        return terms

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        if clock.epoch % self.every == self.every - 1 or clock.epoch == clock.epochs - 1:
            self.requantize(self.activation(outputs()))
