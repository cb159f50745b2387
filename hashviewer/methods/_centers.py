"""Hash centres: one code for each class, far apart."""

import itertools
import math

import torch
from torch import Tensor

from hashviewer.errors import MethodError
from hashviewer.methods._base import Shape
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
    if _has_hadamard(classes, bits):
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


def check_centers(name: str, shape: Shape) -> None:
    """Refuse code lengths at which two classes would share a centre.

    Raises:
        MethodError: There are too few bits for the classes; the text says how many would do.
    """
    if shape.classes > 1 and not _enough(shape.classes, shape.bits):
        least = next(bits for bits in itertools.count(shape.bits + 1) if _enough(shape.classes, bits))
        raise MethodError(
            f"{name} needs a hash centre of its own for each of the {shape.classes} classes, and {shape.bits} "
            f"{'bit is' if shape.bits == 1 else 'bits are'} too short for that: take at least {least} bits."
        )


def _enough(classes: int, bits: int) -> bool:
    """Whether there are centres from a Hadamard matrix, or so many random ones that draws differ."""
    return _has_hadamard(classes, bits) or math.comb(bits, bits // 2) >= classes**2


def _has_hadamard(classes: int, bits: int) -> bool:
    return bits & (bits - 1) == 0 and classes <= 2 * bits


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
