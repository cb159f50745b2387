"""What is known of a training while it runs: its epochs, how far it is, how long it will take."""

from collections import deque
from dataclasses import dataclass
from typing import Any

WINDOW = 120.0  # s of the past that the pace is taken from
LEAST = 2.0  # s before a pace is believed


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch.

    Attributes:
        number: Counted from 1.
        terms: Mean of each named term.
        learning_rate: At its end.
        seconds: It took.
        held_out: mAP of the items held out; None where it was not measured.
    """

    number: int
    terms: tuple[tuple[str, float], ...]
    learning_rate: float
    seconds: float
    held_out: float | None


def read_epoch(said: dict[str, Any]) -> Epoch:
    """An epoch from its JSON."""
    terms = tuple((str(name), float(value)) for name, value in said["terms"].items())
    return Epoch(said["epoch"], terms, said["learning_rate"], said["seconds"], said["mAP"])


class Pace:
    """How long work takes that is told step by step; begins anew when the work becomes another one."""

    def __init__(self) -> None:
        self._work: object = None
        self._past: deque[tuple[float, int]] = deque()

    def note(self, now: float, done: int, work: object) -> None:
        """`done` steps of `work` are done at the time `now`, s."""
        if work != self._work or (self._past and done < self._past[-1][1]):
            self._work = work
            self._past.clear()
        self._past.append((now, done))
        while now - self._past[0][0] > WINDOW and len(self._past) > 2:
            self._past.popleft()

    def left(self, total: int) -> float | None:
        """Seconds until `total` steps are done; None while nobody can tell."""
        if len(self._past) < 2:
            return None
        (began, first), (now, done) = self._past[0], self._past[-1]
        if done <= first or now - began < LEAST:
            return None
        return (now - began) / (done - first) * max(total - done, 0)


def in_words(seconds: float) -> str:
    """A time as people say it, no more exact than it is known."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"{round(seconds, -1):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    hours, minutes = divmod(round(seconds / 600) * 10, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
