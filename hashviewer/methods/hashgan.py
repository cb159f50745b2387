from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from hashviewer.errors import MethodError
from hashviewer.methods import _generators
from hashviewer.methods._base import MAIN, Advice, Batch, Clock, Method, Pace, Shape, Terms
from hashviewer.methods._pairs import cosine, likelihood, similar
from hashviewer.methods._quantization import cosine_to_ones
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

Space = Literal["features", "images"]
_NOISE = 256
_WIDTH = {"features": 512, "images": 128}  # of the critic's trunk


@register(
    "hashgan",
    title="HashGAN",
    family="pairwise",
    year=2018,
    paper="Y. Cao, B. Liu, M. Long, J. Wang: HashGAN: Deep Learning to Hash with Pair Conditional Wasserstein GAN. CVPR 2018",
    confidence="reading",
    published=(Published(48, 0.735, "I'", "AlexNet, as recalled"),),
)
class HashGAN(Method):
    """HashGAN: pairs with made items of known labels join the real ones (pair conditional Wasserstein GAN).

    ``E(A, B) = mean_ij w_ij (softplus(t) - s_ij t)``, t = alpha cos(h_i, h_j), h = tanh(u), w = |S| / |S1| of similar
    pairs. In the first stage a critic D with a hash head of its own minimises ``E(real, real) + E(sg(real), fake) +
    mean D(fake) - mean D(real) + 10 mean (||grad D|| - 1)^2``, and each few steps the generator ``-mean D(fake) + a_g
    E(sg(real), fake)``; in the second the generator is frozen and the hash layer minimises ``E(real, real) + a_rf
    E(sg(real), fake) + lambda mean (1 - cos(|h|, 1))``. sg stops the gradient: made items never move real codes.

    Reading: as a hash layer here mostly learns from cached features, the generator makes features, through fully
    connected nets; with `space` "images" and a backbone in training it makes images of 32 px, through the release's
    residual nets, which are enlarged for the backbone. The weight lambda is not known (the release has no such term).
    The Wasserstein part sees the training items alone, without the unlabelled database. Codes are signs of one crop.
    """

    advice = Advice(epochs=80, batch=64, learning_rate=1e-3, schedule="step")

    def __init__(
        self,
        *,
        alpha: Annotated[float, Setting("factor of cosines", low=0)] = 10.0,
        fakes: Annotated[
            float, Setting("a_rf, weight of pairs with made items in the second stage", low=0)
        ] = 0.1,
        quantization: Annotated[float, Setting("lambda, weight of 1 - cos(|h|, 1)", low=0)] = 0.1,
        generator_pairs: Annotated[float, Setting("a_g, weight of pairs for the generator", low=0)] = 10.0,
        penalty: Annotated[float, Setting("weight of the critic's gradient penalty", low=0)] = 10.0,
        critic_steps: Annotated[int, Setting("steps of the critic to one of the generator", low=1)] = 5,
        first: Annotated[float, Setting("share of the run that trains the generator", low=0, high=0.9)] = 0.3,
        space: Annotated[
            Space, Setting("what the generator makes; images need a backbone in training")
        ] = "features",
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.fakes = fakes
        self.quantization = quantization
        self.generator_pairs = generator_pairs
        self.penalty = penalty
        self.critic_steps = critic_steps
        self.first = first
        self.space = space

    def add_parts(self, shape: Shape) -> None:
        self.noise = max(_NOISE, shape.classes + _NOISE // 2)
        self.generator: nn.Module
        if self.space == "images":
            self.generator = _generators.ResidualGenerator(self.noise)
            trunk = _generators.image_trunk(width=_WIDTH["images"])
        else:
            self.generator = _generators.FeatureGenerator(self.noise, shape.feature_dim)
            trunk = _generators.feature_trunk(shape.feature_dim, width=_WIDTH["features"])
        self.critic = _Critic(trunk, _WIDTH[self.space], shape.bits)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    # Stages and players

    def begin_epoch(self, clock: Clock) -> None:
        if not self._in_first_stage(clock):
            self.generator.eval()

    def players(self) -> dict[str, list[nn.Parameter]]:
        parts = {MAIN: self.hash_layer, "critic": self.critic, "generator": self.generator}
        return {player: list(module.parameters()) for player, module in parts.items()}

    def pace(self, player: str) -> Pace:
        return Pace() if player == MAIN else Pace(share=0.1, betas=(0.0, 0.9))

    def turns(self, clock: Clock) -> Sequence[str]:
        if not self._in_first_stage(clock):
            return (MAIN,)
        return ("generator",) if clock.step % (self.critic_steps + 1) == self.critic_steps else ("critic",)

    def _in_first_stage(self, clock: Clock) -> bool:
        return clock.epoch < int(self.first * clock.epochs)

    # Objectives

    def terms_of(self, player: str, batch: Batch) -> Terms:
        if player == "critic":
            return self._critic_terms(batch)
        return self._generator_terms(batch) if player == "generator" else self(batch)

    def forward(self, batch: Batch) -> Terms:
        similarity = similar(batch.labels)
        with torch.no_grad():
            made = self.made(batch.labels)
        fake = self.relax(self.hash_layer(self._features_of(made, batch)))
        return {
            "pairs": self.pair_loss(batch.relaxed, batch.relaxed, similarity),
            "fake_pairs": self.fakes * self.pair_loss(batch.relaxed.detach(), fake, similarity),
            "quantization": self.quantization * cosine_to_ones(batch.relaxed).mean(),
        }

    def _critic_terms(self, batch: Batch) -> Terms:
        similarity = similar(batch.labels)
        real = self._real(batch)
        with torch.no_grad():
            fake = self.made(batch.labels)
        real_score, real_codes = self.critic(real)
        fake_score, fake_codes = self.critic(fake)
        penalty = _generators.gradient_penalty(self.critic.scores, real, fake)
        return {
            "critic_pairs": self.pair_loss(real_codes, real_codes, similarity),
            "critic_fake_pairs": self.pair_loss(real_codes.detach(), fake_codes, similarity),
            "wasserstein": fake_score.mean() - real_score.mean(),
            "gradient_penalty": self.penalty * penalty,
        }

    def _generator_terms(self, batch: Batch) -> Terms:
        with torch.no_grad():
            _, real_codes = self.critic(self._real(batch))
        score, codes = self.critic(self.made(batch.labels))
        pairs = self.pair_loss(real_codes, codes, similar(batch.labels))
        return {"made_scores": -score.mean(), "made_pairs": self.generator_pairs * pairs}

    def pair_loss(self, codes: Tensor, others: Tensor, similarity: Tensor) -> Tensor:
        """E of relaxed codes (n, K) and others (m, K), a scalar."""
        ones = similarity.sum()
        weights = torch.where(similarity > 0, similarity.numel() / ones.clamp_min(1), 1.0)
        return (weights * likelihood(self.alpha * cosine(codes, others), similarity)).mean()

    # Items

    def made(self, labels: Tensor) -> Tensor:
        """Made items of labels (n, C): features (n, D) or images (n, 3, 32, 32)."""
        items: Tensor = self.generator(_generators.labelled_noise(labels, self.noise))
        return items

    def _real(self, batch: Batch) -> Tensor:
        if self.space == "features":
            return batch.features.detach()
        return _generators.small_images(_pixels(batch))

    def _features_of(self, made: Tensor, batch: Batch) -> Tensor:
        if self.space == "features":
            return made
        pixels = _generators.as_pixels(made, _pixels(batch).shape[1])
        assert batch.embed is not None
        return batch.embed(pixels)


class _Critic(nn.Module):
    """A trunk with two heads: how real items are, and their relaxed codes."""

    def __init__(self, trunk: nn.Module, width: int, bits: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.score = nn.Linear(width, 1)
        self.codes = nn.Linear(width, bits)

    def forward(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (n,) and codes (n, K)."""
        hidden = self.trunk(items)
        return self.score(hidden)[:, 0], torch.tanh(self.codes(hidden))

    def scores(self, items: Tensor) -> Tensor:
        """Scores (n,) alone."""
        scores: Tensor = self(items)[0]
        return scores


def _pixels(batch: Batch) -> Tensor:
    if batch.images is None or batch.embed is None:
        raise MethodError(
            "HashGAN makes images only where the backbone is trained along. Finetune it, or leave space at features."
        )
    return batch.images
