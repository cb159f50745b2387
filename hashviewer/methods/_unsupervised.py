"""What unsupervised methods compare codes with: the features themselves."""

from torch import Tensor
from torch.nn import functional

from hashviewer.methods._heads import FeatureScaling


def compared(features: Tensor, scaling: FeatureScaling, *, centred: bool) -> Tensor:
    """Features (n, D) to compare, without gradient: with mean 0 as they reach the hash layer, or as they were."""
    seen = features.detach()
    return seen if centred else seen * scaling.scale + scaling.mean


def cosine_mismatch(codes: Tensor, features: Tensor) -> Tensor:
    """Mean of (cos(b_p, b_q) - cos(x_p, x_q))^2, item p of a batch's first half with item q of its second.

    An odd item out is not compared; 0 for fewer than two items.
    """
    half = len(codes) // 2
    if not half:
        return (codes * 0).sum()
    made = functional.cosine_similarity(codes[:half], codes[half : 2 * half], dim=1)
    meant = functional.cosine_similarity(features[:half], features[half : 2 * half], dim=1)
    return (made - meant).square().mean()


def cosine_distances(features: Tensor, others: Tensor) -> Tensor:
    """1 - cos (n, m)."""
    return 1 - functional.normalize(features, dim=1) @ functional.normalize(others, dim=1).T
