from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.errors import MethodError
from hashviewer.methods import _generators
from hashviewer.methods._base import MAIN, Advice, Batch, Clock, Method, Pace, Shape, Terms, TrainingItems
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register

Adversary = Literal["non-saturating", "saturating"]
Space = Literal["features", "images"]
_NOISE = 100


class _Streams(nn.Module):
    """The hash stream on a hidden layer that other streams share."""

    def __init__(self, feature_dim: int, hidden: int, bits: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(feature_dim, hidden), nn.ReLU())
        self.hash = nn.Linear(hidden, bits)

    def forward(self, features: Tensor) -> Tensor:
        """Outputs (n, K)."""
        outputs: Tensor = self.hash(self.trunk(features))
        return outputs


@register(
    "dshgan",
    title="DSHGAN",
    family="multiwise",
    year=2017,
    paper="Z. Qiu, Y. Pan, T. Yao, T. Mei: Deep Semantic Hashing with Generative Adversarial Networks. SIGIR 2017",
    labels="classes",
    confidence="reading",
    published=(Published(48, 0.802, "I", "the survey's journal edition"),),
)
class DSHGAN(Method):
    """Deep Semantic Hashing with GANs (DSH-GAN): triplets of a real item and two made ones, of its labels and of others.

    One network with a hash stream, an adversary stream and a class stream minimises ``-(l_s + l_c) + lambda_t l_t``:
    l_s and l_c the log-likelihoods of real or made and of the labels, of real and of made items alike;
    ``l_t = mean max(0, m + ||h - h+||^2 - ||h - h-||^2)``, h = sigmoid(u), h+ of an item made for the same labels, h-
    for labels of which none is shared. The generator minimises ``l_s - l_c``, by default with log P(real | made) in the
    place of -log P(made | made). The first part of the run has no triplets. Items without a label enter l_s only.

    Reading: the margin m, a sixth of the bits. The paper's is 1, which is one bit of the code whatever its length: of 48
    relaxed bits it left nearly all undecided (a precision of .47 on held-out images of CIFAR-10; of .56 with 8).
    Sizes of the networks and stages; one class that an item lacks stands for the other labels; and, as a
    hash layer here mostly learns from cached features, the generator makes features, through a fully connected net;
    with `space` "images" and a backbone in training it makes images of 32 px by transposed convolutions, which are
    enlarged for the backbone. The streams share the backbone and the hidden layer, which is always there.
    """

    advice = Advice(epochs=80, batch=64, learning_rate=1e-3)
    hash_layer: _Streams

    def __init__(
        self,
        *,
        triplets: Annotated[float, Setting("lambda_t, weight of the triplets", low=0)] = 1.0,
        margin: Annotated[
            float | None, Setting("m of the triplets, in bits; none: a sixth of all", low=0)
        ] = None,
        first: Annotated[float, Setting("share of the run without triplets", low=0, high=0.9)] = 0.3,
        adversary: Annotated[
            Adversary, Setting("form of the generator's adversarial term")
        ] = "non-saturating",
        space: Annotated[
            Space, Setting("what the generator makes; images need a backbone in training")
        ] = "features",
    ) -> None:
        super().__init__()
        self.triplets = triplets
        self.margin = margin
        self.first = first
        self.adversary = adversary
        self.space = space
        self.multi = False
        self.joint = True

    def head(self, shape: Shape) -> nn.Module:
        return _Streams(shape.feature_dim, shape.hidden, shape.bits)

    def add_parts(self, shape: Shape) -> None:
        noise = _NOISE + shape.classes
        self.generator: nn.Module = (
            _generators.TransposedGenerator(noise)
            if self.space == "images"
            else _generators.FeatureGenerator(noise, shape.feature_dim)
        )
        self.real_stream = nn.Linear(shape.hidden, 1)
        self.class_stream = nn.Linear(shape.hidden, shape.classes)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.sigmoid(outputs)

    # Stages and players

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)

    def begin_epoch(self, clock: Clock) -> None:
        self.joint = clock.epoch >= int(self.first * clock.epochs)

    def players(self) -> dict[str, list[nn.Parameter]]:
        streams = (self.hash_layer, self.real_stream, self.class_stream)
        return {
            MAIN: [parameter for module in streams for parameter in module.parameters()],
            "generator": list(self.generator.parameters()),
        }

    def pace(self, player: str) -> Pace:
        return Pace(betas=(0.5, 0.999))

    def turns(self, clock: Clock) -> Sequence[str]:
        return (MAIN, "generator")

    # Objectives

    def terms_of(self, player: str, batch: Batch) -> Terms:
        return self._generator_terms(batch) if player == "generator" else self(batch)

    def forward(self, batch: Batch) -> Terms:
        asked = asked_labels(batch.labels)
        others = other_labels(asked)
        with torch.no_grad():
            made = self.made(torch.cat([asked, others]))
        features = self._features_of(made, batch)
        hidden = self.hash_layer.trunk(features)
        real = self.hash_layer.trunk(batch.features)
        told = functional.softplus(-self.real_stream(real)).mean()
        told = told + functional.softplus(self.real_stream(hidden)).mean()
        classes = self._class_loss(hidden, torch.cat([asked, others])) + self._class_loss(real, batch.labels)
        terms: Terms = {"adversary": told, "classes": classes}
        if self.joint:
            same, other = self.relax(self.hash_layer(features)).chunk(2)
            counted = (batch.labels.sum(1) > 0) & (asked * others == 0).all(dim=1)
            losses = self.triplet_losses(batch.relaxed, same, other)
            terms["triplets"] = self.triplets * (losses * counted).sum() / counted.sum().clamp_min(1)
        return terms

    def triplet_losses(self, codes: Tensor, same: Tensor, other: Tensor) -> Tensor:
        """Hinge (n,) of relaxed codes, of items made for the same labels and for others (n, K)."""
        near = (codes - same).square().sum(1)
        far = (codes - other).square().sum(1)
        margin = self.shape.bits / 6 if self.margin is None else self.margin
        return (margin + near - far).clamp_min(0)

    def _generator_terms(self, batch: Batch) -> Terms:
        asked = asked_labels(batch.labels)
        labels = torch.cat([asked, other_labels(asked)])
        hidden = self.hash_layer.trunk(self._features_of(self.made(labels), batch))
        score = self.real_stream(hidden)
        fooled = (
            functional.softplus(-score) if self.adversary == "non-saturating" else -functional.softplus(score)
        )
        return {"fooled": fooled.mean(), "made_classes": self._class_loss(hidden, labels)}

    def _class_loss(self, hidden: Tensor, labels: Tensor) -> Tensor:
        known = labels.sum(1) > 0
        if not bool(known.any()):
            return hidden.sum() * 0
        return classification(self.class_stream(hidden[known]), labels[known], multi=self.multi)

    # Items

    def made(self, labels: Tensor) -> Tensor:
        """Made items of labels (n, C): features (n, D) or images (n, 3, 32, 32)."""
        items: Tensor = self.generator(_generators.labelled_noise(labels, _NOISE + labels.shape[1]))
        return items

    def _features_of(self, made: Tensor, batch: Batch) -> Tensor:
        if self.space == "features":
            return made
        if batch.images is None or batch.embed is None:
            raise MethodError(
                "DSHGAN makes images only where the backbone is trained along. Finetune it, or leave space at features."
            )
        return batch.embed(_generators.as_pixels(made, batch.images.shape[1]))


def asked_labels(labels: Tensor) -> Tensor:
    """The labels (n, C) themselves, and one class at random for items that have none."""
    drawn = functional.one_hot(torch.randint(labels.shape[1], (len(labels),)), labels.shape[1])
    return torch.where(labels.sum(1, keepdim=True) > 0, labels, drawn.to(labels))


def other_labels(labels: Tensor) -> Tensor:
    """For each item one class at random that it lacks (n, C); any class where it has all."""
    absent = 1 - labels
    absent = torch.where(absent.sum(1, keepdim=True) > 0, absent, 1.0).cpu()
    return functional.one_hot(torch.multinomial(absent, 1)[:, 0], labels.shape[1]).to(labels)
