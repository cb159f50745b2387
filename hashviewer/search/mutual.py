"""Distances by mutual neighbours: two photos are near if they are among each other's nearest and share the others.

Source: Zhong, Zheng, Cao, Li, "Re-ranking person re-identification with k-reciprocal encoding", CVPR 2017.
"""

import numpy as np
from numpy.typing import NDArray


def mutual_distances(
    features: NDArray[np.float32], *, neighbours: int, expansion: int, own: float
) -> NDArray[np.float64]:
    """Distances (n - 1,) of features 1… to feature 0.

    The neighbourhood of a photo is its mutual nearest neighbours, widened by those of its members that share two thirds
    of theirs with it; each member weighs exp(-distance). The result is the Jaccard distance of the two neighbourhoods,
    each averaged over its photo's nearest, mixed with the features' own distance.

    Args:
        features: (n, D), the query's first; n up to some thousands.
        neighbours: How many nearest neighbours, oneself left out, must be mutual.
        expansion: Over how many nearest, oneself among them, a neighbourhood is averaged.
        own: Share of the features' own distance in the result.
    """
    distances = _distances(features)
    order = np.argsort(distances, axis=1, kind="stable")
    weights = _neighbourhoods(distances, order, neighbours)
    if expansion > 1:
        weights = weights[order[:, :expansion]].mean(axis=1)
    shared = np.minimum(weights[0], weights[1:]).sum(axis=1)
    either = np.maximum(weights[0], weights[1:]).sum(axis=1)
    jaccard = 1 - shared / np.maximum(either, np.finfo(np.float64).tiny)
    mixed: NDArray[np.float64] = (1 - own) * jaccard + own * distances[0, 1:]
    return mixed


def _distances(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Squared distances (n, n) of the features at length 1; 4, the largest there is, to and from a missing one."""
    length = np.linalg.norm(features.astype(np.float64), axis=1)
    usable = np.isfinite(length) & (length > 0)
    unit = np.zeros(features.shape)
    unit[usable] = features[usable] / length[usable, None]
    distances = 2 - 2 * unit @ unit.T
    distances[~usable], distances[:, ~usable] = 4.0, 4.0
    np.fill_diagonal(distances, -1.0)  # everyone is the nearest to itself, also among equals
    return distances


def _neighbourhoods(
    distances: NDArray[np.float64], order: NDArray[np.int64], neighbours: int
) -> NDArray[np.float64]:
    """Weights (n, n) of the photos in each one's neighbourhood; each row sums to 1."""
    wide, half = _mutual(order, neighbours), _mutual(order, max(1, round(neighbours / 2)))
    weights = np.zeros_like(distances)
    for photo in range(len(distances)):
        members = wide[photo].copy()
        for member in np.flatnonzero(wide[photo]):
            if 3 * np.count_nonzero(half[member] & wide[photo]) > 2 * np.count_nonzero(half[member]):
                members |= half[member]
        weights[photo, members] = np.exp(-np.maximum(distances[photo, members], 0))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _mutual(order: NDArray[np.int64], neighbours: int) -> NDArray[np.bool_]:
    """(n, n) whether two photos are among each other's `neighbours` nearest; everyone is its own."""
    near = np.zeros(order.shape, dtype=np.bool_)
    np.put_along_axis(near, order[:, : neighbours + 1], values=True, axis=1)
    return near & near.T
