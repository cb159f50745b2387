"""Asking queries in the ways to be compared: what they cost and found, and trials of other queries for their time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.looking import Seen, in_fair_order
from hashviewer.planner.model import Expected
from hashviewer.planner.plan import Family, Figures, Goal
from hashviewer.planner.survey import Step, Survey
from hashviewer.planner.timing import Work, usual_time
from hashviewer.planner.ways import Answer, Built, OwnWay, Way
from hashviewer.search import Cost, Neighbours, SearchHow
from hashviewer.search.looking_up import laid_out

LEAST = 40  # queries measured, however long they take; a rare neighbour among fewer would count for too much
AGAIN = 20  # of them asked again, however long they take
EVERY = 2  # queries measured for one that is tried
ROUNDS = 2  # of asking in all ways: while another program runs for a second, one way alone would seem slow
PARTS = (0.5, 1.0)  # a flat scan's constants are from scans of these parts of the codes


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """The queries that are measured, and what the exact answer to each is.

    Attributes:
        codes: (M, W) their codes.
        outputs: (M, bits) their real-valued outputs; None where they are not known.
        limits: (M,) distance of the last row of the exact answer.
        wanted: (M,) rows in the exact answer.
    """

    codes: NDArray[np.uint8]
    outputs: NDArray[np.float32] | None
    limits: NDArray[np.int64]
    wanted: NDArray[np.int64]

    @classmethod
    def of(
        cls, codes: NDArray[np.uint8], goal: Goal, seen: Seen, outputs: NDArray[np.float32] | None
    ) -> "Questions":
        """The queries of a collection (N, W) that were looked at."""
        return cls(codes[seen.queries], outputs, seen.limits(goal), seen.wanted(goal))

    def ask(self, place: int, way: Way) -> Answer:
        """One of the queries, asked in one way."""
        return way.ask(self.codes[place], None if self.outputs is None else self.outputs[place])

    def recall(self, place: int, answer: Answer) -> float:
        """The share of the exact answer among what was found, ties counting alike."""
        near = int(np.count_nonzero(answer.distances <= self.limits[place]))
        return min(near, int(self.wanted[place])) / max(int(self.wanted[place]), 1)


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """One way as it was tried.

    Attributes:
        name: For the user.
        family: Which kind it is of.
        how: The same for `search`; None if it is another program's.
        expected: What was expected of the codes measured.
        whole: What is expected of the whole collection; None where that was measured.
        trials: Searches of queries that are not measured, from which times are predicted; of a flat scan, of parts of
            the codes, each for itself.
        laying: Seconds to lay an answer out over those rows of the whole collection that were not measured.
        measured: What was measured.
        memory: Bytes beyond the codes, for the codes measured.
        build: Seconds to build, for the codes measured.
    """

    name: str
    family: Family
    how: SearchHow | None
    expected: Expected
    whole: Expected | None
    trials: tuple[tuple[Work, ...], ...]
    laying: float
    measured: Figures
    memory: int
    build: float


def tried(
    indexes: Sequence[Built],
    survey: Survey,
    questions: Questions,
    *,
    total: int,
    seconds: float,
    step_of: Callable[[int, int], Step],
) -> list[Tried]:
    """Every way, predicted and measured.

    Args:
        indexes: With their ways.
        survey: What is known of the collection.
        questions: What to measure.
        total: Codes in the whole collection, of which those surveyed may be a sample.
        seconds: For each way: where this is over, not all queries are asked.
        step_of: Gives, for a round and the place of an index, what is called before each query; that may cancel.
    """
    ways = [(place, built, way) for place, built in enumerate(indexes) for way in built.ways]
    rounds = []
    for number in range(ROUNDS):
        least = AGAIN if number else LEAST
        rounds.append(
            [
                _asked(way, survey, questions, seconds / ROUNDS, step_of(number, place), least)
                for place, _, way in ways
            ]
        )
    return [
        _tried(way, built, series, survey, total, step_of(ROUNDS - 1, place))
        for (place, built, way), *series in zip(ways, *rounds, strict=True)
    ]


def _tried(
    way: Way, built: Built, series: Sequence["_Series"], survey: Survey, total: int, step: Step
) -> Tried:
    """A way with what several rounds of asking it told."""
    step()
    count = len(survey.codes)
    whole = None if total == count else way.expect(survey, total, step)
    trials = zip(*(each.trials for each in series), strict=True)
    recall = max((each.recall for each in series), key=len)
    return Tried(
        name=way.name,
        family=way.family,
        how=way.how,
        expected=way.expect(survey, count, step),
        whole=whole,
        trials=tuple(tuple(_work(answer) for answer in _fastest(known)) for known in trials),
        laying=0.0 if whole is None else _laying(way, survey.bits, count) * (total - count),
        measured=_figures(_fastest([each.answers for each in series]), recall),
        memory=built.memory,
        build=built.seconds,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """One round of asking.

    Attributes:
        answers: To the queries measured.
        recall: Of each of these answers.
        trials: To other queries, for each of the searches that are tried.
    """

    answers: list[Answer]
    recall: list[float]
    trials: list[list[Answer]]


def _asked(way: Way, survey: Survey, questions: Questions, seconds: float, step: Step, least: int) -> _Series:
    """The queries measured, and between them, so that both see the same machine, others whose time tells the constants."""
    trying = _parts(survey) if way.family == "flat" else (way,)
    others = in_fair_order(len(survey.queries))
    series = _Series([], [], [[] for _ in trying])
    for each in (way, *trying):
        questions.ask(0, each)  # what is there afterwards is there for all
    until = time.perf_counter() + seconds
    for number, place in enumerate(in_fair_order(len(questions.codes))):
        if number >= least and time.perf_counter() > until:
            break
        step()
        answer = questions.ask(place, way)
        series.answers.append(_cost_of(answer))
        series.recall.append(questions.recall(place, answer))
        if number % EVERY == 0:
            other = others[number // EVERY % len(others)]
            for known, each in zip(series.trials, trying, strict=True):
                known.append(_cost_of(_ask(survey, other, each)))
    return series


def _cost_of(answer: Answer) -> Answer:
    """The same without its distances, which would keep everything found in memory."""
    return replace(answer, distances=answer.distances[:0].copy())


def _fastest(rounds: Sequence[Sequence[Answer]]) -> list[Answer]:
    """Of the answers to each query in several rounds the fastest; a round that was cut short lacks the last ones."""
    there = zip_longest(*rounds)
    return [min((one for one in each if one is not None), key=lambda one: one.seconds) for each in there]


def _laying(way: Way, bits: int, count: int) -> float:
    """Seconds a row to lay out what tables found over all rows; 0 where nothing is looked up, or by another program."""
    if way.how is None or way.how.whole:
        return 0.0
    nothing = np.empty(0, dtype=np.int64)
    none = Neighbours(
        nothing,
        nothing.astype(np.int32),
        bits,
        complete=0,
        exact=False,
        cost=Cost(0.0, 0, 0),
        found=nothing,
        found_distances=nothing.astype(np.int32),
    )
    seconds = []
    for _ in range(LEAST):
        started = time.perf_counter()
        laid_out(none, count, radius=None)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds)) / count


def _parts(survey: Survey) -> tuple[Way, ...]:
    """Flat scans of parts of the codes."""
    parts = [survey.codes[: max(int(len(survey.codes) * part), 1)] for part in PARTS]
    return tuple(OwnWay("", "flat", SearchHow(), codes, survey.bits, survey.goal, None) for codes in parts)


def _ask(survey: Survey, place: int, way: Way) -> Answer:
    outputs = None if survey.outputs is None else survey.outputs[place]
    return way.ask(survey.codes[survey.queries[place]], outputs)


def _work(answer: Answer) -> Work:
    return Work(
        answer.steps,
        answer.probes,
        answer.candidates,
        answer.compared,
        answer.kept,
        answer.seconds,
    )


def _figures(answers: Sequence[Answer], recall: Sequence[float]) -> Figures:
    return Figures(
        probes=float(np.mean([answer.probes for answer in answers])),
        candidates=float(np.mean([answer.candidates + answer.compared for answer in answers])),
        recall=float(np.mean(recall)),
        seconds=usual_time([answer.seconds for answer in answers]),
    )
