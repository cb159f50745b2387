from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._quantization import square
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import register

_AT_ONCE = 1 << 22  # entries of the codebooks that are compared at once


def hadamard(order: int) -> Tensor | None:
    """A matrix (order, order) of -1 and +1 with orthogonal rows, or None where no construction here makes one.

    Doubling, and Paley's two constructions over the fields of a prime number of elements: every multiple of 4
    below 100 but 52, 92 and 100 itself.
    """
    if order in {1, 2}:
        return torch.ones(1, 1) if order == 1 else torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    if order < 4 or order % 4:
        return None
    half = hadamard(order // 2)
    if half is not None:
        return torch.cat([torch.cat([half, half], 1), torch.cat([half, -half], 1)])
    if _is_prime(order - 1):  # order - 1 = 3 (mod 4)
        return _bordered(order - 1, corner=-1.0) + torch.eye(order)
    if order // 2 % 4 == 2 and _is_prime(order // 2 - 1):  # = 1 (mod 4)
        core = _bordered(order // 2 - 1, corner=1.0)
        plus, minus = torch.tensor([[1.0, 1.0], [1.0, -1.0]]), torch.tensor([[1.0, -1.0], [-1.0, -1.0]])
        return torch.kron(core, plus) + torch.kron(torch.eye(order // 2), minus)
    return None


def _bordered(prime: int, *, corner: float) -> Tensor:
    """Paley's conference matrix (q + 1, q + 1) of quadratic residues, with 1 above and `corner` left of them."""
    squares = {place * place % prime for place in range(1, prime)}
    symbol = torch.tensor([0.0, *(1.0 if place in squares else -1.0 for place in range(1, prime))])
    places = torch.arange(prime)
    matrix = torch.zeros(prime + 1, prime + 1)
    matrix[0, 1:] = 1.0
    matrix[1:, 0] = corner
    matrix[1:, 1:] = symbol[(places[:, None] - places[None]) % prime]
    return matrix


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def codewords(classes: int, bits: int) -> Tensor:
    """Candidates (m, K) of -1 and +1 of which classes take rows.

    The Hadamard matrix of order K where there is one and K >= C; else the signs of a larger one, 16, 32, 64 …,
    times a Gaussian matrix (m, K).
    """
    own = hadamard(bits) if bits >= classes else None
    if own is not None:
        return own
    order = 16
    while order <= classes:
        order *= 2
    larger = hadamard(order)
    assert larger is not None
    return signs(larger @ torch.randn(order, bits))


def imbalance(codebooks: Tensor) -> Tensor:
    """Mean over bits of the squared mean over classes: (..., C, K) to (...)."""
    return codebooks.mean(-2).square().mean(-1)


def balanced_rows(candidates: Tensor, classes: int, tries: int) -> Tensor:
    """Of so many random choices of C rows, the one (C, K) whose bits are balanced best."""
    best, least = candidates[:classes], float("inf")
    at_once = max(_AT_ONCE // max(classes * candidates.shape[1], len(candidates)), 1)
    for first in range(0, tries, at_once):
        count = min(at_once, tries - first)
        rows = torch.rand(count, len(candidates)).argsort(dim=1)[:, :classes]
        scores = imbalance(candidates[rows])
        place = int(scores.argmin())
        if float(scores[place]) < least:
            best, least = candidates[rows[place]], float(scores[place])
    return best


@register(
    "hcbdh",
    title="HCBDH",
    family="implicit",
    year=2019,
    paper="S. Chen, L. Cao, M. Lin, Y. Wang, X. Sun, C. Wu, J. Qiu, R. Ji: Hadamard Codebook Based Deep Hashing. "
    "arXiv 1910.09182, 2019",
    labels="classes",
)
class HCBDH(Method):
    """Hadamard Codebook Based Deep Hashing (HCDH): codes near the codeword of their class, and a classifier on them.

    ``CE(classifier(h), y) + mu mean_k (h_k - t_k)^2 + nu mean (|h| - 1)^2`` with h = tanh(u) and t the sum of the
    codewords of an image's labels, not made binary in the release. Codewords are rows of a Hadamard matrix, those of
    10,000 random choices whose bits are balanced best; with fewer bits than classes, rows of the signs of a larger
    one times a Gaussian matrix. Images with several labels use binary cross-entropy per class.

    Reading: the projection serves also where there is no Hadamard matrix of as many rows as bits, and the larger
    orders go on beyond the release's 256 for more classes.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    codebook: Tensor  # (C, K); 0 before training

    def __init__(
        self,
        *,
        mu: Annotated[float, Setting("weight of the distance to the codeword", low=0)] = 1.0,
        nu: Annotated[float, Setting("weight of (|h| - 1)^2", low=0)] = 0.0,
        tries: Annotated[int, Setting("random choices of rows", low=1)] = 10_000,
        several: Annotated[
            Literal["sum", "sign"], Setting("codeword of several labels: the sum of theirs, or its sign")
        ] = "sum",
    ) -> None:
        super().__init__()
        self.mu = mu
        self.nu = nu
        self.tries = tries
        self.several = several
        self.multi = False

    def add_parts(self, shape: Shape) -> None:
        self.classifier = nn.Linear(shape.bits, shape.classes)
        self.register_buffer("codebook", torch.zeros(shape.classes, shape.bits))

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)
        candidates = codewords(self.shape.classes, self.shape.bits)
        chosen = balanced_rows(candidates, self.shape.classes, self.tries)
        self.codebook = chosen.to(items.labels.device)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        targets = batch.labels @ self.codebook
        if self.several == "sign":
            targets = signs(targets)
        codes = batch.relaxed
        return {
            "classification": classification(self.classifier(codes), batch.labels, multi=self.multi),
            "codewords": self.mu * (codes - targets).square().mean(),
            "quantization": self.nu * square(codes).mean(),
        }
