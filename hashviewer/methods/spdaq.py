from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from hashviewer.methods import _codebooks
from hashviewer.methods._base import Advice, Batch, Clock, Shape, Terms, TrainingItems
from hashviewer.methods._labels import ridge
from hashviewer.methods._pairs import difference, signed, similar
from hashviewer.methods._quantizer import WORDS, Quantizer
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

_SWEEPS = 3  # of ICM in each update
_SOLVER_STEPS = 30


@register(
    "spdaq",
    title="SPDAQ",
    family="quantization",
    year=2019,
    paper="J. Chen, W. K. Cheung: Similarity Preserving Deep Asymmetric Quantization for Image Retrieval. AAAI 2019",
    query="quantizer",
    labels="classes",
    confidence="reading",
    published=(Published(48, 0.893, "I-all", "a summary"),),
)
class SPDAQ(Quantizer):
    """Similarity Preserving Deep Asymmetric Quantization: the network for queries, quantized items learnt from labels.

    ``sum_{i in Omega, j} (f_i . v_j - eta S_ij)^2 + lambda sum_{i in Omega} ||f_i - v_i||^2 + mu sum_j ||y_j - W^T
    v_j||^2 + nu ||W||^2``, the network's terms divided by n N; f = tanh(u), v_j the sum of item j's codewords, S in
    {-1, +1}. An outer iteration draws Omega, trains the network on it for some epochs with v fixed, then sets W by
    ridge regression, the codes by ICM on each item's quadratic (from the present code, so it never rises), and the
    books by conjugate gradients on the same quadratic, exactly where others drop the lambda term.

    Reading (LD form, from the abstract and summaries): the objective as above, eta = D, sizes of Omega, D and the
    alternation, the first codes from the untrained network. An item without known labels is coded by the same
    quadratic, its similarity to Omega being what the network itself says: sum_{i in Omega} (f_i . v - f . v_i)^2 +
    lambda ||f - v||^2. (The code nearest to f would rank badly, since v need not resemble f.)
    """

    advice = Advice(
        epochs=60, batch=64, learning_rate=1e-3, head="linear"
    )  # a hidden layer lets every output saturate
    kept = (*Quantizer.kept, "quadratic", "towards")
    database: Tensor  # (N, C) labels
    drawn: Tensor  # Omega
    quadratic: Tensor  # (D, D) sum over Omega of f f^T, plus lambda I
    towards: (
        Tensor  # (D, D) sum over Omega of v f^T, plus lambda I: f @ towards is the linear part for an item
    )

    def __init__(
        self,
        *,
        dimensions: Annotated[int, Setting("length D of the quantized features", low=8)] = 64,
        scale: Annotated[float | None, Setting("eta, inner product of similar items; none: D", low=0)] = None,
        quantization: Annotated[float, Setting("lambda, weight of codes against outputs", low=0)] = 1.0,
        labels_weight: Annotated[float, Setting("mu, weight of the regression to labels", low=0)] = 1.0,
        decay: Annotated[float, Setting("nu, weight of ||W||^2", low=1e-9)] = 1e-3,
        sampled: Annotated[int, Setting("items in Omega", low=2)] = 2000,
        inner: Annotated[int, Setting("epochs between two updates of the codes", low=1)] = 3,
    ) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.scale = scale
        self.quantization = quantization
        self.labels_weight = labels_weight
        self.decay = decay
        self.sampled = sampled
        self.inner = inner

    @property
    def eta(self) -> float:
        """The inner product of similar items."""
        return self.dimensions if self.scale is None else self.scale

    def add_parts(self, shape: Shape) -> None:
        super().add_parts(shape)
        self.register_buffer("database", torch.zeros(0, shape.classes))
        self.register_buffer("drawn", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("quadratic", torch.eye(self.dimensions))
        self.register_buffer("towards", torch.eye(self.dimensions))

    def begin(self, items: TrainingItems) -> None:
        self.database = items.labels
        self.begin_quantizing(items.features)

    def sample(self, clock: Clock, count: int) -> Tensor:
        if clock.epoch % self.inner == 0:
            self.drawn = torch.randperm(count)[: self.sampled].to(self.database.device)
        return self.drawn

    def forward(self, batch: Batch) -> Terms:
        items = _codebooks.reconstruct(self.indices, self.books)  # (N, D)
        targets = self.eta * signed(similar(batch.labels, self.database))
        own = (batch.relaxed - items[batch.indices]).square().sum()
        return {
            "pairs": difference(batch.relaxed @ items.T, targets).mean(),
            "quantization": self.quantization * own / targets.numel(),
        }

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        if clock.epoch == clock.epochs - 1 or clock.epoch % self.inner == self.inner - 1:
            self.update(self.activation(outputs()[self.drawn]))

    def update(self, shown: Tensor) -> None:
        """Set W, codes and books once, each given the others, for the outputs (|Omega|, D) of Omega."""
        items = _codebooks.reconstruct(self.indices, self.books)
        weights = items.new_zeros(self.dimensions, self.database.shape[1])
        if self.labels_weight:
            weights = ridge(items, self.database, weight=self.decay / self.labels_weight)
        quadratic = shown.T @ shown + self.labels_weight * weights @ weights.T
        linear = self.labels_weight * self.database @ weights.T  # (N, D), rows r_j
        for rows in torch.split(torch.arange(len(linear), device=linear.device), 4096):
            similarity = signed(similar(self.database[rows], self.database[self.drawn]))
            linear[rows] += self.eta * similarity @ shown
        linear[self.drawn] += self.quantization * shown
        own = torch.zeros(len(linear), 1, device=linear.device)  # lambda where an item is in Omega
        own[self.drawn] = self.quantization
        self.indices = lower_codes(self.indices, self.books, quadratic, own, linear)
        self.books = lower_books(self.indices, self.books, quadratic, own, linear)
        nearness = self.quantization * torch.eye(self.dimensions, device=shown.device)
        size = len(shown)  # a common scale, so that the numbers fit 16 bits
        self.quadratic = (shown.T @ shown + nearness) / size
        self.towards = (self.reconstructed(self.drawn).T @ shown + nearness) / size

    def encode(self, outputs: Tensor) -> Tensor:
        linear = self.activation(outputs) @ self.towards
        own = linear.new_zeros(len(linear), 1)
        indices = lower_codes(None, self.books, self.quadratic, own, linear, in_order=True)
        return _codebooks.to_bits(indices, WORDS)

    def learnt_codes(self) -> Tensor | None:
        return (
            _codebooks.to_bits(self.indices, WORDS) if len(self.indices) else None
        )  # a file does not hold them


def objective(items: Tensor, quadratic: Tensor, own: Tensor, linear: Tensor) -> Tensor:
    """v_j^T (A + own_j I) v_j - 2 v_j . r_j for each item: (N,)."""
    return ((items @ quadratic + own * items - 2 * linear) * items).sum(1)


def lower_codes(
    begun: Tensor | None,
    books: Tensor,
    quadratic: Tensor,
    own: Tensor,
    linear: Tensor,
    *,
    in_order: bool = False,
) -> Tensor:
    """Codes (N, M) that lower each item's objective: the best word of one book after another, given the others.

    Begins from given codes, or with no word chosen; visits the books in a drawn order, or in theirs.
    """
    indices = linear.new_zeros(len(linear), len(books), dtype=torch.int64) if begun is None else begun.clone()
    items = torch.zeros_like(linear) if begun is None else _codebooks.reconstruct(begun, books)
    for sweep in range(_SWEEPS):
        for m in _codebooks.visits(len(books), in_order=in_order):
            words = books[m]  # (K, D)
            others = items if begun is None and sweep == 0 else items - words[indices[:, m]]
            slope = others @ quadratic + own * others - linear
            constant = ((words @ quadratic) * words).sum(1) + own * words.square().sum(1)  # (N, K)
            indices[:, m] = (constant + 2 * slope @ words.T).argmin(1)
            items = others + words[indices[:, m]]
    return indices


def lower_books(indices: Tensor, books: Tensor, quadratic: Tensor, own: Tensor, linear: Tensor) -> Tensor:
    """Books (M, K, D) that lower the sum of the objectives, by conjugate gradients; unused words stay."""
    chosen = functional.one_hot(indices, books.shape[1]).flatten(1).to(books.dtype).to_sparse()  # (N, M K)

    def gathered(items: Tensor) -> Tensor:
        summed: Tensor = torch.sparse.mm(chosen.T, items)
        return summed

    def applied(words: Tensor) -> Tensor:
        items = torch.sparse.mm(chosen, words)
        return gathered(items @ quadratic + own * items)

    words = books.flatten(0, 1)
    residual = gathered(linear) - applied(words)
    direction = residual
    size = residual.square().sum()
    for _ in range(_SOLVER_STEPS):
        moved = applied(direction)
        curvature = (direction * moved).sum()
        if not curvature > 0:
            break
        step = size / curvature
        words = words + step * direction
        residual = residual - step * moved
        before, size = size, residual.square().sum()
        direction = residual + size / before * direction
    return words.reshape(books.shape)
