"""Asking queries in the ways to be compared, and what they cost and found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.model import Expected
from hashviewer.planner.plan import Figures, Goal, Option
from hashviewer.planner.survey import Survey
from hashviewer.planner.timing import Pace, Work
from hashviewer.planner.ways import Answer, Built, OwnWay, Way
from hashviewer.search import SearchHow, rank

Step = Callable[[], None]
"""Called before each query; may raise `Cancelled`."""

ROUNDS = 3  # that each of these is asked
TRIALS = 10  # queries of the survey that the constants of time are from
PARTS = (4, 2)  # a flat scan's constants are from scans of these parts of the codes


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
        cls,
        codes: NDArray[np.uint8],
        bits: int,
        goal: Goal,
        rows: NDArray[np.int64],
        outputs: NDArray[np.float32] | None,
    ) -> "Questions":
        """The queries `rows` (M,) of a collection (N, W), answered by a flat scan."""
        limits, wanted = [], []
        for row in rows.tolist():
            found = rank(codes[row], codes, bits, k=goal.k, radius=goal.radius)
            limits.append(int(found.distances[-1]) if goal.radius is None else goal.radius)
            wanted.append(len(found.rows))
        return cls(codes[rows], outputs, np.array(limits), np.array(wanted))

    def ask(self, place: int, way: Way) -> Answer:
        """One of the queries, asked in one way."""
        return way.ask(self.codes[place], None if self.outputs is None else self.outputs[place])

    def recall(self, place: int, answer: Answer) -> float:
        """The share of the exact answer among what was found, ties counting alike."""
        near = int(np.count_nonzero(answer.distances <= self.limits[place]))
        return min(near, int(self.wanted[place])) / max(int(self.wanted[place]), 1)


def options_of(
    built: Built,
    survey: Survey,
    questions: Questions,
    *,
    total: int,
    pace_of: Pace | None = None,
    step: Step,
) -> list[Option]:
    """Every way that shares an index, predicted and then measured.

    Args:
        built: The index and its ways.
        survey: What is known of the collection.
        questions: What to measure.
        total: Codes in the whole collection, of which those surveyed may be a sample.
        pace_of: What a search takes; None has it measured with the survey's queries.
        step: Called before each query; may cancel.
    """
    count = len(survey.codes)
    paces = _paces(built.ways, survey, step) if pace_of is None else {built.ways[0].family: pace_of}
    options = []
    for way in built.ways:
        pace = paces[way.family]
        predicted = _figures(way.expect(survey, count), pace)
        measured = _measured(way, questions, step)
        whole = measured if total == count else _figures(way.expect(survey, total), pace)
        scale = total / count
        options.append(
            Option(
                name=way.name,
                family=way.family,
                how=way.how,
                predicted=predicted,
                measured=measured,
                expected=whole,
                memory=round(built.memory * scale),
                build=built.seconds * scale,
            )
        )
    return options


def scan_pace(survey: Survey, step: Step) -> Pace:
    """What a flat scan takes, from scans of parts of the codes."""
    trials = []
    for part in PARTS:
        codes = survey.codes[: max(len(survey.codes) // part, 1)]
        way = OwnWay("", "flat", SearchHow(), codes, survey.bits, survey.goal, None)
        trials += _trials(way, survey, step)
    return Pace.of(trials)


def _paces(ways: Sequence[Way], survey: Survey, step: Step) -> dict[str, Pace]:
    """What searches of each family take, from some queries of the survey."""
    trials: dict[str, list[Work]] = {}
    for way in ways:
        trials.setdefault(way.family, []).extend(_trials(way, survey, step))
    return {family: Pace.of(known) for family, known in trials.items()}


def _trials(way: Way, survey: Survey, step: Step) -> list[Work]:
    """Some queries of the survey, asked several times in turn; of each the middle time."""
    places = np.linspace(0, len(survey.queries) - 1, TRIALS).astype(int).tolist()
    rounds: list[list[Answer]] = []
    for _ in range(ROUNDS):
        step()
        outputs = survey.outputs
        rounds.append(
            [
                way.ask(survey.codes[survey.queries[place]], None if outputs is None else outputs[place])
                for place in places
            ]
        )
    return [
        Work(
            steps=asked[0].steps,
            probes=asked[0].probes,
            candidates=asked[0].candidates,
            compared=asked[0].compared,
            seconds=float(np.median([answer.seconds for answer in asked])),
        )
        for asked in zip(*rounds, strict=True)
    ]


def _measured(way: Way, questions: Questions, step: Step) -> Figures:
    answers, recall = [], []
    questions.ask(0, way)
    for place in range(len(questions.codes)):
        step()
        answers.append(questions.ask(place, way))
        recall.append(questions.recall(place, answers[-1]))
    return Figures(
        probes=float(np.mean([answer.probes for answer in answers])),
        candidates=float(np.mean([answer.candidates + answer.compared for answer in answers])),
        recall=float(np.mean(recall)),
        seconds=float(np.median([answer.seconds for answer in answers])),
    )


def _figures(expected: Expected, pace: Pace) -> Figures:
    return Figures(
        probes=float(expected.probes.mean()),
        candidates=float((expected.candidates + expected.compared).mean()),
        recall=float(expected.recall.mean()),
        seconds=pace.seconds(expected),
    )
