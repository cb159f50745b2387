import torch
from torch import nn

from hashviewer.methods._base import Shallow, Shape, TrainingItems
from hashviewer.methods.registry import register


@register(
    "lsh",
    title="LSH",
    family="unsupervised",
    year=2002,
    paper="M. Charikar: Similarity Estimation Techniques from Rounding Algorithms. STOC 2002",
    labels="none",
    survey=False,
)
class LSH(Shallow):
    """Locality-sensitive hashing: bits are the sides of random planes, here through the mean of the features.

    Two items differ in a bit with probability angle / pi.
    """

    labelled = False

    def head(self, shape: Shape) -> nn.Module:
        return nn.Linear(shape.feature_dim, shape.bits).requires_grad_(requires_grad=False)

    def fit(self, items: TrainingItems) -> None:
        assert isinstance(self.hash_layer, nn.Linear)
        weight = torch.randn(self.hash_layer.weight.shape).to(items.features.device)
        self.hash_layer.weight.data.copy_(weight)
        self.hash_layer.bias.data.copy_(-weight @ items.features.mean(0))
