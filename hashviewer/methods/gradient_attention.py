from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.methods._base import MAIN, Advice, Batch, Clock, Method, Shape, Terms
from hashviewer.methods._pairs import inner, likelihood, similar
from hashviewer.methods._quantization import square
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import register

_ATTENTION = "attention"


@register(
    "gradient-attention",
    title="Gradient Attention",
    family="trick",
    year=2019,
    paper="L.-K. Huang, J. Chen, S. J. Pan: Accelerate Learning of Deep Hashing With Gradient Attention. ICCV 2019",
    confidence="reading",
    survey=False,
)
class GradientAttention(Method):
    """Gradient attention: a small network decides which of a pair's two codes moves, bit by bit.

    The loss is that of DPSH, the mean over pairs of softplus(theta) - s theta with theta = h_i . h_j / 2, plus eta
    times the mean of (h - sgn h)^2. Its derivatives g_i, g_j for a pair become 2 a_i g_i and 2 a_j g_j, a_i + a_j = 1
    in each bit, so that both need not flip the same bit at once; even attention is the ordinary gradient. In turn,
    the attention is trained to lower the loss after a virtual step h - rate g, and the hash layer takes the
    attended gradient.

    Reading: the paper fixes a network of two layers and weights that are normalized; here it sees (h_i, h_j, g_i,
    g_j) divided by their spread, has a hidden layer of 4 K units and a softmax over the two items, and the virtual
    step is `rate` times as long as the codes, measured by their spreads.
    """

    advice = Advice(epochs=60, batch=64, learning_rate=1e-3)

    def __init__(
        self,
        *,
        eta: Annotated[float, Setting("weight of the quantization term", low=0)] = 0.1,
        rate: Annotated[
            float, Setting("length of the virtual step, relative to that of the codes", low=0)
        ] = 1.0,
    ) -> None:
        super().__init__()
        self.eta = eta
        self.rate = rate

    def add_parts(self, shape: Shape) -> None:
        wide = 4 * self.width
        self.attention = nn.Sequential(nn.Linear(wide, wide), nn.ReLU(), nn.Linear(wide, 2 * self.width))

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {
            _ATTENTION: list(self.attention.parameters()),
            MAIN: list(self.hash_layer.parameters()),
        }

    def turns(self, clock: Clock) -> Sequence[str]:
        return (_ATTENTION, MAIN)

    def terms_of(self, player: str, batch: Batch) -> Terms:
        if player == MAIN:
            return self(batch)  # type: ignore[no-any-return]
        codes, similarity = batch.relaxed.detach(), similar(batch.labels)
        gradient = self.attended(codes, similarity)
        plain = attended_sum(*pair_gradients(codes, similarity), attention=None)
        length = self.rate * spread(codes) / spread(plain)
        return {"after_virtual_step": mean_likelihood(codes - length * gradient, similarity)}

    def forward(self, batch: Batch) -> Terms:
        codes, similarity = batch.relaxed, similar(batch.labels)
        with torch.no_grad():
            gradient = self.attended(codes, similarity)
            value = mean_likelihood(codes, similarity)
        moved = (codes * gradient).sum()
        return {
            "likelihood": value + moved - moved.detach(),  # the loss, whose gradient is the attended one
            "quantization": self.eta * square(codes).mean(),
        }

    def attended(self, codes: Tensor, similarity: Tensor) -> Tensor:
        """The attended gradient (n, K) for each item; it depends on the attention only."""
        first, second = pair_gradients(codes, similarity)
        return attended_sum(first, second, attention=self.shares(codes, first, second))

    def shares(self, codes: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Attention (P, K, 2) to the two items of each pair, summing to 1."""
        i, j = pairs(codes)
        seen = [codes[i] / spread(codes), codes[j] / spread(codes)]
        seen += [part / spread(torch.cat([first, second])) for part in (first, second)]
        logits: Tensor = self.attention(torch.cat(seen, dim=1))
        return logits.reshape(len(first), self.width, 2).softmax(2)


def pairs(codes: Tensor) -> tuple[Tensor, Tensor]:
    """The places of both items of each of the P unordered pairs of a batch."""
    i, j = torch.triu_indices(len(codes), len(codes), offset=1, device=codes.device)
    return i, j


def mean_likelihood(codes: Tensor, similarity: Tensor) -> Tensor:
    """Mean over unordered pairs of softplus(theta) - s theta."""
    i, j = pairs(codes)
    return likelihood(inner(codes, codes), similarity)[i, j].sum() / max(len(i), 1)


def pair_gradients(codes: Tensor, similarity: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives (P, K) of each pair's part of `mean_likelihood` for its first and its second item."""
    i, j = pairs(codes)
    slope = (inner(codes, codes).sigmoid() - similarity)[i, j, None] / (2 * max(len(i), 1))
    return slope * codes[j], slope * codes[i]


def attended_sum(first: Tensor, second: Tensor, *, attention: Tensor | None) -> Tensor:
    """The pairs' derivatives (P, K) summed for each item (n, K), weighted by attention (P, K, 2) or evenly."""
    if attention is not None:
        first, second = 2 * attention[:, :, 0] * first, 2 * attention[:, :, 1] * second
    count = round((1 + (1 + 8 * len(first)) ** 0.5) / 2)  # P = n (n - 1) / 2
    total = first.new_zeros(count, first.shape[1])
    i, j = pairs(total)
    return total.index_add(0, i, first).index_add(0, j, second)


def spread(values: Tensor) -> Tensor:
    """Root mean square, never 0."""
    return values.detach().square().mean().sqrt().clamp_min(1e-12)
