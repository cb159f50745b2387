"""A plan: every way to search tried on a collection, and the best one named."""

import time
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.planner.choosing import choose, sentence
from hashviewer.planner.faiss_ways import faiss_builders
from hashviewer.planner.looking import draw
from hashviewer.planner.measuring import ROUNDS, Questions, Tried, tried
from hashviewer.planner.plan import Goal, Plan
from hashviewer.planner.predicting import options_of
from hashviewer.planner.survey import Outputs, Step, Survey, survey, surveyed
from hashviewer.planner.ways import Builder, own_builders
from hashviewer.progress import Progress, silent
from hashviewer.search import kernels
from hashviewer.search.results import check_radius
from hashviewer.search.scan import check_shapes

MEASURED = 250  # queries; with 100, predictions of rare candidates missed by up to 23 %, with these by 13 %
PILOT = 100_000  # codes on which it is first seen how long building takes
BUILDING = 0.5  # share of the time that building may take
ASKING = 0.015  # share that asking queries in one of some thirty ways may take, if fewer would do
COMPILING = 120.0  # s to wait for the kernels: numpy's times would be those of another program


def plan(
    codes: NDArray[np.uint8],
    bits: int,
    goal: Goal,
    *,
    outputs: Outputs | None = None,
    queries: int = MEASURED,
    seconds: float = 60.0,
    seed: int = 0,
    progress: Progress = silent,
) -> Plan:
    """Find the best way to search a collection, by trying.

    Queries are drawn from the collection. The predictions are made from other queries than those measured.

    Args:
        codes: (N, W) packed codes.
        bits: Width of the codes.
        goal: What is to be found.
        outputs: Gives the real-valued outputs (n, bits) of rows (n,); None where they are not known.
        queries: How many to measure, at least 20.
        seconds: Try a sample of the codes if all would take longer than about this.
        seed: Draws queries and samples.
        progress: Told what is tried; may cancel.

    Raises:
        SearchError: There are no codes, or something is out of range.
    """
    _check(codes, bits, goal, queries)
    kernels.warm()
    kernels.wait(COMPILING)
    rng = np.random.default_rng(seed)
    rows = _affordable(codes, bits, goal, _builders(codes, bits, goal), seconds, rng, progress)
    some = np.ascontiguousarray(codes[rows]) if len(rows) < len(codes) else codes
    asked, measured = draw(some, bits, goal, queries=queries, rng=rng, progress=progress)
    found = surveyed(some, bits, goal, asked, outputs=_of_rows(outputs, rows), rng=rng)
    known = None if found.outputs is None or outputs is None else outputs(rows[measured.queries])
    questions = Questions.of(some, goal, measured, known)
    builders = _builders(some, bits, goal, confident=known is not None)
    ways = _tried(builders, found, questions, len(codes), seconds * ASKING, progress)
    options = options_of(ways, rows=len(some), total=len(codes))
    chosen = choose(options, goal)
    return Plan(
        goal=goal,
        bits=bits,
        total=len(codes),
        rows=len(some),
        queries=len(measured.queries),
        options=tuple(options),
        chosen=chosen,
        sentence=sentence(options, goal, chosen, rows=len(some), total=len(codes)),
    )


def _builders(
    codes: NDArray[np.uint8], bits: int, goal: Goal, *, confident: bool = False
) -> list[tuple[str, Builder]]:
    return [*own_builders(bits, goal, confident=confident), *faiss_builders(codes, goal)]


def _tried(
    builders: Sequence[tuple[str, Builder]],
    found: Survey,
    questions: Questions,
    total: int,
    seconds: float,
    progress: Progress,
) -> list[Tried]:
    """Build all, then ask in rounds: each is a third of the progress."""

    def step_of(place: int, doing: str, part: int) -> Step:
        return partial(progress, part * len(builders) + place, (1 + ROUNDS) * len(builders), doing)

    indexes = []
    for place, (name, build) in enumerate(builders):
        step = step_of(place, f"Building {name}", 0)
        step()
        indexes.append(build(found, step))
    return tried(
        indexes,
        found,
        questions,
        total=total,
        seconds=seconds,
        step_of=lambda number, place: step_of(place, f"Trying {builders[place][0]}", 1 + number),
    )


def _affordable(
    codes: NDArray[np.uint8],
    bits: int,
    goal: Goal,
    builders: Sequence[tuple[str, Builder]],
    seconds: float,
    rng: np.random.Generator,
    progress: Progress,
) -> NDArray[np.int64]:
    """The rows that can be tried in the time, ascending: all, or a sample."""
    everyone = np.arange(len(codes))
    if len(codes) <= 2 * PILOT:
        return everyone
    few = np.sort(rng.choice(len(codes), PILOT, replace=False))
    pilot = survey(codes[few], bits, goal, np.arange(1), outputs=None, rng=rng, progress=progress)
    started = time.perf_counter()
    for name, build in builders:
        step = partial(progress, 0, None, f"Seeing how long {name} takes to build")
        step()
        build(pilot, step)
    longest = PILOT * BUILDING * seconds / (time.perf_counter() - started)
    if longest >= len(codes):
        return everyone
    return np.sort(rng.choice(len(codes), max(int(longest), PILOT), replace=False))


def _of_rows(outputs: Outputs | None, rows: NDArray[np.int64]) -> Outputs | None:
    """The outputs of a sample, by the places in it."""
    return None if outputs is None else lambda places: outputs(rows[places])


def _check(codes: NDArray[np.uint8], bits: int, goal: Goal, queries: int) -> None:
    check_shapes(np.zeros(codes.shape[-1], dtype=np.uint8), codes, bits, None)
    if len(codes) == 0:
        raise SearchError("There are no codes to plan for: index some photos first.")
    if goal.radius is not None:
        check_radius(goal.radius, bits)
    if queries < 20:
        raise SearchError(f"{queries} queries are too few to measure; take at least 20.")
