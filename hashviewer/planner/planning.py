"""A plan: every way to search tried on a collection, and the best one named."""

import time
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.planner.choosing import choose, sentence
from hashviewer.planner.faiss_ways import faiss_builders
from hashviewer.planner.measuring import Questions, options_of, scan_pace
from hashviewer.planner.plan import Goal, Option, Plan
from hashviewer.planner.survey import Outputs, Survey, survey
from hashviewer.planner.ways import Builder, own_builders
from hashviewer.progress import Progress, silent
from hashviewer.search import kernels, rank
from hashviewer.search.results import check_radius
from hashviewer.search.scan import check_shapes

MEASURED = 250  # queries; with 100, predictions of rare candidates missed by up to 23 %, with these by 13 %
PILOT = 100_000  # codes on which it is first seen how long building takes
EACH = 4  # queries drawn for one that is measured; the others are surveyed
BUILDING = 0.5  # share of the time that building may take
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
    builders = [*own_builders(bits, goal, confident=outputs is not None), *faiss_builders(codes, goal)]
    rows = _affordable(codes, bits, goal, builders, seconds, rng, progress)
    some = np.ascontiguousarray(codes[rows]) if len(rows) < len(codes) else codes
    asked, measured = _drawn(some, bits, goal, rng, queries, progress)
    found = survey(some, bits, goal, asked, outputs=_of_rows(outputs, rows), rng=rng, progress=progress)
    known = None if found.outputs is None or outputs is None else outputs(rows[measured])
    if outputs is not None and known is None:
        builders = [*own_builders(bits, goal, confident=False), *faiss_builders(codes, goal)]
    questions = Questions.of(some, bits, goal, measured, known)
    options = _tried(builders, found, questions, len(codes), progress)
    chosen = choose(options, goal)
    return Plan(
        goal=goal,
        bits=bits,
        total=len(codes),
        rows=len(some),
        queries=len(measured),
        options=tuple(options),
        chosen=chosen,
        sentence=sentence(options, goal, chosen, rows=len(some), total=len(codes)),
    )


def _tried(
    builders: Sequence[tuple[str, Builder]],
    found: Survey,
    questions: Questions,
    total: int,
    progress: Progress,
) -> list[Option]:
    options: list[Option] = []
    for done, (name, build) in enumerate(builders):
        step = partial(progress, done, len(builders), f"Trying {name}")
        step()
        pace = scan_pace(found, step) if done == 0 else None
        options += options_of(build(found), found, questions, total=total, pace_of=pace, step=step)
    return options


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
        progress(0, None, f"Seeing how long {name} takes to build")
        build(pilot)
    longest = PILOT * BUILDING * seconds / (time.perf_counter() - started)
    if longest >= len(codes):
        return everyone
    return np.sort(rng.choice(len(codes), max(int(longest), PILOT), replace=False))


def _drawn(
    codes: NDArray[np.uint8],
    bits: int,
    goal: Goal,
    rng: np.random.Generator,
    queries: int,
    progress: Progress,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows to survey, and others to measure; each a fair sample of how crowded the surroundings of a photo are.

    Rows are drawn at random, put in the order of the distance of their last neighbour (or of their number of
    neighbours), and every fourth is measured. So a few queries stand for all, though crowds differ a great deal.
    """
    count = EACH * queries
    pool = rng.choice(len(codes), count, replace=len(codes) < count).astype(np.int64)
    crowds = []
    for done, row in enumerate(pool.tolist()):
        progress(done, count, "Looking at the collection")
        histogram = rank(codes[row], codes, bits, k=1).histogram.cumsum()
        if goal.radius is not None:
            crowds.append(-float(histogram[goal.radius]))
        else:
            last = int(np.searchsorted(histogram, min(goal.k or 1, len(codes))))
            crowds.append(last - float(histogram[last]) / len(codes))
    pool = pool[np.argsort(crowds, kind="stable")]
    chosen = np.arange(count) % EACH == EACH // 2
    return pool[~chosen], pool[chosen]


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
