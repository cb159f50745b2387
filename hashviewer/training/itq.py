"""Iterative quantization (Gong and Lazebnik, 2011): the rotation of principal components that suits signs."""

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import CheckpointError


def itq(
    centred: NDArray[np.float64], bits: int, *, seed: int = 0, iterations: int = 50
) -> NDArray[np.float64]:
    """A projection (D, bits) whose signs lose little of centred data (N, D).

    Alternates between codes, the signs of the rotated principal components, and the rotation that brings the
    components nearest to those codes (orthogonal Procrustes).

    Raises:
        CheckpointError: The data have fewer dimensions or rows than bits.
    """
    if min(centred.shape) < bits:
        raise CheckpointError(
            f"{bits} bits need at least {bits} photos to learn from and as many dimensions; "
            f"there are {centred.shape[0]} photos and {centred.shape[1]} dimensions."
        )
    components = _principal_components(centred, bits)
    projected = centred @ components
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((bits, bits)))
    for _ in range(iterations):
        codes = np.where(projected @ rotation >= 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(projected.T @ codes)
        rotation = left @ right
    return np.asarray(components @ rotation)


def _principal_components(centred: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The leading right singular vectors (D, count), from the smaller of the two Gram matrices."""
    if centred.shape[0] >= centred.shape[1]:
        _, vectors = np.linalg.eigh(centred.T @ centred)
        return np.asarray(vectors[:, ::-1][:, :count])
    _, left = np.linalg.eigh(centred @ centred.T)
    components = centred.T @ left[:, ::-1][:, :count]
    return np.asarray(components / np.maximum(np.linalg.norm(components, axis=0), 1e-12))
