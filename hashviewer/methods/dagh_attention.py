from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._heads import hash_layer
from hashviewer.methods._maps import channels, places
from hashviewer.methods._pairs import inner, likelihood, signed, similar
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import register

_ATTENDING = 64  # channels between the map and the attention


class GuidedNets(nn.Module):
    """A first hashing network that sees the map through attention, and a second that sees all of it: (n, 2 K)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = channels(shape)
        self.positions = shape.positions
        self.attention = nn.Sequential(nn.Linear(width, _ATTENDING), nn.ReLU(), nn.Linear(_ATTENDING, 1))
        self.first = hash_layer(width, shape.bits, kind=shape.head, hidden=shape.hidden)
        self.second = hash_layer(width, shape.bits, kind=shape.head, hidden=shape.hidden)

    def weights(self, features: Tensor) -> Tensor:
        """The attention (n, P) between 0 and 1, made at each place alone as by 1 x 1 convolutions."""
        return torch.sigmoid(self.attention(places(features, self.positions)))[:, :, 0]

    def forward(self, features: Tensor) -> Tensor:
        """Outputs of both networks."""
        at_places = places(features, self.positions)
        attended = (self.weights(features)[:, :, None] * at_places).mean(1)
        return torch.cat([self.first(attended), self.second(at_places.mean(1))], dim=1)


@register(
    "dagh-attention",
    title="DAgH",
    family="pairwise",
    year=2019,
    paper="Z. Yang, O. I. Raymond, W. Sun, J. Long: Deep Attention-Guided Hashing. IEEE Access 7, 2019",
    confidence="reading",
)
class DAgH(Method):
    """Deep Attention-guided Hashing: the codes of a network that looks where it matters guide a second network.

    Reading, all equations. Stage 1, for the first half of the epochs, moves the attention and the first network,
    h = tanh(f1): ``softplus(theta_ij) - s_ij theta_ij``, theta_ij = h_i . h_j / 2, plus lambda max(0, m - s_ij h_i . h_j
    / K)^2 with s in {-1, +1}; both as means over the pairs of a batch. Then the first network's signs are taken as bits
    t, and stage 2 moves the second network: ``-sum_k t log p + (1 - t) log(1 - p)``, p = sigma(f2), the mean over items.
    Queries and database are coded by the second network; a checkpoint holds that alone.

    Reading: attention weighs the places of the backbone's map, not the image's pixels, and both networks share the
    backbone, which moves with the one whose stage it is. On pooled features there is one place only, and attention is
    one number for an image: give maps (`Shape.positions`) for the method as it was meant. Activation of the second
    network for added blocks: tanh(u / 2), which is 2 sigma(u) - 1.
    """

    advice = Advice(epochs=100, learning_rate=1e-3)
    attends = True
    kept = ("scaling.", "hash_layer.second.")
    hash_layer: GuidedNets
    guide: Tensor  # (N, K) the first network's codes

    def __init__(
        self,
        *,
        attention: Annotated[float, Setting("lambda, weight of the attention loss", low=0)] = 1.0,
        margin: Annotated[float, Setting("m, share of the bits that should agree", low=1e-6, high=1)] = 1.0,
        stage: Annotated[
            float, Setting("share of the epochs that the first stage takes", low=0, high=1)
        ] = 0.5,
    ) -> None:
        super().__init__()
        self.attention = attention
        self.margin = margin
        self.stage = stage
        self.guiding = True

    def head(self, shape: Shape) -> nn.Module:
        return GuidedNets(shape)

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("guide", torch.zeros(0, shape.bits))

    def begin(self, items: TrainingItems) -> None:
        self.guide = signs(self.hash_layer(items.features)[:, : self.shape.bits])

    def begin_epoch(self, clock: Clock) -> None:
        self.guiding = clock.epoch < self.first_epochs(clock.epochs)

    def first_epochs(self, epochs: int) -> int:
        """Epochs of the first stage; at least one of two or more, and never all."""
        return min(max(round(self.stage * epochs), 1), epochs - 1)

    def activation(self, outputs: Tensor) -> Tensor:
        first, second = outputs.chunk(2, dim=1)
        return torch.cat([torch.tanh(first), torch.tanh(second / 2)], dim=1)

    def forward(self, batch: Batch) -> Terms:
        return self.guiding_terms(batch) if self.guiding else self.guided_terms(batch)

    def guiding_terms(self, batch: Batch) -> Terms:
        """The objective of the attention and the first network."""
        codes = batch.relaxed[:, : self.shape.bits]
        similarity = similar(batch.labels)
        theta = inner(codes, codes)
        short = self.margin - signed(similarity) * theta * 2 / self.shape.bits
        return {
            "semantic": likelihood(theta, similarity).mean(),
            "attention": self.attention * short.clamp_min(0).square().mean(),
        }

    def guided_terms(self, batch: Batch) -> Terms:
        """The objective of the second network."""
        bits = (self.guide[batch.indices] + 1) / 2
        logits = batch.outputs[:, self.shape.bits :]
        lost = functional.binary_cross_entropy_with_logits(logits, bits, reduction="none")
        return {"guided": lost.sum(1).mean()}

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        if clock.epoch == self.first_epochs(clock.epochs) - 1:
            self.guide = signs(outputs()[:, : self.shape.bits])

    def encode(self, outputs: Tensor) -> Tensor:
        return outputs[:, self.shape.bits :]
