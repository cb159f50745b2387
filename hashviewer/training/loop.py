"""The training loop: seeded, resumable, and told epoch by epoch."""

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from hashviewer.errors import TrainingError
from hashviewer.evaluation.ranking_scores import RankingScores, score_method
from hashviewer.methods import AddedBlocks, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.progress import Progress, silent
from hashviewer.training.crew import ALONE, Crew
from hashviewer.training.examples import CachedExamples, Examples
from hashviewer.training.holding_out import check_kept, split_items
from hashviewer.training.recipe import LEAST_BATCH, Recipe, check_recipe
from hashviewer.training.resume import RunState, SavedState, load_state, save_state

_CHUNK = 1024  # items whose outputs are made at once
_MOVED = 4  # views of each image, beside the plain one, on which a hash layer learns alone
_MAIN = "main"


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """What one epoch did.

    Attributes:
        epoch: Counted from 0.
        terms: Mean of each named term over the epoch's steps, or over a player's turns where it moves otherwise.
        learning_rate: At the epoch's last step.
        seconds: Taken by the epoch.
        held_out: Mean average precision of the images held out, as queries against the trained ones; None where
            it was not measured.
    """

    epoch: int
    terms: tuple[tuple[str, float], ...]
    learning_rate: float
    seconds: float
    held_out: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """The outcome of a run.

    Attributes:
        method: In evaluation mode.
        records: One for each epoch.
        kept: (n,) places of the examples that were trained on, in the order of learnt codes.
        seconds: Sum over epochs.
    """

    method: Method
    records: tuple[EpochRecord, ...]
    kept: Tensor
    seconds: float


def train(
    recipe: Recipe,
    examples: Examples,
    *,
    state: Path | None = None,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    progress: Progress = silent,
    crew: Crew = ALONE,
) -> Trained:
    """Train a method.

    Args:
        recipe: What to do.
        examples: On the recipe's device.
        state: Where the run is saved after each epoch, and taken up again if it is there; None keeps no file.
        on_epoch: Told each epoch that is done in this call.
        progress: Told the steps done; may cancel, which leaves the state of the last whole epoch.
        crew: The processes that train together; the first one alone writes the state.

    Raises:
        TrainingError: The recipe, the examples or the saved state do not suffice, or the loss is not a number;
            the state of the last whole epoch stays.
        MethodError: The method cannot do these sizes.
    """
    check_recipe(recipe)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        run = _Run(recipe, examples)
        if state is not None and state.exists():
            run.take_up(load_state(state, recipe.fingerprint()))
        elif recipe.head_first and examples.trunk() is not None:
            run.learn_head(progress)
        while len(run.records) < run.epochs:
            record = run.epoch(progress, crew)
            if state is not None and crew.leads:
                save_state(state, run.state())
            if on_epoch is not None:
                on_epoch(record)
        run.method.eval()
        seconds = sum(record.seconds for record in run.records)
        return Trained(run.method, tuple(run.records), run.kept, seconds)


