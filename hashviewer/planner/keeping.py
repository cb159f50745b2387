"""A plan as text, for a library to remember."""

import json
from dataclasses import asdict, fields
from typing import Any

from hashviewer.errors import SearchError
from hashviewer.planner.plan import Figures, Goal, Option, Plan
from hashviewer.search import SearchHow

VERSION = 1


def to_json(plan: Plan) -> str:
    """The plan as text."""
    return json.dumps({"version": VERSION, **asdict(plan)}, separators=(",", ":"), allow_nan=False)


def from_json(text: str) -> Plan | None:
    """The plan in a text; None if there is none that this version understands."""
    try:
        said = json.loads(text)
        if said.pop("version") != VERSION:
            return None
        options = tuple(_option(option) for option in said.pop("options"))
        plan = Plan(goal=Goal(**said.pop("goal")), options=options, **said)
        return plan if options[plan.chosen].how is not None else None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, SearchError):
        return None


def _option(said: dict[str, Any]) -> Option:
    figures = {name: Figures(**said[name]) for name in ("predicted", "measured", "expected")}
    return Option(**{**said, **figures, "how": _how(said["how"])})


def _how(said: dict[str, Any] | None) -> SearchHow | None:
    if said is None:
        return None
    weights = said["weights"]
    known = {field.name: said[field.name] for field in fields(SearchHow)}
    return SearchHow(**{**known, "weights": None if weights is None else tuple(weights)})
