from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.methods import _codebooks
from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._heads import hash_layer
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

WORDS = 256


@register(
    "dpq",
    title="DPQ",
    family="quantization",
    year=2019,
    paper="B. Klein, L. Wolf: End-to-End Supervised Product Quantization for Image Search and Retrieval. CVPR 2019",
    query="quantizer",
    labels="classes",
    confidence="reading",
    published=(Published(48, 0.7541, "III", "a small network"), Published(48, 0.9507, "II", "a deep one")),
)
class DPQ(Method):
    """Deep Product Quantization: soft and hard choices of codewords, both learnt by the gradient alone.

    Each of M slices of the embedding chooses among K words by softmax p_m; soft = p_m C_m, hard = its largest word,
    whose gradient passes to p_m unchanged. ``CE(soft) + CE(hard) + w_c mean (||soft - o_y||^2 + ||hard - o_y||^2) / 2
    + w_b sum_mk (mean_i p_imk)^2 - w_s mean_i sum_mk p_imk^2`` with learnt centres o and one classifier for both. A
    query is soft, the database hard; squared distances come from tables.

    Reading: the sizes of slices and words, w_b = w_s = 0.01, and for images with several labels binary cross-entropy
    and the central loss averaged over their labels.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    kept = (*Method.kept, "choosing", "offsets", "books")

    def __init__(
        self,
        *,
        slice_length: Annotated[int, Setting("F, length of a slice of the embedding", low=1)] = 16,
        word_length: Annotated[int, Setting("length of a codeword", low=1)] = 16,
        central: Annotated[float, Setting("w_c, weight of the joint central loss", low=0)] = 0.1,
        batch_gini: Annotated[float, Setting("w_b, weight of using all words", low=0)] = 0.01,
        sample_gini: Annotated[float, Setting("w_s, weight of being near one-hot", low=0)] = 0.01,
        normalize: Annotated[bool, Setting("give every sub-vector length 1")] = False,
    ) -> None:
        super().__init__()
        self.slice_length = slice_length
        self.word_length = word_length
        self.central = central
        self.batch_gini = batch_gini
        self.sample_gini = sample_gini
        self.normalize = normalize
        self.multi = False

    @classmethod
    def check(cls, shape: Shape) -> None:
        super().check(shape)
        _codebooks.layout(shape.bits, words=WORDS)

    def head(self, shape: Shape) -> nn.Module:
        width = self.slice_length * _codebooks.layout(shape.bits, words=WORDS)
        return hash_layer(shape.feature_dim, width, kind=shape.head, hidden=max(shape.hidden // 2, 1))

    def add_parts(self, shape: Shape) -> None:
        count = _codebooks.layout(shape.bits, words=WORDS)
        std = self.slice_length**-0.5
        self.choosing = nn.Parameter(std * torch.randn(count, self.slice_length, WORDS))
        self.offsets = nn.Parameter(torch.zeros(count, WORDS))
        self.books = nn.Parameter(self.word_length**-0.5 * torch.randn(count, WORDS, self.word_length))
        self.classifier = nn.Linear(count * self.word_length, shape.classes)
        self.centres = nn.Parameter(torch.zeros(shape.classes, count * self.word_length))

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)

    def forward(self, batch: Batch) -> Terms:
        shares = self.shares(batch.relaxed)
        soft, hard = self.made_of(shares), self.made_of(hardened(shares))
        cost = sum(
            classification(self.classifier(made), batch.labels, multi=self.multi) for made in (soft, hard)
        )
        return {
            "classification": torch.as_tensor(cost),
            "central": self.central * (self._to_centres(soft, batch) + self._to_centres(hard, batch)) / 2,
            "batch_gini": self.batch_gini * shares.mean(0).square().sum(),
            "sample_gini": -self.sample_gini * shares.square().sum((1, 2)).mean(),
        }

    def shares(self, outputs: Tensor) -> Tensor:
        """Softmax p (n, M, K) over the words, of outputs (n, M F)."""
        slices = outputs.reshape(len(outputs), -1, self.slice_length)
        return (torch.einsum("nmf,mfk->nmk", slices, self.choosing) + self.offsets).softmax(2)

    def made_of(self, shares: Tensor) -> Tensor:
        """The words mixed by shares (n, M, K), block beside block: (n, M D')."""
        mixed = torch.einsum("nmk,mkd->nmd", shares, self.books)
        return (functional.normalize(mixed, dim=2) if self.normalize else mixed).flatten(1)

    def _to_centres(self, made: Tensor, batch: Batch) -> Tensor:
        apart = (made[:, None] - self.centres[None]).square().sum(2)  # (n, C)
        counts = batch.labels.sum(1).clamp_min(1)
        return ((apart * batch.labels).sum(1) / counts).mean()

    def encode(self, outputs: Tensor) -> Tensor:
        return _codebooks.to_bits(self.shares(self.activation(outputs)).argmax(2), WORDS)

    def distances(self, queries: Tensor, codes: Tensor) -> Tensor:
        indices = _codebooks.from_bits(codes, WORDS)
        soft = self.made_of(self.shares(self.activation(queries))).reshape(
            len(queries), *self.books.shape[::2]
        )
        books = functional.normalize(self.books, dim=2) if self.normalize else self.books
        tables = torch.cdist(soft.transpose(0, 1), books).square()  # (M, Q, K)
        return torch.stack([table[:, indices[:, m]] for m, table in enumerate(tables)]).sum(0)


def hardened(shares: Tensor) -> Tensor:
    """One-hot at the largest share, with the gradient of the shares themselves."""
    one_hot = functional.one_hot(shares.argmax(2), shares.shape[2]).to(shares.dtype)
    return shares + (one_hot - shares).detach()
