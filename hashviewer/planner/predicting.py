"""The options of a plan: what was predicted of each way beside what was measured, and what is expected of all codes."""

from collections.abc import Sequence

from hashviewer.planner.measuring import Tried
from hashviewer.planner.model import Expected
from hashviewer.planner.plan import Figures, Option
from hashviewer.planner.timing import Pace


def options_of(ways: Sequence[Tried], *, rows: int, total: int) -> list[Option]:
    """The ways as options of a plan.

    Args:
        ways: As they were tried.
        rows: Codes that were measured.
        total: Codes in the whole collection.
    """
    paces = {
        family: Pace.of([trials for way in ways if way.family == family for trials in way.trials])
        for family in {way.family for way in ways}
    }
    return [_option(way, paces[way.family], total / rows) for way in ways]


def _option(way: Tried, pace: Pace, scale: float) -> Option:
    expected = way.measured
    if way.whole is not None:
        expected = _figures(way.whole, pace.seconds(way.whole) + way.laying)
    return Option(
        name=way.name,
        family=way.family,
        how=way.how,
        predicted=_figures(way.expected, pace.seconds(way.expected)),
        measured=way.measured,
        expected=expected,
        memory=round(way.memory * scale),
        build=way.build * scale,
    )


def _figures(expected: Expected, seconds: float) -> Figures:
    return Figures(
        probes=float(expected.probes.mean()),
        candidates=float((expected.candidates + expected.compared).mean()),
        recall=float(expected.recall.mean()),
        seconds=seconds,
    )
