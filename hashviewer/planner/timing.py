"""From what a search does to the time it takes: constants per step, probe, candidate and so on, measured.

The constants of ways that work alike, such as one table at every radius, are found together from queries that are not
among those predicted. What they predict is never among what they are found from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.model import Expected

ROUNDS = 20  # of re-weighting, until the errors count by their size
SMALL = 0.01  # an error below which nothing is gained
END = 0.1  # share of the queries at either end whose times are left out of a mean
KINDS = 6  # of work: a search at all, and the five below


@dataclass(frozen=True, slots=True)
class Work:
    """What one search did, and the seconds it took.

    Attributes:
        steps: Times that it looked into tables.
        probes: Buckets that it looked into.
        candidates: Codes compared that these held.
        compared: Codes compared one after another.
        kept: Rows put in order.
        seconds: Time.
    """

    steps: float
    probes: float
    candidates: float
    compared: float
    kept: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for a search at all, for a step, a probe, a candidate, a code compared in order, and a row put in order."""

    constants: tuple[float, ...]

    @classmethod
    def of(cls, ways: Sequence[Sequence[Work]]) -> "Pace":
        """The constants, none below 0, with the least sum of errors, each in proportion to the usual time of its way.

        Every way counts alike, however often it was tried. Errors count as they are, not squared: a search during which another program ran must not count for many.

        Args:
            ways: The searches of each way, at least one.
        """
        work = np.array([_kinds(each) for way in ways for each in way])
        seconds = np.array([each.seconds for way in ways for each in way])
        usual = np.repeat(
            [usual_time([each.seconds for each in way]) for way in ways], [len(way) for way in ways]
        )
        share = np.repeat([1 / len(way) for way in ways], [len(way) for way in ways])
        largest = np.maximum(work.max(axis=0), 1.0)
        work, wanted = work / largest / usual[:, None], seconds / usual
        weight = share
        for _ in range(ROUNDS):
            constants = _least_squares(work, wanted, weight)
            weight = share / np.maximum(np.abs(work @ constants - wanted), SMALL)
        return cls(tuple((constants / largest).tolist()))

    def seconds(self, expected: Expected) -> float:
        """The usual time of the queries of a survey."""
        each = zip(
            expected.steps,
            expected.probes,
            expected.candidates,
            expected.compared,
            expected.kept,
            strict=True,
        )
        done = np.array([_kinds(Work(*query, seconds=0.0)) for query in each])
        return usual_time(done @ np.array(self.constants))


def usual_time(seconds: Sequence[float] | NDArray[np.float64]) -> float:
    """The mean of the times (n,) of some queries, without the tenth at either end.

    Where some queries give the tables up and compare everything, a way has two typical times, and the median leaps from
    one to the other with the share of such queries; this moves as the share does. What is left out is where another
    program ran.
    """
    ascending = np.sort(np.asarray(seconds, dtype=np.float64))
    left_out = int(END * len(ascending))
    return float(ascending[left_out : len(ascending) - left_out].mean())


def _least_squares(
    work: NDArray[np.float64], wanted: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Constants (KINDS,) of 0 or more for which `work` (n, KINDS) comes nearest to `wanted` (n,), by weights (n,)."""
    squares, target = work.T @ (work * weight[:, None]), work.T @ (wanted * weight)
    best, least = np.zeros(KINDS), np.inf
    for used in _choices(np.flatnonzero(work.any(axis=0))):
        part = squares[np.ix_(used, used)]
        solved = np.linalg.lstsq(part, target[used], rcond=None)[0]
        error = float(solved @ part @ solved - 2 * solved @ target[used])
        if (solved >= 0).all() and error < least:
            best, least = np.zeros(KINDS), error
            best[used] = solved
    return best


def _choices(kinds: NDArray[np.int64]) -> Iterator[list[int]]:
    """Every choice of some of the kinds."""
    for count in range(1, len(kinds) + 1):
        for chosen in combinations(kinds.tolist(), count):
            yield list(chosen)


def _kinds(done: Work) -> tuple[float, ...]:
    """What takes time; buckets that were compared in order were not probed."""
    probes = 0.0 if done.compared == done.probes else done.probes
    return 1.0, done.steps, probes, done.candidates, done.compared, done.kept
