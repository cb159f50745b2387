"""The constants of a method, as its constructor declares them.

A constructor argument ``eta: Annotated[float, Setting("weight of the quantization term", low=0)] = 10.0`` is one
setting: forms, ``--set NAME=VALUE`` and the documentation follow from it.
"""

import difflib
import inspect
import math
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hashviewer.errors import MethodError

Value = float | int | bool | str | None
_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}


@dataclass(frozen=True, slots=True)
class Setting:
    """What an annotation says about a constant.

    Attributes:
        meaning: A phrase for the user; says what None stands for, if that is allowed.
        low: Smallest value allowed.
        high: Largest value allowed.
    """

    meaning: str
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, slots=True)
class DeclaredSetting:
    """One constant of a method.

    Attributes:
        name: Of the constructor's argument.
        kind: float, int, bool or str.
        default: The paper's value.
        choices: The values of a Literal; empty for others.
        optional: Whether None is allowed (written "none").
        meaning: A phrase for the user.
        low: Smallest value allowed.
        high: Largest value allowed.
    """

    name: str
    kind: type
    default: Value
    choices: tuple[str, ...]
    optional: bool
    meaning: str
    low: float
    high: float


def settings_of(method: type) -> tuple[DeclaredSetting, ...]:
    """The constants of a method class, in the order of its constructor.

    Raises:
        MethodError: An argument is not keyword-only, has no default, or is not annotated with a `Setting`.
    """
    constructor: Any = method.__init__  # type: ignore[misc]
    hints = get_type_hints(constructor, include_extras=True)
    declared = []
    for name, argument in list(inspect.signature(constructor).parameters.items())[1:]:
        if argument.kind is not argument.KEYWORD_ONLY or argument.default is argument.empty:
            raise MethodError(
                f"The argument “{name}” of {method.__name__} must be keyword-only with a default."
            )
        declared.append(_declared(method, name, hints.get(name), argument.default))
    return tuple(declared)


def parse_settings(method: type, given: Mapping[str, str]) -> dict[str, Value]:
    """The values of ``--set NAME=VALUE`` texts, ready for the constructor.

    Raises:
        MethodError: A name is unknown (the nearest ones are said) or a value does not fit.
    """
    known = {setting.name: setting for setting in settings_of(method)}
    for name in given:
        if name not in known:
            raise MethodError(f"{method.__name__} has no setting “{name}”. {nearest(name, known)}")
    return {name: _value(known[name], text) for name, text in given.items()}


def nearest(name: str, known: Mapping[str, object]) -> str:
    """A sentence with the names nearest to an unknown one, or with all of them."""
    if not known:
        return "There are none to set."
    near = difflib.get_close_matches(name.lower(), list(known), n=4, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(sorted(known))}."


def _declared(method: type, name: str, hint: object, default: Value) -> DeclaredSetting:
    if get_origin(hint) is not Annotated:
        raise MethodError(f"The argument “{name}” of {method.__name__} is not annotated with a Setting.")
    base, *notes = get_args(hint)
    setting = next((note for note in notes if isinstance(note, Setting)), None)
    if setting is None:
        raise MethodError(f"The argument “{name}” of {method.__name__} is not annotated with a Setting.")
    optional = False
    if get_origin(base) in (Union, types.UnionType):
        options = [option for option in get_args(base) if option is not type(None)]
        optional = len(options) < len(get_args(base))
        base = options[0]
    choices = tuple(str(choice) for choice in get_args(base)) if get_origin(base) is Literal else ()
    kind = str if choices else base
    return DeclaredSetting(name, kind, default, choices, optional, setting.meaning, setting.low, setting.high)


def _value(setting: DeclaredSetting, text: str) -> Value:
    if setting.optional and text.lower() in {"none", ""}:
        return None
    if setting.kind is bool:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise MethodError(f"{setting.name} is yes or no, not “{text}”.")
    if setting.kind is str:
        if setting.choices and text not in setting.choices:
            raise MethodError(f"{setting.name} is one of {', '.join(setting.choices)}, not “{text}”.")
        return text
    try:
        number: float | int = setting.kind(text)
    except ValueError as error:
        what = "a whole number" if setting.kind is int else "a number"
        raise MethodError(f"{setting.name} is {what}, not “{text}”.") from error
    if not math.isfinite(number) or not setting.low <= number <= setting.high:
        raise MethodError(f"{setting.name} is {_range(setting)}; {text} is not.")
    return number


def _range(setting: DeclaredSetting) -> str:
    """What a number may be, in words."""
    if math.isinf(setting.high):
        return "a finite number" if math.isinf(setting.low) else f"a finite number of {setting.low:g} or more"
    low = "" if math.isinf(setting.low) else f"at least {setting.low:g} and "
    return f"a number, {low}at most {setting.high:g}"
