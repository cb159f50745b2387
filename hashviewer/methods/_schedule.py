"""Sharpness over time, for continuation towards the sign."""

from hashviewer.methods._base import Clock


def square_root_growth(clock: Clock, *, rate: float, every: int) -> float:
    """The beta of HashNet, (1 + rate t)^(1/2) with t the step, refreshed each `every` steps."""
    return float((1 + rate * (clock.step // every * every)) ** 0.5)


def fraction(clock: Clock) -> float:
    """How much of the run is done, 0…1."""
    return clock.step / max(clock.epochs * clock.steps_per_epoch, 1)
