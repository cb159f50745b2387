"""Hash centres: one code for each class, far apart."""

import torch
from torch import Tensor

from hashviewer.errors import MethodError
from hashviewer.methods._sign import signs

_REDRAWS = 20


def sylvester(order: int) -> Tensor:
    """The Hadamard matrix (order, order) of -1 and +1; row 0 and column 0 are all +1.

    Raises:
        MethodError: The order is not a power of two.
    """
    if order < 1 or order & (order - 1):
        raise MethodError(f"A Sylvester matrix has a power of two of rows, not {order}.")
    matrix = torch.ones(1, 1)
    while len(matrix) < order:
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)])
    return matrix


def hadamard_centers(classes: int, bits: int) -> Tensor:
    """Centres (C, K): rows of H, of [H; -H], or balanced random rows where K is no power of two or C > 2 K.

    Random rows are drawn again until the least distance exceeds K/4 and the mean is at least K/2, at most 20 times;
    the draw with the largest least distance is taken.
    """
    if bits & (bits - 1) == 0 and classes <= 2 * bits:
        matrix = sylvester(bits)
        return torch.cat([matrix, -matrix])[:classes]
    best, best_distance = torch.zeros(0, 0), -1.0
    for _ in range(_REDRAWS):
        rows = _balanced(classes, bits)
        apart = (bits - rows @ rows.T) / 2
        pairs = apart[~torch.eye(classes, dtype=torch.bool)]
        least = float(pairs.min()) if classes > 1 else float(bits)
        if least > best_distance:
            best, best_distance = rows, least
        if classes == 1 or (least > bits / 4 and float(pairs.mean()) >= bits / 2):
            return rows
    return best


def item_centers(labels: Tensor, centers: Tensor, ties: Tensor) -> Tensor:
    """The centre (n, K) of each item: the sign of the mean of its labels' centres, `ties` (K,) where that is 0."""
    total = labels @ centers
    return torch.where(total == 0, ties, signs(total))


def random_signs(bits: int) -> Tensor:
    """(K,) of -1 and +1, each with probability one half."""
    return signs(torch.rand(bits) - 0.5)


def _balanced(rows: int, bits: int) -> Tensor:
    """Random rows with bits // 2 entries of -1."""
    order = torch.rand(rows, bits).argsort(dim=1)
    return torch.where(order < bits // 2, -1.0, 1.0)
