from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.methods._base import MAIN, Advice, Batch, Clock, Method, Pace, Shape, Terms
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import register

_CRITIC = "critic"
_CRITIC_SHARE = 100.0  # of the actor's learning rate


@register(
    "tbh",
    title="TBH",
    family="unsupervised",
    year=2020,
    paper="Y. Shen, J. Qin, J. Chen, M. Yu, L. Liu, F. Zhu, F. Shen, L. Shao: Auto-Encoding Twin-Bottleneck Hashing. CVPR 2020",
    labels="none",
    confidence="reading",
    survey=False,
)
class TBH(Method):
    """Twin-Bottleneck Hashing: codes say which images share what they know when features are made again.

    The hash layer's hidden units lead to bits b = [sigmoid(u) >= 1/2] and to a continuous bottleneck c. The graph
    A_ij = (1 - d_H(b_i, b_j) / K)^1.4 mixes c within the batch, c' = sigmoid(D^-1/2 A D^-1/2 c W), from which a
    decoder makes the features f again. The actor (all of this) lowers ||f^ - f||^2 / 2, averaged over its entries,
    and misleads two critics, which tell b from fair coins and c' from uniform numbers.

    The adversarial part has the paper's weight, 1 against a reconstruction summed over entries; both are divided by
    the number of entries here.

    Reading: critics that step a hundred times as far as the actor, and Adam's betas of (0.5, 0.999). At the actor's own pace the
    critics, linear maps, never catch up: the actor ran into one corner of the cube and made all codes alike (47 of 48
    bits constant on CIFAR-10, at lower learning rates and with the bounded form of the loss, too); followed at once, it
    balances the bits, which is what fair coins are for. Hidden layers as wide as the hash layer's (the paper's have 1024
    units), a batch of 100 for 400, and a decoder without ReLU at its end, since the features have mean 0 here. With a
    linear hash layer c comes from f.
    """

    labelled = False
    advice = Advice(epochs=60, batch=100, learning_rate=1e-3, weight_decay=0.0)

    def __init__(
        self,
        *,
        bottleneck: Annotated[int, Setting("length of the continuous bottleneck", low=1)] = 512,
        power: Annotated[float, Setting("exponent of the graph's weights", low=1)] = 1.4,
        adversarial: Annotated[
            float, Setting("weight of misleading the critics, against a sum over entries", low=0)
        ] = 1.0,
    ) -> None:
        super().__init__()
        self.bottleneck = bottleneck
        self.power = power
        self.adversarial = adversarial

    def head(self, shape: Shape) -> nn.Module:
        if shape.head == "linear":
            return nn.Linear(shape.feature_dim, shape.bits)
        hidden = nn.Linear(shape.feature_dim, shape.hidden)
        return nn.Sequential(hidden, nn.ReLU(), nn.Linear(shape.hidden, shape.bits))

    def add_parts(self, shape: Shape) -> None:
        length = shape.feature_dim if shape.head == "linear" else shape.hidden
        self.continuous = nn.Linear(length, self.bottleneck)
        self.mixing = nn.Linear(self.bottleneck, self.bottleneck, bias=False)
        self.decoder = nn.Sequential(
            nn.Linear(self.bottleneck, shape.hidden), nn.ReLU(), nn.Linear(shape.hidden, shape.feature_dim)
        )
        self.bit_critic = nn.Linear(shape.bits, 1)
        self.mixed_critic = nn.Linear(self.bottleneck, 1)

    def players(self) -> dict[str, list[nn.Parameter]]:
        critic = [*self.bit_critic.parameters(), *self.mixed_critic.parameters()]
        named = {id(parameter) for parameter in critic}
        actor = [parameter for parameter in self.parameters() if id(parameter) not in named]
        return {MAIN: actor, _CRITIC: critic}

    def pace(self, player: str) -> Pace:
        return Pace(share=_CRITIC_SHARE if player == _CRITIC else 1.0, betas=(0.5, 0.999))

    def turns(self, clock: Clock) -> Sequence[str]:
        return (_CRITIC, MAIN)

    def activation(self, outputs: Tensor) -> Tensor:
        """-1 and +1, with the gradient of 2 sigmoid(u) - 1."""
        share = torch.sigmoid(outputs)
        bits = (share >= 0.5).to(outputs.dtype)
        return 2 * (share + (bits - share).detach()) - 1

    def forward(self, batch: Batch) -> Terms:
        bits, mixed = self.bottlenecks(batch)
        again = self.decoder(mixed)
        misled = _told(self.bit_critic(bits), real=False) + _told(self.mixed_critic(mixed), real=False)
        return {
            "reconstruction": (again - batch.features.detach()).square().mean() / 2,
            "misleading": -self.adversarial * misled / batch.features.shape[1],
        }

    def terms_of(self, player: str, batch: Batch) -> Terms:
        if player == MAIN:
            return self(batch)  # type: ignore[no-any-return]
        with torch.no_grad():
            bits, mixed = self.bottlenecks(batch)
        coins = torch.randint(2, bits.shape).to(bits)
        uniform = torch.rand(mixed.shape).to(mixed)
        return {
            "bit_critic": _told(self.bit_critic(coins), real=True) + _told(self.bit_critic(bits), real=False),
            "mixed_critic": _told(self.mixed_critic(uniform), real=True)
            + _told(self.mixed_critic(mixed), real=False),
        }

    def bottlenecks(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The bits (n, K) of 0 and 1, and the mixed continuous bottleneck (n, 512)."""
        bits = (batch.relaxed + 1) / 2
        seen = batch.features
        if isinstance(self.hash_layer, nn.Sequential):
            seen = self.hash_layer[:2](seen)
        continuous = torch.sigmoid(self.continuous(seen))
        mixed = torch.sigmoid(normalized(graph(bits, self.power)) @ self.mixing(continuous))
        return bits, mixed


def graph(bits: Tensor, power: float) -> Tensor:
    """A_ij = (1 - d_H(b_i, b_j) / K)^power (n, n) of bits (n, K) of 0 and 1."""
    counts = bits.sum(1)
    distances = counts[:, None] + counts[None] - 2 * bits @ bits.T
    return (1 - distances / bits.shape[1]).clamp(0, 1).pow(power)


def normalized(adjacency: Tensor) -> Tensor:
    """D^-1/2 A D^-1/2 with D the row sums; every item is its own neighbour."""
    scale = adjacency.sum(1).clamp_min(1e-12).rsqrt()
    return scale[:, None] * adjacency * scale[None]


def _told(logits: Tensor, *, real: bool) -> Tensor:
    """Cross-entropy of a critic that should take these for real or for made."""
    target = torch.ones_like(logits) if real else torch.zeros_like(logits)
    return functional.binary_cross_entropy_with_logits(logits, target)
