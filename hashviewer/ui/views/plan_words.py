"""The words of the planner's view."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from hashviewer.ui.explorer import Results
from hashviewer.ui.search_words import candidate_words, time_words
from hashviewer.ui.views.reading import counted

if TYPE_CHECKING:
    from hashviewer.planner import Figures, Option, Plan

FAMILY_WORDS = {
    "flat": "flat scan",
    "table": "one table",
    "confidence": "least certain first",
    "multi": "several tables",
    "ivf": "IVF (faiss)",
    "hash": "hash (faiss)",
    "multihash": "multi-hash (faiss)",
}
GROWN = 1.2  # times as many photos as were planned for: the plan is to be made again


def place_of(plan: "Plan", family: str, number: int) -> int | None:
    """Where the option with so many tables, or such a radius, stands among the plan's."""
    for place, option in enumerate(plan.options):
        if option.family == family and number_of(option) == number:
            return place
    return None


def number_of(option: "Option") -> int | None:
    """The radius r of one table, the number m of several; None of what has neither."""
    if option.how is None:
        return None
    if option.family == "table":
        return option.how.reach
    return option.how.tables if option.family == "multi" else None


def point_text(option: "Option") -> str:
    """What is written beside a point: "r 2", "m 4", or nothing."""
    number = number_of(option)
    return "" if number is None else f"{'r' if option.family == 'table' else 'm'} {number}"


def numbers_of(plan: "Plan", family: str) -> list[int]:
    """The radii or numbers of tables that a plan has options for, ascending."""
    numbers = (number_of(option) for option in plan.options if option.family == family)
    return sorted({number for number in numbers if number is not None})


def figures_table(plan: "Plan", option: "Option") -> str:
    """What an option costs and finds, measured and predicted, as rich text."""
    lines = [("measured", option.measured), ("predicted", option.predicted)]
    if plan.rows < plan.total:
        lines.append((f"for all {plan.total:,}", option.expected))
    heads = "".join(
        f"<td align='right' style='padding-left: 12px'>{head}</td>"
        for head in ("time", "recall", "buckets", "compared")
    )
    rows = "".join(f"<tr><td>{escape(name)}</td>{_cells(figures)}</tr>" for name, figures in lines)
    return f"<b>{escape(option.name)}</b><table><tr><td></td>{heads}</tr>{rows}</table>"


def _cells(figures: "Figures") -> str:
    texts = (
        time_words(figures.seconds),
        share(figures),
        f"{figures.probes:,.0f}",
        f"{figures.candidates:,.0f}",
    )
    return "".join(f"<td align='right' style='padding-left: 12px'>{escape(text)}</td>" for text in texts)


def building_text(option: "Option") -> str:
    """What an option needs beforehand."""
    if not option.memory:
        return "Nothing to build, no memory beyond the codes"
    return f"{size_words(option.memory)} of memory beyond the codes, built in {time_words(option.build)}"


def share(figures: "Figures") -> str:
    """A recall, never rounded up to all."""
    return f"{np.floor(figures.recall * 1000) / 10:g} %"


def size_words(memory: int) -> str:
    """Bytes in the unit that suits them."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if memory >= size:
            return f"{memory / size:.1f} {unit}"
    return f"{memory} bytes"


def measured_text(plan: "Plan") -> str:
    """What was measured."""
    goal = plan.goal
    what = f"the {goal.k:,} nearest" if goal.k is not None else f"all within {goal.radius} bits"
    of = f"{plan.total:,}" if plan.rows == plan.total else f"{plan.rows:,} of {plan.total:,}"
    return f"For {goal.recall:.1%} of {what}, with {plan.queries:,} queries on {of} photos"


def query_text(results: Results | None) -> str:
    """What the present query has cost."""
    if results is None:
        return "Ask with a photo to see its own cost here."
    cost, matches = results.matches.cost, results.matches
    if matches.found is None:
        text = f"This query: every code, {cost.scanned:,} compared, {time_words(cost.seconds)}"
    else:
        text = (
            f"This query: {counted(cost.probed, 'bucket')}, {cost.empty:,} of them empty, "
            f"{candidate_words(matches)}, {time_words(cost.seconds)}"
        )
    if results.instead_of is not None:
        found = int(np.isin(matches.rows, results.instead_of.rows).sum())
        text += f"; the lookup before had found {found:,} of {len(matches.rows):,}"
    return text


def is_outdated(plan: "Plan", photos: int) -> bool:
    """Whether the library has grown so far that another way may be best."""
    return photos > plan.total * GROWN or photos * GROWN < plan.total
