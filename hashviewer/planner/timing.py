"""From what a search does to the time it takes: constants per step, probe, candidate and code compared, measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.model import Expected

ROUNDS = 20  # of re-weighting, until the errors count by their size
SMALL = 0.01  # an error below which nothing is gained
KINDS = 5  # of work: a search at all, and the four above


@dataclass(frozen=True, slots=True)
class Work:
    """What one search did, and the seconds it took.

    Attributes:
        steps: Times that it looked into tables.
        probes: Buckets that it looked into.
        candidates: Codes compared that these held.
        compared: Codes compared one after another.
        seconds: Time.
    """

    steps: float
    probes: float
    candidates: float
    compared: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for a search at all, for a step, a probe, a candidate, and a code compared in order."""

    constants: tuple[float, ...]

    @classmethod
    def of(cls, trials: Sequence[Work]) -> "Pace":
        """The constants, none below 0, with the least sum of the relative errors.

        Errors count as they are, not squared: a search during which another program ran must not count for many.
        """
        seconds = np.array([trial.seconds for trial in trials])
        done = np.array([_kinds(t.steps, t.probes, t.candidates, t.compared) for t in trials])
        work = done / seconds[:, None]
        weight = np.ones(len(seconds))
        for _ in range(ROUNDS):
            constants = _least_squares(work * weight[:, None], weight)
            weight = 1 / np.sqrt(np.maximum(np.abs(work @ constants - 1), SMALL))
        return cls(tuple(constants.tolist()))

    def seconds(self, expected: Expected) -> float:
        """The median over the queries of a survey."""
        every = zip(expected.steps, expected.probes, expected.candidates, expected.compared, strict=True)
        done = np.array([_kinds(*each) for each in every])
        return float(np.median(done @ np.array(self.constants)))


def _least_squares(work: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Constants (KINDS,) of 0 or more for which `work` (n, KINDS) comes nearest to `wanted` (n,)."""
    best, least = np.zeros(KINDS), np.inf
    for used in _choices(np.flatnonzero(work.any(axis=0))):
        solved = np.linalg.lstsq(work[:, used], wanted, rcond=None)[0]
        error = float(np.square(work[:, used] @ solved - wanted).sum())
        if (solved >= 0).all() and error < least:
            best, least = np.zeros(KINDS), error
            best[used] = solved
    return best


def _choices(kinds: NDArray[np.int64]) -> Iterator[list[int]]:
    """Every choice of some of the kinds."""
    for count in range(1, len(kinds) + 1):
        for chosen in combinations(kinds.tolist(), count):
            yield list(chosen)


def _kinds(steps: float, probes: float, candidates: float, compared: float) -> tuple[float, ...]:
    """What takes time; buckets that were compared in order were not probed."""
    return 1.0, steps, 0.0 if compared == probes else probes, candidates, compared
