from typing import Annotated

import torch
from torch import nn

from hashviewer.errors import MethodError
from hashviewer.methods._base import Shallow, Shape, TrainingItems
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import Published, register


@register(
    "itq",
    title="ITQ",
    family="unsupervised",
    year=2011,
    paper="Y. Gong, S. Lazebnik: Iterative Quantization: A Procrustean Approach to Learning Binary Codes. CVPR 2011",
    labels="none",
    survey=False,
    published=(Published(48, 0.129, "I", "hand-made features"),),
)
class ITQ(Shallow):
    """Iterative quantization: the rotation of principal components whose signs lose least.

    Alternates B = sgn(V R) with the orthogonal R nearest to V^T B, V the projections on the top components.
    """

    labelled = False

    def __init__(self, *, iterations: Annotated[int, Setting("alternations", low=1)] = 50) -> None:
        super().__init__()
        self.iterations = iterations

    @classmethod
    def check(cls, shape: Shape) -> None:
        if shape.bits > shape.feature_dim:
            raise MethodError(
                f"ITQ makes at most as many bits as features: {shape.feature_dim}, not {shape.bits}."
            )

    def head(self, shape: Shape) -> nn.Module:
        return nn.Linear(shape.feature_dim, shape.bits).requires_grad_(requires_grad=False)

    def fit(self, items: TrainingItems) -> None:
        mean = items.features.mean(0)
        centred = items.features - mean
        _, vectors = torch.linalg.eigh(centred.T @ centred)
        components = vectors.flip(1)[:, : self.shape.bits]
        projected = centred @ components
        rotation, _ = torch.linalg.qr(torch.randn(self.shape.bits, self.shape.bits).to(projected.device))
        for _ in range(self.iterations):
            codes = signs(projected @ rotation)
            left, _, right = torch.linalg.svd(projected.T @ codes)
            rotation = left @ right
        weight = (components @ rotation).T
        assert isinstance(self.hash_layer, nn.Linear)
        self.hash_layer.weight.data.copy_(weight)
        self.hash_layer.bias.data.copy_(-weight @ mean)
