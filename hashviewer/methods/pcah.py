from torch import nn

from hashviewer.methods._base import Shallow, Shape, TrainingItems
from hashviewer.methods._components import refuse_more_bits_than_features, top_components
from hashviewer.methods.registry import register


@register(
    "pcah",
    title="PCAH",
    family="unsupervised",
    year=2012,
    paper="J. Wang, S. Kumar, S.-F. Chang: Semi-Supervised Hashing for Large-Scale Search. IEEE TPAMI 34(12), 2012",
    labels="none",
    survey=False,
)
class PCAH(Shallow):
    """Principal component hashing: bits are the signs of the top components of the centred features."""

    labelled = False

    @classmethod
    def check(cls, shape: Shape) -> None:
        refuse_more_bits_than_features("PCAH", shape)

    def head(self, shape: Shape) -> nn.Module:
        return nn.Linear(shape.feature_dim, shape.bits).requires_grad_(requires_grad=False)

    def fit(self, items: TrainingItems) -> None:
        mean, components = top_components(items.features, self.shape.bits)
        assert isinstance(self.hash_layer, nn.Linear)
        self.hash_layer.weight.data.copy_(components.T)
        self.hash_layer.bias.data.copy_(-components.T @ mean)
