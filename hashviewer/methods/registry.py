"""All hashing methods by key: each file of this package whose name has no leading underscore registers its own."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeVar

from hashviewer.errors import MethodError
from hashviewer.methods._base import Method
from hashviewer.methods._settings import nearest

Family = Literal[
    "pairwise", "multiwise", "implicit", "classification", "quantization", "ensemble", "trick", "unsupervised"
]
Query = Literal["hamming", "weighted", "asymmetric", "segments", "quantizer", "radius"]
Labels = Literal["classes", "pairwise", "none"]
Confidence = Literal["src", "re", "mem", "reading"]
_Class = TypeVar("_Class", bound=type[Method])


@dataclass(frozen=True, slots=True)
class Published:
    """A figure of the literature: mean average precision on CIFAR-10.

    Attributes:
        bits: Length of the codes.
        value: Between 0 and 1.
        protocol: "I", "I'", "I-all", "II" or "III", as the glossary defines them.
        note: Backbone and source.
    """

    bits: int
    value: float
    protocol: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """A method and what the table of methods says of it.

    Attributes:
        key: Its name in commands, lower case with hyphens.
        title: Its name in print.
        family: Where the survey files it; "trick" for ways around the sign function.
        year: Of publication.
        paper: Authors, title, venue.
        query: How a query is compared with the database.
        labels: What it learns from: the classes themselves, only which pairs are similar, or nothing.
        confidence: The weakest source that its objective rests on: the authors' code or paper, a
            re-implementation, memory, or a reading of an ambiguous source.
        survey: Whether it is one of the 47 in the survey's Table 1.
        published: Figures of the literature.
        method: The class.
    """

    key: str
    title: str
    family: Family
    year: int
    paper: str
    query: Query
    labels: Labels
    confidence: Confidence
    survey: bool
    published: tuple[Published, ...]
    method: type[Method]


_REGISTERED: dict[str, MethodInfo] = {}


def register(
    key: str,
    *,
    title: str,
    family: Family,
    year: int,
    paper: str,
    query: Query = "hamming",
    labels: Labels = "pairwise",
    confidence: Confidence = "src",
    survey: bool = True,
    published: tuple[Published, ...] = (),
) -> Callable[[_Class], _Class]:
    """Class decorator that lists a method under a key; the arguments are the fields of `MethodInfo`.

    Raises:
        MethodError: The key is taken by another class.
    """

    def add(method: _Class) -> _Class:
        if key in _REGISTERED and _REGISTERED[key].method.__module__ != method.__module__:
            raise MethodError(
                f"Two methods are registered as “{key}”: {_REGISTERED[key].method} and {method}."
            )
        _REGISTERED[key] = MethodInfo(
            key, title, family, year, paper, query, labels, confidence, survey, published, method
        )
        method.key = key
        return method

    return add


def all_methods() -> tuple[MethodInfo, ...]:
    """Every method, by family and key."""
    _discover()
    return tuple(sorted(_REGISTERED.values(), key=lambda info: (info.family, info.key)))


def find_method(key: str) -> MethodInfo:
    """The method of a key, in any case.

    Raises:
        MethodError: There is none; the text names the nearest keys.
    """
    _discover()
    found = _REGISTERED.get(key.lower())
    if found is None:
        raise MethodError(f"There is no method “{key}”. {nearest(key, _REGISTERED)}")
    return found


@cache
def _discover() -> None:
    package = importlib.import_module("hashviewer.methods")
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_") and module.name != "registry":
            importlib.import_module(f"hashviewer.methods.{module.name}")
