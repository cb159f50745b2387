"""Which way to search is best for a collection, measured on it and on this machine."""

from hashviewer.planner.plan import Figures, Goal, Option, Plan

__all__ = ["Figures", "Goal", "Option", "Plan"]
