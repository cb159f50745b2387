"""What ``--set NAME=VALUE`` may change of a run: the method's constants, added blocks, and how it is trained."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from hashviewer.errors import MethodError
from hashviewer.methods import Blocks, Setting, find_method, nearest, parse_settings, settings_of
from hashviewer.training.recipe import LEAST_BATCH, Recipe

_BLOCK, _TRAINING = "block.", "training."


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """The fields of a recipe that a method advises and a user may set otherwise; the defaults are of no use here."""

    batch: Annotated[int, Setting("images a step", low=LEAST_BATCH)] = 128
    optimizer: Annotated[Literal["adam", "adamw", "sgd", "rmsprop"], Setting("kind of the optimizer")] = (
        "adam"
    )
    learning_rate: Annotated[float, Setting("of the hash layer", low=0)] = 1e-3
    trunk_rate: Annotated[float, Setting("learning rate of the backbone as a share of that", low=0)] = 0.1
    weight_decay: Annotated[float, Setting("L2 penalty", low=0)] = 1e-4
    schedule: Annotated[Literal["constant", "step", "cosine"], Setting("how the learning rate falls")] = (
        "cosine"
    )
    hidden: Annotated[int, Setting("width of the hash layer's hidden layer", low=1)] = 256
    head_first: Annotated[
        int, Setting("epochs of the hash layer alone before a backbone is trained along", low=0)
    ] = 0


def split_settings(given: Sequence[str]) -> dict[str, str]:
    """Names and values of texts ``NAME=VALUE``; of equal names the last counts.

    Raises:
        MethodError: A text is not of that form.
    """
    settings = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise MethodError(f"“{text}” is not NAME=VALUE.")
        settings[name.strip()] = value.strip()
    return settings


def choose(recipe: Recipe, given: Mapping[str, str]) -> Recipe:
    """A recipe with settings changed.

    A plain name is the method's constant if it has one of that name, else a block's or of the training;
    ``block.NAME`` and ``training.NAME`` say which is meant.

    Raises:
        MethodError: A name is unknown (the nearest ones are said) or a value does not fit.
    """
    method = find_method(recipe.method).method
    homes: dict[str, tuple[type, str]] = {}
    for prefix, kind in ((_TRAINING, Tuning), (_BLOCK, Blocks)):
        for setting in settings_of(kind):
            homes[prefix + setting.name] = homes[setting.name] = (kind, setting.name)
    homes |= {setting.name: (method, setting.name) for setting in settings_of(method)}
    parts: dict[type, dict[str, str]] = {method: {}, Blocks: {}, Tuning: {}}
    for name, value in given.items():
        if name not in homes:
            prefix = next((part for part in (_BLOCK, _TRAINING) if name.startswith(part)), "")
            near = [key for key in homes if (key.startswith(prefix) if prefix else "." not in key)]
            raise MethodError(
                f"{recipe.method} has no setting “{name}”. {nearest(name, dict.fromkeys(near))}"
            )
        home, own = homes[name]
        parts[home][own] = value
    constants = {**dict(recipe.settings), **parse_settings(method, parts[method])}
    return dataclasses.replace(
        recipe,
        settings=tuple(sorted(constants.items())),
        blocks=dataclasses.replace(recipe.blocks, **parse_settings(Blocks, parts[Blocks])),  # type: ignore[arg-type]
        **parse_settings(Tuning, parts[Tuning]),  # type: ignore[arg-type]
    )
