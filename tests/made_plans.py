"""Plans that nobody has measured."""

from hashviewer.planner import Figures, Goal, Option, Plan
from hashviewer.search import SearchHow

FIGURES = Figures(probes=3.0, candidates=4.0, recall=1.0, seconds=1e-4)


def made_plan(how: SearchHow, *, bits: int, name: str = "The chosen way") -> Plan:
    """A plan that chooses `how` and not the flat scan."""
    flat = Option("Flat scan", "flat", SearchHow(), FIGURES, FIGURES, FIGURES, memory=0, build=0.0)
    chosen = Option(name, "multi", how, FIGURES, FIGURES, FIGURES, memory=0, build=0.0)
    return Plan(Goal(0.9, k=5), bits, 47, 47, 20, (flat, chosen), 1, f"{name}: quick.")
