import numpy as np
from numpy.typing import NDArray


def within_class_whitening(
    embeddings: NDArray[np.float64], labels: NDArray[np.int32], *, strength: float
) -> NDArray[np.float64]:
    """A map (D, D) that shrinks the directions in which photos of one class differ from each other.

    With S the covariance of photos around the mean of their class, and s its mean eigenvalue, it is
    ``(S + strength * s * I) ** -1/2`` up to a rotation, scaled so that a direction without spread keeps its length. It
    is what carries over to unseen classes: pose, light and background vary in much the same directions everywhere.

    Args:
        embeddings: (N, D).
        labels: (N,) class numbers; rows with -1 belong to none.
        strength: What is added to S, in mean eigenvalues; large values come near the identity.

    Returns:
        The map, to be applied from the right; the identity where no class has two photos.
    """
    spread = np.zeros((embeddings.shape[1],) * 2)
    count = 0
    for label in np.unique(labels[labels >= 0]):
        members = embeddings[labels == label]
        apart = members - members.mean(axis=0)
        spread += apart.T @ apart
        count += len(members)
    mean = float(np.trace(spread)) / max(count, 1) / len(spread)
    if mean == 0:
        return np.eye(len(spread))
    values, vectors = np.linalg.eigh(spread / count)
    return np.asarray(vectors * np.sqrt(strength / (np.maximum(values, 0) / mean + strength)))
