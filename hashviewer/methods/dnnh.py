from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.errors import MethodError
from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms
from hashviewer.methods._codebooks import blocks
from hashviewer.methods._pairs import squared_distance
from hashviewer.methods._schedule import fraction
from hashviewer.methods._settings import Setting
from hashviewer.methods._triplets import gap, mean_over_triplets, valid_graded
from hashviewer.methods.registry import Published, register


class DividedEncoder(nn.Module):
    """A linear map of which each output sees its own slice of the inputs only: (n, D) to (n, K)."""

    owner: Tensor  # (D,) the output of each input; follows from the sizes, so it is not saved

    def __init__(self, inputs: int, bits: int) -> None:
        super().__init__()
        widths = [columns.stop - columns.start for columns in blocks(inputs, bits)]
        owner = torch.repeat_interleave(torch.arange(bits), torch.tensor(widths))
        self.register_buffer("owner", owner, persistent=False)
        self.weight = nn.Parameter(torch.randn(inputs) * (bits / inputs) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(bits))

    def forward(self, features: Tensor) -> Tensor:
        """One number per slice."""
        sums = features.new_zeros(len(features), len(self.bias))
        return sums.index_add(1, self.owner, features * self.weight) + self.bias


@register(
    "dnnh",
    title="DNNH",
    family="multiwise",
    year=2015,
    paper="H. Lai, Y. Pan, Y. Liu, S. Yan: Simultaneous Feature Learning and Hash Coding with Deep Neural "
    "Networks. CVPR 2015",
    confidence="reading",
    published=(
        Published(12, 0.552, "I", "network in network, the survey"),
        Published(24, 0.566, "I", "network in network, the survey"),
        Published(32, 0.558, "I", "network in network, the survey"),
        Published(48, 0.581, "I", "network in network, the survey"),
    ),
)
class DNNH(Method):
    """Deep Neural Network Hashing (NINH): triplets, and a hash layer of which each bit sees its own slice of features.

    The mean over triplets of ``max(0, 1 + ||h_a - h_p||^2 - ||h_a - h_n||^2)``, h in [0, 1] the sigmoid behind a
    piecewise threshold: 0 below 0.5 - epsilon, 1 above 0.5 + epsilon, unchanged (with its gradient) between. A
    triplet is an image, one that shares more labels with it and one that shares fewer. The linear head divides the
    features themselves, as the paper does with its last pooled vector of 50 numbers a bit; the other head makes
    slices by a hidden layer, as wide in all as the usual one.

    Reading: epsilon is 0.1. The threshold has no gradient outside its band; it can be put in for the last part of a
    run only, before which h is the plain sigmoid.
    """

    advice = Advice(epochs=60, batch=64, learning_rate=1e-3, weight_decay=5e-4)

    def __init__(
        self,
        *,
        epsilon: Annotated[
            float, Setting("half the width of the threshold's band", low=1e-3, high=0.5)
        ] = 0.1,
        late: Annotated[float, Setting("share of the run before the threshold", low=0, high=1)] = 0.0,
        margin: Annotated[float, Setting("gap of squared distances, in bits", low=0)] = 1.0,
    ) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.late = late
        self.margin = margin
        self.thresholded = True

    @classmethod
    def check(cls, shape: Shape) -> None:
        super().check(shape)
        if shape.head == "linear" and shape.feature_dim < shape.bits:
            raise MethodError(
                f"DNNH divides the features among the bits: {shape.feature_dim} features make at most as many "
                f"bits, not {shape.bits}. The head with a hidden layer makes more."
            )

    def head(self, shape: Shape) -> nn.Module:
        if shape.head == "linear":
            return DividedEncoder(shape.feature_dim, shape.bits)
        width = shape.bits * max(shape.hidden // shape.bits, 1)
        return nn.Sequential(
            nn.Linear(shape.feature_dim, width),
            nn.ReLU(),
            nn.Dropout(0.2),
            DividedEncoder(width, shape.bits),
        )

    def begin_step(self, clock: Clock) -> None:
        self.thresholded = fraction(clock) >= self.late

    def activation(self, outputs: Tensor) -> Tensor:
        smooth = torch.sigmoid(outputs)
        return self.threshold(smooth) if self.thresholded else smooth

    def threshold(self, values: Tensor) -> Tensor:
        """The piecewise threshold of values in 0…1."""
        outside = (values - 0.5).abs() > self.epsilon
        return torch.where(outside, (values > 0.5).to(values.dtype), values)

    def forward(self, batch: Batch) -> Terms:
        distances = squared_distance(batch.relaxed, batch.relaxed)
        hinge = (gap(distances) + self.margin).clamp_min(0)
        return {"triplets": mean_over_triplets(hinge, valid_graded(batch.labels @ batch.labels.T))}