class _Run:
    """One run in progress."""

    def __init__(self, recipe: Recipe, examples: Examples) -> None:
        self.recipe = recipe
        self.examples = examples
        self.records: list[EpochRecord] = []
        self.method = recipe.make_method()
        labels = examples.labels
        self.classes = labels.shape[1] if self.method.labelled else 0
        self.kept, self.held = split_items(labels, recipe)
        self.method.build(
            Shape(
                examples.feature_dim,
                recipe.bits,
                self.classes,
                recipe.head,
                recipe.hidden,
                examples.positions,
            )
        )
        self.blocks = AddedBlocks(recipe.blocks, self.method)
        self.method.to(recipe.device)
        self.blocks.to(recipe.device)
        check_kept(labels[self.kept], labelled=self.method.labelled)
        self.epochs = recipe.epochs if self.method.gradient else 1
        self._begin()
        self.optimizers = {
            player: _optimizer(recipe, self._groups(player, parameters), self.method.pace(player).betas)
            for player, parameters in self.method.players().items()
        }

    def epoch(self, progress: Progress, crew: Crew = ALONE) -> EpochRecord:
        """Do the next epoch."""
        began = time.perf_counter()
        number = len(self.records)
        visited = self.method.sample(self._clock(number, 0), len(self.kept))
        items = torch.arange(len(self.kept), device=self.kept.device) if visited is None else visited
        parts = self._parts(items)
        told: dict[str, list[float]] = {}
        if self.method.gradient:
            self._training(mode=True)
            self.method.begin_epoch(self._clock(number, 0))
            for place, indices in enumerate(parts):
                clock = self._clock(number, place)
                self._step(indices, clock, told)
                progress(clock.step + 1, self.epochs * self._steps, f"epoch {number + 1} of {self.epochs}")
            self._training(mode=False)
            crew.agree(self._modules())
            with torch.no_grad():
                self.method.end_epoch(self._clock(number, len(parts) - 1), self._outputs_of_kept)
                self.blocks.end_epoch(self.method, self._labels(self.kept), self._outputs_of_kept)
            self.method.lay_out()
            self._check_finite(number)
        terms = tuple((name, sum(values) / len(values)) for name, values in told.items())
        rate = self.recipe.learning_rate * self._factor(self._clock(number, len(parts) - 1))
        record = EpochRecord(number, terms, rate, time.perf_counter() - began, self._measured(number))
        self.records.append(record)
        return record

    def state(self) -> RunState:
        """What a later run needs to go on from here."""
        modules = {"method": self.method, "blocks": self.blocks}
        trunk = self.examples.trunk()
        if trunk is not None:
            modules["trunk"] = trunk
        records = [dataclasses.asdict(record) for record in self.records]
        return RunState(self.recipe.fingerprint(), records, modules, self.optimizers, torch.get_rng_state())

    def take_up(self, saved: SavedState) -> None:
        """Go on from a saved state."""
        saved.put_into(self.state())
        self.records = [
            EpochRecord(**{**record, "terms": tuple((n, v) for n, v in record["terms"])})
            for record in saved.records
        ]
        torch.set_rng_state(saved.random)

    # Beginning

    def learn_head(self, progress: Progress) -> None:
        """Train the method alone, on features of the backbone as it is, and begin with what it has learnt.

        A hash layer of random weights would send its errors through the backbone and spoil what that knows (Kumar et al.
        2022, "Fine-Tuning can Distort Pretrained Features"). It also sees moved views: on a backbone that has learnt these
        images, DFH on plain ones alone ranked held-out images at .815, with four views more at .830.
        """
        labels, recipe = self.examples.labels, self.recipe
        places = torch.split(torch.arange(len(labels), device=labels.device), _CHUNK)
        views = []
        with torch.no_grad():
            for view in range(1 + _MOVED):
                progress(view, 1 + _MOVED, "hash layer alone, views")
                parts = [self.examples.features(part, augmented=view > 0)[0] for part in places]
                views.append(torch.cat(parts))
        alone = CachedExamples(torch.stack(views), labels, positions=self.examples.positions)
        run = _Run(dataclasses.replace(recipe, epochs=recipe.head_first), alone)

        def told(done: int, total: int | None = None, message: str = "") -> None:
            progress(done, total, f"hash layer alone, {message}")

        while len(run.records) < run.epochs:
            run.epoch(told)
        self.method.load_tensors(run.method.state_dict())
        self.blocks.load_state_dict(run.blocks.state_dict())

    @torch.no_grad()
    def _begin(self) -> None:
        self._training(mode=False)
        raw = torch.cat(
            [self.examples.features(part, augmented=False)[0] for part in torch.split(self.kept, _CHUNK)]
        )
        self.method.scaling.fit(raw)
        items = TrainingItems(self.method.scaling(raw), self._labels(self.kept))
        self.method.begin(items)
        if not self.method.gradient:
            self.method.fit(items)  # type: ignore[operator]
        if self.blocks.sees_all:
            self.blocks.begin(self._labels(self.kept), self._outputs_of_kept())
        self.method.lay_out()

    def _groups(self, player: str, parameters: list[nn.Parameter]) -> list[dict[str, object]]:
        groups: list[dict[str, object]] = [{"params": parameters, "share": self.method.pace(player).share}]
        if player == _MAIN:
            groups[0]["params"] = [*parameters, *self.blocks.parameters()]
            trunk = self.examples.trunk()
            if trunk is not None:
                groups.append({"params": list(trunk.parameters()), "share": self.recipe.trunk_rate})
        return groups

    # Steps

    @property
    def _steps(self) -> int:
        """Steps of a whole pass."""
        return max(math.ceil(len(self.kept) / self.recipe.batch), 1)

    def _clock(self, epoch: int, place: int) -> Clock:
        return Clock(epoch, self.epochs, epoch * self._steps + place, self._steps)

    def _parts(self, items: Tensor) -> Sequence[Tensor]:
        """The items in random order, in batches; a rest too small for a triplet joins the batch before."""
        shuffled = items[torch.randperm(len(items)).to(items.device)]
        parts = list(torch.split(shuffled, self.recipe.batch))
        if len(parts) > 1 and len(parts[-1]) < LEAST_BATCH:
            parts[-2:] = [torch.cat(parts[-2:])]
        return parts

    def _step(self, indices: Tensor, clock: Clock, told: dict[str, list[float]]) -> None:
        self.method.begin_step(clock)
        self.blocks.begin_step(clock)
        turns = self.method.turns(clock)
        if not turns:
            raise TrainingError(
                f"{type(self.method).__name__}.turns names nobody to move in step {clock.step + 1}; a step has at "
                f"least one of its players: {', '.join(self.optimizers)}."
            )
        for player in turns:
            batch = self._batch(indices)
            terms = self.method.terms_of(player, batch)
            if player == _MAIN:
                terms = {**terms, **self.blocks(batch, self.method)}
            self._descend(player, terms, clock)
            for name, value in terms.items():
                told.setdefault(name, []).append(float(value.detach()))
        with torch.no_grad():
            self.method.after_step(batch)

    def _descend(self, player: str, terms: Terms, clock: Clock) -> None:
        loss = sum(terms.values(), start=torch.zeros((), device=self.kept.device))
        if not math.isfinite(float(loss.detach())):
            bad = [name for name, value in terms.items() if not math.isfinite(float(value.detach()))]
            raise self._not_a_number(
                f"The loss is not a number in epoch {clock.epoch + 1} ({', '.join(bad)})."
            )
        optimizer = self.optimizers[player]
        for group in optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * group["share"] * self._factor(clock)
        if loss.requires_grad:
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    def _batch(self, indices: Tensor) -> Batch:
        places = self.kept[indices]
        raw, images = self.examples.features(places, augmented=True)
        features = self.method.scaling(raw)
        outputs = self._hashed(features)
        second = None
        if self.method.views == 2:
            again = self.examples.features(places, augmented=True)[0]
            second = self._hashed(self.method.scaling(again))
        labels = self._labels(places)
        relaxed = self.method.relax(outputs)
        embed = None if self.examples.trunk() is None else self._embed
        return Batch(outputs, relaxed, labels, indices, features, second, images, embed)

    def _hashed(self, features: Tensor) -> Tensor:
        """Outputs of the hash layer, which sees a part of a frozen backbone's features; the method compares whole ones."""
        if self.examples.trunk() is None:
            features = nn.functional.dropout(features, self.recipe.dropout)
        outputs: Tensor = self.method.hash_layer(features)
        return outputs

    def _embed(self, pixels: Tensor) -> Tensor:
        trunk = self.examples.trunk()
        assert trunk is not None
        features: Tensor = self.method.scaling(trunk(pixels))
        return features

    def _factor(self, clock: Clock) -> float:
        done = clock.step / (self.epochs * self._steps)
        if self.recipe.schedule == "cosine":
            return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        return 0.1 if self.recipe.schedule == "step" and done >= 2 / 3 else 1.0

    # Measuring

    def _labels(self, places: Tensor) -> Tensor:
        return self.examples.labels[places][:, : self.classes]

    def _training(self, *, mode: bool) -> None:
        for module in self._modules():
            module.train(mode)

    def _modules(self) -> tuple[nn.Module, ...]:
        trunk = self.examples.trunk()
        return (self.method, self.blocks) if trunk is None else (self.method, self.blocks, trunk)

    @torch.no_grad()
    def _outputs(self, places: Tensor) -> Tensor:
        return torch.cat(
            [
                self.method.outputs(self.examples.features(part, augmented=False)[0])
                for part in torch.split(places, _CHUNK)
            ]
        )

    def _outputs_of_kept(self) -> Tensor:
        return self._outputs(self.kept)

    def _measured(self, number: int) -> float | None:
        due = number == self.epochs - 1 or number % self.recipe.measure_every == self.recipe.measure_every - 1
        return self.scores().tie_aware if due and len(self.held) else None

    def scores(self) -> RankingScores:
        """The held-out images as queries against the trained ones."""
        labels = self.examples.labels
        return score_method(
            self.method,
            (self._outputs(self.held), labels[self.held]),
            (self._outputs(self.kept), labels[self.kept]),
            codes=self.method.learnt_codes(),
        )

    def _check_finite(self, number: int) -> None:
        for name, value in self.method.state_dict().items():
            if value.is_floating_point() and not bool(value.isfinite().all()):
                raise self._not_a_number(f"“{name}” is not a number after epoch {number + 1}.")

    def _not_a_number(self, what: str) -> TrainingError:
        done = len(self.records)
        kept = (
            f"The last good state, of epoch {done}, stays as it is." if done else "No epoch was done before."
        )
        return TrainingError(
            f"{what} {kept} Try a lower learning rate than {self.recipe.learning_rate:g}; that is another run, so give "
            "it another output or delete the state of this one."
        )


def _optimizer(
    recipe: Recipe, groups: list[dict[str, object]], betas: tuple[float, float]
) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "adam":
        return torch.optim.Adam(groups, lr=rate, weight_decay=decay, betas=betas)
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=rate, weight_decay=decay, betas=betas)
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, lr=rate, weight_decay=decay)
    return torch.optim.SGD(groups, lr=rate, weight_decay=decay, momentum=0.9, nesterov=True)
