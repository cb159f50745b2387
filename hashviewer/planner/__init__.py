"""Which way to search is best for a collection, measured on it and on this machine."""

from hashviewer.planner.keeping import from_json, to_json
from hashviewer.planner.plan import Figures, Goal, Option, Plan
from hashviewer.planner.planning import plan

__all__ = ["Figures", "Goal", "Option", "Plan", "from_json", "plan", "to_json"]
