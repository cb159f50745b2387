"""Trains a backbone on a labelled set by cross-entropy, so that heads can then be trained on its features.

The classifier on top is fitted first, so that its errors do not spoil what ImageNet taught the backbone (Kumar et al. 2022,
"Fine-Tuning can Distort Pretrained Features"), and a `Trunk` that was trained keeps its statistics.
"""

import copy
import dataclasses
import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from hashviewer.errors import TrainingError
from hashviewer.networks.trunks import Trunk
from hashviewer.progress import Progress, silent
from hashviewer.training.allocator import keep_freed_memory
from hashviewer.training.resume import RunState, load_state, save_state
from hashviewer.training.varied_views import pasted, varied

_AT_ONCE = 128  # images of a forward pass that nothing is learnt from
_PENALTY = 0.02  # on the squares of the fitted classifier's weights, for features of deviation 1
PixelsAt = Callable[[int], Tensor]
"""Pixels (N, S, S, 3) uint8 of all training images at an edge of S px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of the run: so many epochs on images of one size."""

    epochs: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """Frozen settings of one run.

    Attributes:
        stages: One after the other; small images first cost least.
        batch: Images a step.
        learning_rate: At its highest; it rises over the first epoch and falls as a half cosine.
        classifier_rate: Learning rate of the classifier as a multiple of that.
        weight_decay: Of AdamW.
        smoothing: Share of the label given to all classes alike.
        pasting: Share of the steps on images pasted into one another.
        average: Share of the running average of the weights that is kept at each step.
        seed: Of everything random.
        data: Digest of what it is trained on.
    """

    stages: tuple[Stage, ...] = (
        Stage(epochs=12, size=128),
        Stage(epochs=10, size=160),
    )
    batch: int = 64
    learning_rate: float = 4e-4
    classifier_rate: float = 3.0
    weight_decay: float = 0.05
    smoothing: float = 0.1
    pasting: float = 0.5
    average: float = 0.995
    seed: int = 0
    data: str = ""

    @property
    def epochs(self) -> int:
        """Of all stages."""
        return sum(stage.epochs for stage in self.stages)

    def size(self, epoch: int) -> int:
        """Edge of the images in an epoch, px."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage.size
            epoch -= stage.epochs
        return self.stages[-1].size

    def fingerprint(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AdaptedEpoch:
    """What one epoch did: mean cross-entropy, and seconds."""

    epoch: int
    loss: float
    seconds: float


def adapt(
    trunk: Trunk,
    pixels_at: PixelsAt,
    labels: Tensor,
    adaptation: Adaptation,
    *,
    state: Path | None = None,
    on_epoch: Callable[[AdaptedEpoch], None] | None = None,
    progress: Progress = silent,
) -> Trunk:
    """Train all weights of a backbone and a linear classifier on top; the averaged backbone, in evaluation mode.

    Args:
        trunk: Trained before, or not.
        pixels_at: Gives the training images.
        labels: (N, C) multi-hot; an image of several classes belongs to each in equal shares.
        adaptation: How.
        state: Where the run is saved after each epoch, and taken up again if it is there; None keeps no file.
        on_epoch: Told each epoch done in this call.
        progress: Told the steps done; may cancel, which leaves the state of the last whole epoch.

    Raises:
        TrainingError: The loss is not a number, or the saved state is of another run.
    """
    keep_freed_memory()
    with torch.random.fork_rng():
        torch.manual_seed(adaptation.seed)
        run = _Run(trunk, labels, adaptation)
        if state is None or not state.exists():
            run.fit_classifier(pixels_at(adaptation.size(0)))
        else:
            saved = load_state(state, adaptation.fingerprint())
            saved.put_into(run.state())
            run.records = [AdaptedEpoch(**record) for record in saved.records]
            torch.set_rng_state(saved.random)
        while len(run.records) < adaptation.epochs:
            record = run.epoch(pixels_at(adaptation.size(len(run.records))), progress)
            if state is not None:
                save_state(state, run.state())
            if on_epoch is not None:
                on_epoch(record)
    return run.average.eval()


class _Run:
    """One run in progress."""

    def __init__(self, trunk: Trunk, labels: Tensor, adaptation: Adaptation) -> None:
        self.adaptation = adaptation
        # else each convolution turns its numbers round
        self.trunk: Trunk = trunk.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(trunk)
        self.targets = labels.float() / labels.float().sum(dim=1, keepdim=True)
        self.classifier = nn.Linear(trunk.feature_dim, labels.shape[1])
        self.records: list[AdaptedEpoch] = []
        self.steps = math.ceil(len(labels) / adaptation.batch)
        groups = []
        for module, factor in ((self.trunk, 1.0), (self.classifier, adaptation.classifier_rate)):
            weights = list(module.parameters())
            for some, decay in (
                ([w for w in weights if w.ndim > 1], adaptation.weight_decay),
                ([w for w in weights if w.ndim <= 1], 0.0),
            ):
                groups.append({"params": some, "weight_decay": decay, "factor": factor})
        self.optimizer = torch.optim.AdamW(groups)

    def state(self) -> RunState:
        """What a later run needs to go on from here."""
        modules = {"trunk": self.trunk, "average": self.average, "classifier": self.classifier}
        records = [dataclasses.asdict(record) for record in self.records]
        fingerprint = self.adaptation.fingerprint()
        return RunState(fingerprint, records, modules, {"main": self.optimizer}, torch.get_rng_state())

    def fit_classifier(self, pixels: Tensor) -> None:
        """Fit the classifier to the features that the backbone gives now."""
        self.trunk.eval()
        with torch.no_grad():
            features = torch.cat([self.trunk(part) for part in torch.split(pixels, _AT_ONCE)])
        mean, scale = features.mean(dim=0), features.std().clamp_min(1e-6)
        scaled = (features - mean) / scale
        weight = torch.zeros_like(self.classifier.weight, requires_grad=True)
        bias = torch.zeros_like(self.classifier.bias, requires_grad=True)
        optimizer = torch.optim.LBFGS([weight, bias], max_iter=60)

        def loss() -> Tensor:
            optimizer.zero_grad()
            scores = scaled @ weight.T + bias
            found = functional.cross_entropy(scores, self.targets, label_smoothing=self.adaptation.smoothing)
            found = found + _PENALTY * weight.square().sum()
            found.backward()  # type: ignore[no-untyped-call]
            return found

        optimizer.step(loss)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            self.classifier.weight.copy_(weight / scale)
            self.classifier.bias.copy_(bias - self.classifier.weight @ mean)

    def epoch(self, pixels: Tensor, progress: Progress) -> AdaptedEpoch:
        """Do the next epoch."""
        began = time.perf_counter()
        number, total = len(self.records), self.adaptation.epochs
        losses = []
        self.trunk.train()
        order = torch.randperm(len(pixels))
        for place, chosen in enumerate(torch.split(order, self.adaptation.batch)):
            step = number * self.steps + place
            for group in self.optimizer.param_groups:
                group["lr"] = self.adaptation.learning_rate * group["factor"] * self._factor(step)
            losses.append(self._step(varied(pixels[chosen]), self.targets[chosen]))
            self._follow(step)
            progress(step + 1, total * self.steps, f"epoch {number + 1} of {total}")
        record = AdaptedEpoch(number, sum(losses) / len(losses), time.perf_counter() - began)
        self.records.append(record)
        return record

    def _step(self, pixels: Tensor, targets: Tensor) -> float:
        if float(torch.rand(())) < self.adaptation.pasting:
            pixels, other, share = pasted(pixels)
            targets = share * targets + (1 - share) * targets[other]
        scores = self.classifier(self.trunk(pixels))
        loss = functional.cross_entropy(scores, targets, label_smoothing=self.adaptation.smoothing)
        if not bool(loss.isfinite()):
            raise TrainingError(
                f"The loss is not a number in epoch {len(self.records) + 1}. The last good state is kept; try a "
                "lower learning rate."
            )
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return float(loss.detach())

    @torch.no_grad()
    def _follow(self, step: int) -> None:
        """Move the average towards the weights; early on faster, so that it forgets the beginning."""
        keep = min(self.adaptation.average, (1 + step) / (10 + step))
        own = self.trunk.state_dict()
        for name, value in self.average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(own[name], 1 - keep)
            else:
                value.copy_(own[name])

    def _factor(self, step: int) -> float:
        if step < self.steps:
            return (step + 1) / self.steps
        done = (step - self.steps) / max((self.adaptation.epochs - 1) * self.steps, 1)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
