from typing import Annotated, Literal

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._pairs import overlap, signed, similar
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import Published, register

_DRAWS = 100  # random bits tried before a repeated one is taken
_SWEEPS = 100  # over the weights, when none may be negative
_FITS = 1e-2  # relative residual that is as good as none, when none may be negative
_SAME = 1e-6  # relative difference of eigenvalues that count as one; also the least residual worth a refit


def leading_signs(matrix: Tensor) -> Tensor:
    """Signs (n,) of the leading eigenvector; of a random vector of the leading space where it is not one line."""
    values, vectors = torch.linalg.eigh(matrix)
    space = vectors[:, values >= values[-1] - _SAME * values.abs().max().clamp_min(_SAME)]
    return signs(space @ torch.randn(space.shape[1], dtype=matrix.dtype))


def refit(bits: Tensor, similarity: Tensor) -> Tensor:
    """Weights (t,) of the bits Y (n, t) that minimise ``||M o (sum lam_t y_t y_t^T - S)||_F``, M without diagonal.

    The normal equations need no list of pairs: their entries are ((y_s . y_t)^2 - n) / 2. Of equal weights the
    smallest.
    """
    masked = similarity.clone().fill_diagonal_(0)
    normal = ((bits.T @ bits).square() - len(bits)) / 2
    right = ((masked @ bits) * bits).sum(0) / 2
    weights: Tensor = torch.linalg.pinv(normal, hermitian=True, rtol=1e-9) @ right
    return weights


def refit_nonnegative(bits: Tensor, similarity: Tensor) -> Tensor:
    """The same with weights of at least 0, by coordinate descent from equal ones, so that no bit is left out needlessly."""
    masked = similarity.clone().fill_diagonal_(0)
    normal = ((bits.T @ bits).square() - len(bits)) / 2
    right = ((masked @ bits) * bits).sum(0) / 2
    weights = torch.ones_like(right)
    for _ in range(_SWEEPS):
        for k, row in enumerate(normal):
            weights[k] = (weights[k] + (right[k] - row @ weights) / row[k]).clamp_min(0)
    return weights


def pursue(similarity: Tensor, count: int, *, nonnegative: bool = False) -> tuple[Tensor, Tensor]:
    """Bits (n, count) of -1 and +1 and weights (count,) by binary matrix pursuit with regressed weights.

    Args:
        similarity: S (n, n) float64, in [-1, 1].
        count: Bits wanted.
        nonnegative: Whether no weight may be below 0.
    """
    size = len(similarity)
    target = similarity.clone().fill_diagonal_(0)
    scale = float(target.norm()) or 1.0
    bits, weights = target.new_zeros(size, 0), target.new_zeros(0)
    for _ in range(count):
        residual = target - ((bits * weights) @ bits.T).fill_diagonal_(0)  # -M o R
        found = _next_bit(residual, bits)
        weight = (found @ residual @ found) / (scale * size**2)
        bits = torch.cat([bits, found[:, None]], dim=1)
        weights = torch.cat([weights, weight[None]])
        again = refit_nonnegative(bits, target) if nonnegative else refit(bits, target)
        enough = _FITS * scale if nonnegative else 0.0
        if masked_error(bits, again, target) <= max(masked_error(bits, weights, target), enough):
            weights = again
    return bits, weights


def pursue_constant(similarity: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The same with all weights 1: fits K S, diagonal too."""
    rest, bits = count * similarity, []
    for _ in range(count):
        bits.append(leading_signs(rest))
        rest = rest - torch.outer(bits[-1], bits[-1])
    return torch.stack(bits, dim=1), similarity.new_ones(count)


def masked_error(bits: Tensor, weights: Tensor, similarity: Tensor) -> float:
    """``||M o (X - S)||_F`` with X the weighted sum of the bits' outer products."""
    return float(((bits * weights) @ bits.T - similarity).fill_diagonal_(0).norm())


def _next_bit(residual: Tensor, bits: Tensor) -> Tensor:
    """The leading signs, or random ones that neither repeat a bit or its opposite nor raise the residual."""
    size = len(residual)
    found = leading_signs(residual)
    least = -_SAME * float(residual.norm())
    for _ in range(_DRAWS):
        repeats = bool(((found @ bits).abs() == size).any())
        if not repeats and float(found @ residual @ found) >= least:
            break
        found = signs(torch.randn(size, dtype=residual.dtype))
    return found


@register(
    "hbmp",
    title="HBMP",
    family="pairwise",
    year=2018,
    paper="F. Cakir, K. He, S. Sclaroff: Hashing with Binary Matrix Pursuit. ECCV 2018",
    query="weighted",
    published=(
        Published(48, 0.831, "I", "VGG-F, as the survey gives it"),
        Published(48, 0.945, "II", "VGG-F, recalled"),
    ),
)
class HBMP(Method):
    """Hashing with Binary Matrix Pursuit, in two steps: weighted bits that fit similarities, then a network.

    First ``min ||M o (sum_t lam_t y_t y_t^T - S)||_F`` over bits y_t of the distinct label sets, M without the
    diagonal: each bit is the sign of the residual's leading eigenvector, then all weights are fitted again, none below 0. Then
    the hinge loss ``sum_k max(0, 1 - y_k f_k)`` of the outputs, the mean over items. A query adds the weights of the
    bits that differ. With constant weights it is plain Hamming.

    Reading: the paper's refit lets weights be negative. Ten classes have 45 pairs, which 48 weights then fit whatever they
    are, a third of them negative: such a bit, where it errs, brings the wrong items nearer (a precision of .48 on
    held-out images of CIFAR-10; .57 without negative weights, .58 with constant ones). "regressed" is the paper's. A bit that repeats another is taken after 100 draws, since a few classes have few distinct bits.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    kept = (*Method.kept, "weights")
    targets: Tensor  # (N, K) bits of the items
    weights: Tensor  # (K,) lam

    def __init__(
        self,
        *,
        bit_weights: Annotated[
            Literal["nonnegative", "regressed", "constant"],
            Setting("weights of the bits: fitted, none below 0 or as they come, or all 1"),
        ] = "nonnegative",
        relevance: Annotated[
            Literal["shared", "overlap"],
            Setting("similarity of label sets: whether they share one, or their overlap"),
        ] = "shared",
    ) -> None:
        super().__init__()
        self.bit_weights = bit_weights
        self.relevance = relevance

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("targets", torch.zeros(0, shape.bits))
        self.register_buffer("weights", torch.ones(shape.bits))

    def begin(self, items: TrainingItems) -> None:
        sets, places = torch.unique(items.labels, dim=0, return_inverse=True)
        graded = similar(sets) if self.relevance == "shared" else overlap(sets)
        wanted = signed(graded).double().cpu()
        if self.bit_weights == "constant":
            bits, weights = pursue_constant(wanted, self.shape.bits)
        else:
            above = self.bit_weights == "nonnegative"
            bits, weights = pursue(wanted, self.shape.bits, nonnegative=above)
        self.targets = bits.to(items.labels)[places]
        self.weights = weights.to(items.labels)

    def forward(self, batch: Batch) -> Terms:
        agreement = self.targets[batch.indices] * batch.relaxed
        return {"hinge": (1 - agreement).clamp_min(0).sum(1).mean()}

    def worth_of_bits(self) -> Tensor:
        return self.weights.detach()
