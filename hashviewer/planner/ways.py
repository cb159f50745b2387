"""The ways that HashViewer itself can search, as the planner tries them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.model import Expected, expected
from hashviewer.planner.plan import Family, Goal
from hashviewer.planner.survey import Step, Survey
from hashviewer.search import Asked, Index, Matches, SearchHow, build_index, search
from hashviewer.search.lookup import BucketTable
from hashviewer.search.multi_index import MultiIndex, probe_count
from hashviewer.search.probes import within

RADII = range(5)  # of one table
TABLES = range(2, 9)
MOST_CONFIDENT = 3_000  # buckets in the order of confidence: naming so many takes longer than most scans


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one search did.

    Attributes:
        distances: (n,) in bits, of the rows found, ascending.
        steps: Times that tables were looked into, each time farther.
        probes: Buckets looked into.
        candidates: Codes compared that they held.
        compared: Codes compared one after another.
        kept: Rows put in order: those of the answer, and those that were among the nearest only for a while.
        seconds: Time.
    """

    distances: NDArray[np.int32]
    steps: int
    probes: int
    candidates: int
    compared: int
    kept: float
    seconds: float


class Way(Protocol):
    """One way to search a collection."""

    @property
    def name(self) -> str:
        """For the user."""

    @property
    def family(self) -> Family:
        """Which kind it is of."""

    @property
    def how(self) -> SearchHow | None:
        """The same for `search`; None if it is another program's."""

    def ask(self, code: NDArray[np.uint8], outputs: NDArray[np.float32] | None) -> Answer:
        """Search for a code (W,) with outputs (bits,)."""

    def expect(self, survey: Survey, count: int, step: Step) -> Expected:
        """What it will cost and find among `count` codes like those of the survey."""


@dataclass(frozen=True, slots=True)
class Built:
    """Ways that share an index.

    Attributes:
        ways: At least one.
        memory: Bytes of the index.
        seconds: Time to build it.
    """

    ways: tuple[Way, ...]
    memory: int
    seconds: float


Builder = Callable[[Survey, Step], Built]


@dataclass(frozen=True, slots=True, eq=False)
class OwnWay:
    """A search by `SearchHow`."""

    name: str
    family: Family
    how: SearchHow
    codes: NDArray[np.uint8]
    bits: int
    goal: Goal
    index: Index | None

    def ask(self, code: NDArray[np.uint8], outputs: NDArray[np.float32] | None) -> Answer:
        """Search for a code (W,) with outputs (bits,)."""
        started = time.perf_counter()
        found = search(
            Asked(code, outputs),
            self.codes,
            self.bits,
            how=self.how,
            index=self.index,
            k=self.goal.k,
            radius=self.goal.radius,
        )
        seconds = time.perf_counter() - started
        cost = found.cost
        return Answer(
            found.distances,
            self._steps(found),
            cost.probed,
            cost.candidates,
            cost.scanned - cost.candidates,
            self._kept(found),
            seconds,
        )

    def expect(self, survey: Survey, count: int, step: Step) -> Expected:
        """What it will cost and find among `count` codes like those of the survey."""
        return expected(survey, self.how, count, self._buckets(count), step)

    def _kept(self, found: Matches) -> int:
        """Several tables that look as far as it takes put all in order that they find, unless they give up."""
        far = self.how.mode == "multi" and self.how.probe is None and self.goal.k is not None
        return found.cost.candidates if far and found.found is not None else len(found.distances)

    def _steps(self, found: Matches) -> int:
        cost = found.cost
        if not cost.probed or (self.how.mode == "lookup" and cost.scanned > cost.candidates):
            return 0  # all codes were compared
        if self.how.mode == "lookup":
            return self.how.reach + 1 if self.how.order == "distance" else 1
        assert isinstance(self.index, MultiIndex)
        if self.goal.k is None:
            return 1
        reach = 0
        while probe_count(self.index.groups, reach) < cost.probed:
            reach += 1
        return reach + 1

    def _buckets(self, count: int) -> int:
        if not isinstance(self.index, BucketTable):
            return 0
        return round(len(self.index.keys) * count / len(self.codes))


def own_builders(bits: int, goal: Goal, *, confident: bool) -> list[tuple[str, Builder]]:
    """What is built to be tried, each with a name for the progress; the flat scan first.

    Args:
        bits: Width of the codes.
        goal: What is to be found.
        confident: Whether the queries' outputs are known.
    """
    table: list[tuple[Family, SearchHow]] = [
        ("table", SearchHow(mode="lookup", probe=radius))
        for radius in RADII
        if radius <= (bits if goal.radius is None else goal.radius)
    ]
    if confident:
        table += [
            ("confidence", SearchHow(mode="lookup", probe=radius, order="confidence"))
            for radius in RADII[1:]
            if radius <= bits and within(bits, radius) <= MOST_CONFIDENT
        ]
    builders: list[tuple[str, Builder]] = [
        ("the flat scan", lambda survey, _: _built(survey, [("flat", SearchHow())])),
        ("one table", lambda survey, _: _built(survey, table)),
    ]
    for tables in TABLES:
        if tables <= bits:
            builders.append((f"{tables} tables", _several(tables)))
    return builders


def _several(tables: int) -> Builder:
    """Several tables, exact, and as far as the goal's recall needs if that is nearer."""

    def build(survey: Survey, _step: Step) -> Built:
        hows: list[tuple[Family, SearchHow]] = [("multi", SearchHow(mode="multi", tables=tables))]
        if survey.goal.k is not None and survey.goal.recall < 1:
            radius = _radius_for(survey, survey.goal.k)
            hows.append(("multi", SearchHow(mode="multi", tables=tables, probe=radius)))
        return _built(survey, hows)

    return build


def _radius_for(survey: Survey, k: int) -> int:
    """The least radius within which the wanted share of the `k` nearest lies, on average."""
    count = len(survey.codes)
    wanted = min(k, count)
    recall = (np.minimum(survey.within(count), wanted) / wanted).mean(axis=0)
    return int(np.argmax(recall >= min(survey.goal.recall, float(recall[-1]))))


def _built(survey: Survey, hows: Sequence[tuple[Family, SearchHow]]) -> Built:
    started = time.perf_counter()
    index: Index | None = None
    if not hows[0][1].whole:
        index = build_index(survey.codes, survey.bits, hows[0][1])
    seconds = time.perf_counter() - started
    ways = tuple(
        OwnWay(_name(how, survey.bits), family, how, survey.codes, survey.bits, survey.goal, index)
        for family, how in hows
    )
    return Built(ways, _memory(index), seconds if index is not None else 0.0)


def _memory(index: Index | None) -> int:
    if index is None:
        return 0
    if isinstance(index, BucketTable):
        return index.keys.nbytes + index.starts.nbytes + index.rows.nbytes
    return index.starts.nbytes + index.rows.nbytes


def _name(how: SearchHow, bits: int) -> str:
    if how.mode == "rank":
        return "Flat scan"
    if how.mode == "multi":
        return f"{how.tables} tables" + (", exact" if how.probe is None else f", radius {how.probe}")
    if how.order == "confidence":
        return f"One table, the {within(bits, how.reach):,} likeliest buckets"
    return f"One table, radius {how.reach}"
