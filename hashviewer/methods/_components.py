"""Principal components."""

import torch
from torch import Tensor

from hashviewer.errors import MethodError
from hashviewer.methods._base import Shape


def top_components(features: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The mean (D,) of features (N, D) and their top components (D, count), orthonormal, largest first."""
    mean = features.mean(0)
    centred = features - mean
    _, vectors = torch.linalg.eigh(centred.T @ centred)  # ascending
    return mean, vectors.flip(1)[:, :count]


def refuse_more_bits_than_features(name: str, shape: Shape) -> None:
    """Refuse codes longer than the features.

    Raises:
        MethodError: They are.
    """
    if shape.bits > shape.feature_dim:
        raise MethodError(
            f"{name} makes at most as many bits as features: {shape.feature_dim}, not {shape.bits}."
        )
