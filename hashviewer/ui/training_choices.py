"""What a training can be made of, as the adviser's process describes it: methods, constants, backbones, devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Value = float | int | bool | str | None

FAMILIES = {
    "pairwise": "Pairwise",
    "multiwise": "Multiwise",
    "implicit": "Implicit",
    "classification": "Classification",
    "quantization": "Quantization",
    "ensemble": "Ensemble",
    "trick": "Around the sign function",
    "unsupervised": "Unsupervised",
}
QUERIES = {
    "hamming": "Hamming distance of codes",
    "weighted": "weighted Hamming distance",
    "asymmetric": "asymmetric: queries are coded otherwise than the database",
    "segments": "agreeing segments of the code",
    "quantizer": "codebook distance by look-up tables",
    "radius": "every code within a Hamming radius",
}
LABELS = {
    "classes": "the classes of every image",
    "pairwise": "which images are alike, taken from their classes",
    "none": "none: images alone suffice",
}


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, switch or choice that ``--set`` changes.

    Attributes:
        name: As in ``--set``.
        kind: "float", "int", "bool" or "str".
        default: What it is if left alone.
        choices: What it can be; empty where anything in the range goes.
        optional: Whether it can be none.
        meaning: A phrase for the user.
        low: Smallest value; None for no limit.
        high: Largest value; None for no limit.
    """

    name: str
    kind: str
    default: Value
    choices: tuple[str, ...]
    optional: bool
    meaning: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """A method that can be trained.

    Attributes:
        key: Its name in commands.
        title: Its name in print.
        family: Where the survey files it.
        year: Of publication.
        paper: Authors, title, venue.
        summary: What it does, in a sentence.
        query: How a query is compared with the database.
        labels: What it learns from.
        survey: Whether it is one of the survey's 47.
        attends: Whether it can look at the places of a backbone's map.
        constants: Of its own.
        advice: How it is trained unless told otherwise, by name: epochs, head, batch …
    """

    key: str
    title: str
    family: str
    year: int
    paper: str
    summary: str
    query: str
    labels: str
    survey: bool
    attends: bool
    constants: tuple[Constant, ...]
    advice: tuple[tuple[str, Value], ...]

    def advised(self, name: str) -> Value:
        """One value of the advice; None if there is none."""
        return dict(self.advice).get(name)


@dataclass(frozen=True, slots=True)
class Backbone:
    """A network that can stand below the hash layer.

    Attributes:
        name: For the user.
        given: What ``--backbone`` gets: the name, or a file.
        small: Whether it is one of the papers' small nets, trained from random weights.
        missing: Why it has no trained weights here; "" if it has, or never had any.
    """

    name: str
    given: str
    small: bool
    missing: str


@dataclass(frozen=True, slots=True)
class Choices:
    """All that can be chosen."""

    methods: tuple[MethodChoice, ...]
    blocks: tuple[Constant, ...]
    training: tuple[Constant, ...]
    backbones: tuple[Backbone, ...]
    protocols: tuple[str, ...]
    devices: tuple[str, ...]

    def method(self, key: str) -> MethodChoice | None:
        """The method of a key."""
        return next((method for method in self.methods if method.key == key), None)

    def training_of(self, method: MethodChoice) -> tuple[Constant, ...]:
        """The constants of the training, with the method's advice as their defaults."""
        advice = dict(method.advice)
        return tuple(replace(one, default=advice.get(one.name, one.default)) for one in self.training)


def read_choices(said: Mapping[str, Any]) -> Choices:
    """The adviser's description, from its JSON.

    Raises:
        KeyError: It is of another version.
    """
    return Choices(
        methods=tuple(_method(one) for one in said["methods"]),
        blocks=_constants(said["blocks"]),
        training=_constants(said["training"]),
        backbones=tuple(
            Backbone(one["name"], one["file"] or one["name"], one["small"], one["missing"])
            for one in said["backbones"]
        ),
        protocols=tuple(said["protocols"]),
        devices=tuple(said["devices"]),
    )


def _method(said: Mapping[str, Any]) -> MethodChoice:
    return MethodChoice(
        key=said["key"],
        title=said["title"],
        family=said["family"],
        year=said["year"],
        paper=said["paper"],
        summary=said["summary"],
        query=said["query"],
        labels=said["labels"],
        survey=said["survey"],
        attends=said["attends"],
        constants=_constants(said["settings"]),
        advice=tuple(said["training"].items()),
    )


def _constants(said: Sequence[Mapping[str, Any]]) -> tuple[Constant, ...]:
    return tuple(Constant(**{**one, "choices": tuple(one["choices"])}) for one in said)
