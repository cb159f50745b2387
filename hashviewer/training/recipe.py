"""Everything that determines a training run, apart from the data."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Literal

from hashviewer.errors import TrainingError
from hashviewer.methods import Blocks, Method, Value, find_method

LEAST_BATCH = 3  # a triplet
_LATER = {"orthogonality": 0.0, "bit_weights": 0.0}  # blocks that came after version 1 of a run's state


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Frozen settings of one run; the same recipe and data give the same checkpoint on the same kind of processor.

    Attributes:
        method: Key.
        bits: Length of the codes.
        settings: The method's constants that differ from the paper's.
        blocks: Building blocks added to the method.
        epochs: Passes over the training images.
        batch: Images a step, at least 3.
        optimizer: Kind.
        learning_rate: Of the hash layer and the method's other parts.
        trunk_rate: Learning rate of the backbone, where it is trained, as a share of that.
        weight_decay: L2 penalty.
        schedule: How the learning rate falls: not, by ten at two thirds of the run, or as a half cosine.
        head: The hash layer's kind.
        hidden: Width of its hidden layer.
        head_first: Epochs of the hash layer alone, on the features of the backbone as it is, before both are trained
            together; of no use to a frozen one.
        dropout: Share of a frozen backbone's features that the hash layer does not see in a step.
        seed: Of everything random.
        device: Where torch computes.
        holdout: Share of the training images kept apart to measure the run; 0 trains on all.
        measure_every: Epochs between two measurements.
        data: Digest of what it is trained on, so that a saved state goes on with the same data only.
    """

    method: str
    bits: int
    settings: tuple[tuple[str, Value], ...] = ()
    blocks: Blocks = field(default_factory=Blocks)
    epochs: int
    batch: int
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"]
    learning_rate: float
    trunk_rate: float
    weight_decay: float
    schedule: Literal["constant", "step", "cosine"]
    head: Literal["linear", "mlp"]
    hidden: int = 256
    head_first: int = 0
    dropout: float = 0.0
    seed: int = 0
    device: str = "cpu"
    holdout: float = 0.0
    measure_every: int = 10
    data: str = ""

    def make_method(self) -> Method:
        """The method with these settings, not yet built.

        Raises:
            MethodError: There is no such method.
        """
        made: Method = find_method(self.method).method(**dict(self.settings))
        return made

    def to_json(self) -> str:
        """All fields as JSON with sorted keys."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    def fingerprint(self) -> str:
        """SHA-256 of what determines the run: all but the device and how often it is measured.

        What a later version added counts only where it is used, so that runs of earlier versions keep theirs.
        """
        told = dataclasses.asdict(dataclasses.replace(self, device="", measure_every=0))
        told["blocks"] = {
            name: value
            for name, value in told["blocks"].items()
            if name not in _LATER or value != _LATER[name]
        }
        if not self.head_first:
            del told["head_first"]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def recipe_for(method: str, *, bits: int, settings: tuple[tuple[str, Value], ...] = ()) -> Recipe:
    """The recipe that a method advises; change it with `dataclasses.replace`.

    Raises:
        MethodError: There is no such method.
    """
    info = find_method(method)
    advice = info.method.advice
    return Recipe(
        method=info.key,
        bits=bits,
        settings=settings,
        epochs=advice.epochs,
        batch=advice.batch,
        optimizer=advice.optimizer,
        learning_rate=advice.learning_rate,
        trunk_rate=advice.trunk_rate,
        weight_decay=advice.weight_decay,
        schedule=advice.schedule,
        head=advice.head,
        hidden=advice.hidden,
        dropout=advice.dropout,
    )


def check_recipe(recipe: Recipe) -> None:
    """Refuse what cannot be trained.

    Raises:
        TrainingError: A number is out of its range.
    """
    if recipe.batch < LEAST_BATCH:
        raise TrainingError(
            f"A batch needs at least {LEAST_BATCH} images, a triplet; {recipe.batch} were asked for."
        )
    if recipe.epochs < 1:
        raise TrainingError(f"A run has at least one epoch; {recipe.epochs} were asked for.")
    if recipe.bits < 1:
        raise TrainingError(f"A code has at least one bit; {recipe.bits} were asked for.")
    if recipe.head_first < 0:
        raise TrainingError(
            f"The hash layer begins with 0 epochs or more; {recipe.head_first} were asked for."
        )
    if not 0 <= recipe.dropout < 1:
        raise TrainingError(f"The share not seen lies between 0 and 1; {recipe.dropout:g} does not.")
    if not 0 <= recipe.holdout < 1:
        raise TrainingError(f"The share held out lies between 0 and 1; {recipe.holdout:g} does not.")
