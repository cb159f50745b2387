"""Principal directions, with which several networks begin."""

import torch
from torch import Tensor
from torch.nn import functional


def principal_directions(points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Orthonormal directions (count, D) of greatest variance and the deviations (count,) along them.

    There are only D of them: any more are random directions of length 1.

    Args:
        points: (N, D), of any mean.
        count: Directions wanted.
    """
    centred = points - points.mean(0)
    _, vectors = torch.linalg.eigh(centred.T @ centred)
    directions = vectors.flip(1)[:, :count].T.contiguous()
    if len(directions) < count:
        more = torch.randn(count - len(directions), points.shape[1]).to(points)
        directions = torch.cat([directions, functional.normalize(more, dim=1)])
    return directions, (centred @ directions.T).square().mean(0).sqrt()
