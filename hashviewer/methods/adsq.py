from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.methods._base import MAIN, Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._discrete import keep_on_zero
from hashviewer.methods._heads import TwoNets
from hashviewer.methods._pairs import difference, dissimilar_value, inner, likelihood, similar
from hashviewer.methods._quantization import balance, square
from hashviewer.methods._semantic import LabelNet, SemanticLayer
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import register

_LABELS, _OTHER = "labels", "database"
_WIDE = 512
_SAMPLED = 2000  # items whose pairs tell r


@register(
    "adsq",
    title="ADSQ",
    family="pairwise",
    year=2019,
    paper="Z. Yang, O. I. Raymond, W. Sun, J. Long: Asymmetric Deep Semantic Quantization for Image Retrieval. IEEE Access 7, 2019",
    query="asymmetric",
    labels="classes",
    confidence="reading",
)
class ADSQ(Method):
    """Asymmetric Deep Semantic Quantization: a network that reads labels guides one for queries, one for the database.

    Reading, all equations. Stage 1, LabelNet with features e and codes r = tanh, for the first part of the epochs:
    the likelihoods of pairs (e_i . e_j / 2 and r_i . r_j / 2) of a batch plus q1 ||R - sgn R||^2 / n^2 plus
    q2 ||R^T 1||^2 / n^2. Stage 2, two networks with features f and outputs u = tanh that move in alternate epochs:
    ``(K s_ij - u_i . v_j)^2 / K^2`` with s in {-r, +1} against the other network's fixed outputs v, plus ``a`` times
    the likelihood of f_i . e_j / 2, both the mean over the batch against all N items, plus
    q (||B - U||^2 + ||B - sgn R||^2) / (n N) plus c ||U^T 1||^2 / n^2; after both have moved B = sgn(U + V + sgn R).

    Sums over pairs and over items are divided by the number of pairs alike, n^2 and n N, so that their weights mean
    what they mean in these sums. (Quantization divided by n instead drowned the likelihood: the label network's
    codes were nearly constant, and so were all others. It was .23 then on held-out images of CIFAR-10, .62 now.)

    Reading: s is -r for dissimilar pairs, r the ratio of similar to dissimilar ones, as in ADSH. With -1 and ten
    classes, two networks that give all images opposite constants have a smaller difference, .4, than codes which
    tell the classes apart, .7; a third of the bits came to that, and lookups within radius 2 found nothing.

    Reading: as in DAPH a query is sgn(u) and the database sgn(v). The networks are hash layers on one backbone, which
    moves with the query's; each has half of the hidden width, which is the width of semantic features (paper: 512).
    """

    advice = Advice(epochs=90, learning_rate=1e-3)
    hash_layer: TwoNets
    database_labels: Tensor  # (N, C)
    taught: Tensor  # (N, F + K) LabelNet's features e and codes r
    sides: Tensor  # (N, 2 K) U and V
    codes: Tensor  # (N, K) B
    apart: Tensor  # () s of dissimilar pairs

    def __init__(
        self,
        *,
        a: Annotated[float, Setting("weight of the semantic likelihood", low=0)] = 1.0,
        q: Annotated[float, Setting("weight of outputs against codes", low=0)] = 0.1,
        c: Annotated[float, Setting("weight of bit balance", low=0)] = 0.01,
        q1: Annotated[float, Setting("weight of LabelNet's quantization", low=0)] = 0.1,
        q2: Annotated[float, Setting("weight of LabelNet's bit balance", low=0)] = 0.01,
        stage: Annotated[float, Setting("share of the epochs that LabelNet learns", low=0, high=1)] = 0.2,
        soft: Annotated[
            bool, Setting("whether dissimilar pairs are worth -r, their ratio to similar ones, not -1")
        ] = True,
    ) -> None:
        super().__init__()
        self.a = a
        self.q = q
        self.c = c
        self.q1 = q1
        self.q2 = q2
        self.stage = stage
        self.soft = soft

    def head(self, shape: Shape) -> nn.Module:
        width = self._width(shape)
        return TwoNets(*(SemanticLayer(shape.feature_dim, width, shape.bits) for _ in range(2)))

    def add_parts(self, shape: Shape) -> None:
        width = self._width(shape)
        self.label_net = LabelNet(shape.classes, _WIDE, width, shape.bits, normalised=False)
        self.register_buffer("database_labels", torch.zeros(0, shape.classes))
        self.register_buffer("taught", torch.zeros(0, width + shape.bits))
        self.register_buffer("sides", torch.zeros(0, 2 * shape.bits))
        self.register_buffer("codes", torch.zeros(0, shape.bits))
        self.register_buffer("apart", torch.tensor(-1.0))

    def begin(self, items: TrainingItems) -> None:
        self.database_labels = items.labels
        if self.soft:
            some = torch.randperm(len(items.labels))[:_SAMPLED].to(items.labels.device)
            self.apart.fill_(dissimilar_value(items.labels[some], items.labels))
        self.taught = self.label_net.joined(items.labels)
        self.sides = self.relax(self.hash_layer(items.features))
        self.codes = signs(self.taught[:, -self.shape.bits :])

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {
            MAIN: list(self.hash_layer.query.parameters()),
            _OTHER: list(self.hash_layer.database.parameters()),
            _LABELS: list(self.label_net.parameters()),
        }

    def turns(self, clock: Clock) -> Sequence[str]:
        after = clock.epoch - self.label_epochs(clock.epochs)
        return (_LABELS if after < 0 else (MAIN, _OTHER)[after % 2],)

    def label_epochs(self, epochs: int) -> int:
        """Epochs of the first stage; at least one of two or more."""
        return min(max(round(self.stage * epochs), 1), epochs - 1)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        return self.image_terms(batch, side=0)

    def terms_of(self, player: str, batch: Batch) -> Terms:
        if player == _LABELS:
            return self.label_terms(batch)
        return self.image_terms(batch, side=int(player == _OTHER))

    def label_terms(self, batch: Batch) -> Terms:
        """The objective of LabelNet."""
        features, codes = self.label_net(batch.labels)
        similarity = similar(batch.labels)
        return {
            "label_features": likelihood(inner(features, features), similarity).mean(),
            "label_codes": likelihood(inner(codes, codes), similarity).mean(),
            "label_quantization": self.q1 * square(codes).sum() / similarity.numel(),
            "label_balance": self.q2 * self.shape.bits * balance(codes),
        }

    def image_terms(self, batch: Batch, *, side: int) -> Terms:
        """The objective of the query's network (side 0) or the database's (1), all else fixed."""
        bits = self.shape.bits
        network = (self.hash_layer.query, self.hash_layer.database)[side]
        assert isinstance(network, SemanticLayer)
        own = batch.relaxed.chunk(2, dim=1)[side]
        other = self.sides.chunk(2, dim=1)[1 - side]
        similarity = similar(batch.labels, self.database_labels)  # (n, N)
        theta = inner(network.semantic(batch.features), self.taught[:, :-bits])
        codes = self.codes[batch.indices]
        guide = signs(self.taught[batch.indices, -bits:])
        return {
            "difference": difference(
                own @ other.T / bits, torch.where(similarity > 0, 1.0, self.apart)
            ).mean(),
            "features": self.a * likelihood(theta, similarity).mean(),
            "quantization": self.q * (codes - own).square().sum() / similarity.numel(),
            "guide": self.q * (codes - guide).square().sum() / similarity.numel(),
            "balance": self.c * bits * balance(own),
        }

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        after = clock.epoch - self.label_epochs(clock.epochs)
        if after == -1:
            self.taught = self.label_net.joined(self.database_labels)
            self.codes = signs(self.taught[:, -self.shape.bits :])
        elif after >= 0:
            self.sides = self.relax(outputs())
            if after % 2 == 1:
                self.codes = self.updated()

    def updated(self) -> Tensor:
        """The best codes (N, K) for the present outputs and labels."""
        u, v = self.sides.chunk(2, dim=1)
        return keep_on_zero(u + v + signs(self.taught[:, -self.shape.bits :]), self.codes)

    def encode(self, outputs: Tensor) -> Tensor:
        return outputs[:, self.shape.bits :]

    def encode_queries(self, outputs: Tensor) -> Tensor:
        return outputs[:, : self.shape.bits]

    def _width(self, shape: Shape) -> int:
        """Length of the semantic features."""
        return max(shape.hidden // 2, 1)
