import itertools
from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.methods._bank import MemoryBank
from hashviewer.methods._base import MAIN, Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._labels import regression
from hashviewer.methods._pairs import likelihood, similar
from hashviewer.methods._quantization import absolute
from hashviewer.methods._semantic import LabelNet, SemanticLayer
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import register

_LABELS = "labels"
_WIDE = 2048  # the authors' code; the paper: 4096


@register(
    "djseh",
    title="DJSEH",
    family="pairwise",
    year=2018,
    paper="N. Li, C. Li, C. Deng, X. Liu, X. Gao: Deep Joint Semantic-Embedding Hashing. IJCAI 2018",
    labels="classes",
)
class DJSEH(Method):
    """Deep Joint Semantic-Embedding Hashing: a network that reads labels teaches one that reads images.

    LabNet: ``J1 + alpha J2 + beta J3 + gamma J4``, the likelihoods of pairs of its semantic features f and of its codes
    h = tanh, sum_ij (|| |h_i| - 1 ||_1 + || |h_j| - 1 ||_1), and the labels' linear regression on h. ImgNet:
    ``J1' + eta J2'``, the likelihood of its features against LabNet's, and cross-entropy of sigma(u) with the bits of
    LabNet's codes. Sums over pairs, each batch against a bank of all N items as in the authors' code, are divided by
    n N, sums over items by n. The two take turns for some rounds, a third of each being LabNet's; a later round of
    LabNet begins with ImgNet's features and codes in its bank.

    Reading: LabNet keeps its weights from round to round; semantic features are as wide as the hash layer's hidden
    layer (paper: 512); constants of the normalisation are AlexNet's. Activation for added blocks: tanh(u / 2), which
    is 2 sigma(u) - 1.
    """

    advice = Advice(epochs=90, learning_rate=1e-3)
    hash_layer: SemanticLayer
    seen: Tensor  # (N, F + K) the images' features and codes at their last visit

    def __init__(
        self,
        *,
        alpha: Annotated[float, Setting("weight of LabNet's likelihood of codes", low=0)] = 1.0,
        beta: Annotated[float, Setting("weight of LabNet's quantization", low=0)] = 0.005,
        gamma: Annotated[float, Setting("weight of LabNet's regression of labels", low=0)] = 1.0,
        eta: Annotated[float, Setting("weight of ImgNet's cross-entropy with codes", low=0)] = 1.0,
        scale: Annotated[float, Setting("factor on inner products; the code: 1/2", low=0)] = 1.0,
        slope: Annotated[float, Setting("factor on ImgNet's logits; the code: 10", low=0)] = 1.0,
        alike: Annotated[float, Setting("s of similar pairs; 5 where they are rare", low=1)] = 1.0,
        rounds: Annotated[int, Setting("turns of both networks", low=1)] = 3,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.eta = eta
        self.scale = scale
        self.slope = slope
        self.alike = alike
        self.rounds = rounds

    def head(self, shape: Shape) -> nn.Module:
        return SemanticLayer(shape.feature_dim, shape.hidden, shape.bits)

    def add_parts(self, shape: Shape) -> None:
        self.label_net = LabelNet(shape.classes, _WIDE, shape.hidden, shape.bits, normalised=True)
        self.regressor = nn.Linear(shape.bits, shape.classes)
        self.bank = MemoryBank()
        self.register_buffer("seen", torch.zeros(0, shape.hidden + shape.bits))

    def begin(self, items: TrainingItems) -> None:
        self.bank.reset(items.labels, self.shape.hidden + self.shape.bits)
        self.seen = torch.zeros_like(self.bank.outputs)
        self._settle()

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {
            MAIN: list(self.hash_layer.parameters()),
            _LABELS: [*self.label_net.parameters(), *self.regressor.parameters()],
        }

    def plan(self, epochs: int) -> list[str]:
        """Who moves in each epoch: in every round LabNet first."""
        rounds = max(min(self.rounds, epochs // 4), 1)
        edges = [epochs * r // rounds for r in range(rounds + 1)]
        plan: list[str] = []
        for first, last in itertools.pairwise(edges):
            taught = 0 if last - first < 2 else max((last - first) // 3, 1)
            plan += [_LABELS] * taught + [MAIN] * (last - first - taught)
        return plan

    def turns(self, clock: Clock) -> Sequence[str]:
        return (self.plan(clock.epochs)[clock.epoch],)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs / 2)

    def terms_of(self, player: str, batch: Batch) -> Terms:
        return self.forward(batch) if player == MAIN else self.label_terms(batch)

    def label_terms(self, batch: Batch) -> Terms:
        """The objective of LabNet."""
        features, codes = self.label_net(batch.labels)
        self.bank.write(batch.indices, torch.cat([features, codes], dim=1))
        known_features, known_codes = self._known()
        similarity = self._similarity(batch.labels)
        off = absolute(codes).sum(1).mean() + absolute(known_codes).sum(1).mean()
        return {
            "label_features": likelihood(self.scale * features @ known_features.T, similarity).mean(),
            "label_codes": self.alpha * likelihood(self.scale * codes @ known_codes.T, similarity).mean(),
            "label_quantization": self.beta * off,
            "label_regression": self.gamma * regression(self.regressor(codes), batch.labels),
        }

    def forward(self, batch: Batch) -> Terms:
        features = self.hash_layer.semantic(batch.features)
        known_features, known_codes = self._known()
        seen = self.seen.clone()
        seen[batch.indices] = torch.cat([features, signs(batch.outputs)], dim=1).detach()
        self.seen = seen
        bits = (known_codes[batch.indices] >= 0).to(features.dtype)
        logits = self.slope * batch.outputs
        lost = functional.binary_cross_entropy_with_logits(logits, bits, reduction="none").sum(1)
        similarity = self._similarity(batch.labels)
        return {
            "features": likelihood(self.scale * features @ known_features.T, similarity).mean(),
            "codes": self.eta * lost.mean(),
        }

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        plan = self.plan(clock.epochs)
        now, after = plan[clock.epoch], [*plan, MAIN][clock.epoch + 1]
        if now == _LABELS and after == MAIN:
            self._settle()
        elif now == MAIN and after == _LABELS:
            self.bank.outputs = self.seen

    def _settle(self) -> None:
        """Take LabNet's features and the signs of its codes as they are, for all items."""
        joined = self.label_net.joined(self.bank.labels)
        width = self.shape.hidden
        self.bank.outputs = torch.cat([joined[:, :width], signs(joined[:, width:])], dim=1)

    def _known(self) -> tuple[Tensor, Tensor]:
        """The bank's features (N, F) and codes (N, K)."""
        return self.bank.outputs[:, : self.shape.hidden], self.bank.outputs[:, self.shape.hidden :]

    def _similarity(self, labels: Tensor) -> Tensor:
        return self.alike * similar(labels, self.bank.labels)
