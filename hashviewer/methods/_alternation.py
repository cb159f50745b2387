"""Alternation: the network's outputs and discrete codes of all training items, each moved while the other rests."""

import torch
from torch import Tensor, nn

from hashviewer.methods._discrete import coordinate_descent
from hashviewer.methods._labels import ridge
from hashviewer.methods._sign import signs

_RIDGE = 1.0


class Alternation(nn.Module):
    """Codes B (N, K) of -1 and +1, to which the optimizer's steps draw the outputs H.

    After each epoch they become ``argmin_B eta ||B - H||^2 + nu ||Y - B W||^2``, with W the ridge regression of the labels on B: the signs of H
    where nu is 0, else one sweep over the bits, each step exact (DSDH's scheme, for every method).
    """

    codes: Tensor  # (N, K)

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(0, 0))

    def update(self, outputs: Tensor, labels: Tensor, *, closeness: float, label_weight: float) -> None:
        """Move the codes, while the network rests.

        Args:
            outputs: H (N, K) of all training items.
            labels: Y (N, C).
            closeness: eta.
            label_weight: nu; 0 without regression on the labels.
        """
        if len(self.codes) != len(outputs):
            self.codes = signs(outputs)
        if not label_weight:
            self.codes = signs(outputs)
            return
        regressor = ridge(self.codes, labels, weight=_RIDGE)
        linear = -2 * (label_weight * labels @ regressor.T + closeness * outputs)
        self.codes = coordinate_descent(self.codes, label_weight * regressor @ regressor.T, linear)

    def forward(self, codes: Tensor, indices: Tensor) -> Tensor:
        """Mean squared distance of relaxed codes (n, K) to the discrete ones of the same items (n,)."""
        return (codes - self.codes[indices]).square().mean()
