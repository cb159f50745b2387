"""How near the planner's predictions come to its measurements, and what planning takes.

A plan predicts and measures every way to search, each with queries that the other does not know. Reported are the
relative deviations over all ways of a collection: the largest, in which way it was, and the median. Codes are clustered
as those of photos are, or random. The time of a prediction rests on constants that are measured beside it, so other
programs on the machine disturb it: record this on a quiet one.
"""

import ctypes
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from benchmarks.search import BITS, clustered
from hashviewer import codes as packed
from hashviewer.planner import Figures, Goal, Option, Plan, plan
from hashviewer.search import kernels

SIZES = (100_000, 1_000_000)
GOAL = Goal(0.99, k=100)  # as `hashviewer plan` has it
ENOUGH = (
    1800.0  # s: so that all codes are measured with all queries, and a deviation is not one of few queries
)
NEAR = 0.2  # relative deviation that is aimed at
QUANTITIES: dict[str, Callable[[Figures], float]] = {
    "candidates": lambda figures: figures.candidates,
    "recall": lambda figures: figures.recall,
    "time": lambda figures: figures.seconds,
}


class Watch:
    """A `Progress` that notes the longest time between two calls: so long a cancel may go unheard."""

    def __init__(self) -> None:
        self.longest, self.during = 0.0, ""
        self._last, self._doing = time.perf_counter(), ""

    def __call__(self, done: int, total: int | None = None, message: str = "") -> None:
        """Take the time."""
        now = time.perf_counter()
        if now - self._last > self.longest:
            self.longest, self.during = now - self._last, self._doing
        self._last, self._doing = now, message


def run(sizes: Sequence[int] = SIZES) -> list[Figure]:
    """Plan for clustered and random codes; the seconds kernels take to compile the first time are not counted."""
    kernels.load()
    figures = []
    for rows in sizes:
        for kind, codes in (("clustered", clustered(rows)), ("random", _random(rows))):
            figures += _planned(kind, codes)
    return figures


def _random(rows: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (rows, BITS // 8), dtype=np.uint8)


def _planned(kind: str, codes: NDArray[np.uint8]) -> list[Figure]:
    what = f"{len(codes):,} {kind} codes"
    figures = _usual(codes, what) if len(codes) >= SIZES[-1] else []
    made = plan(codes, BITS, GOAL, outputs=_outputs(codes), seconds=ENOUGH)
    return [*figures, *(_deviation(name, value, made, what) for name, value in QUANTITIES.items())]


def _usual(codes: NDArray[np.uint8], what: str) -> list[Figure]:
    """What planning takes as the window and the command line do it."""
    ctypes.CDLL(None).malloc_trim(0)  # what earlier plans left free is not this one's to use
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    watch, before, begin = Watch(), _memory("VmRSS"), time.perf_counter()
    made = plan(codes, BITS, GOAL, outputs=_outputs(codes), progress=watch)
    seconds = time.perf_counter() - begin
    extra = (_memory("VmHWM") - before) / 1e9
    how = f"{_conditions(made)}: {made.sentence}"
    waiting = f"{_conditions(made)}; while “{watch.during}”"
    return [
        Figure(f"planner: planning, {what}", seconds, "s", "≤ 60", seconds <= 60, how),
        Figure(f"planner: most memory beyond the codes, {what}", extra, "GB", "≤ 1", extra <= 1, how),
        Figure(
            f"planner: longest wait for a cancel, {what}",
            watch.longest,
            "s",
            "≤ 2",
            watch.longest <= 2,
            waiting,
        ),
    ]


def _deviation(name: str, value: Callable[[Figures], float], made: Plan, what: str) -> Figure:
    """The largest over the ways; the median, and where the largest was, are said with it."""
    deviations = [
        abs(value(option.predicted) - value(option.measured)) / value(option.measured)
        for option in made.options
    ]
    worst = made.options[int(np.argmax(deviations))]
    usual = median(deviations)
    far = sum(deviation > NEAR for deviation in deviations)
    how = (
        f"{_conditions(made)}: median {usual:.1%} over {len(deviations)} ways, {far} of them beyond {NEAR:.0%}; largest in "
        f"“{worst.name}”, {_told(name, worst)}"
    )
    largest = max(deviations)
    return Figure(
        f"planner: {name} predicted / measured, {what}",
        largest,
        "relative deviation, the largest",
        f"≤ {NEAR}",
        largest <= NEAR,
        how,
    )


def _conditions(made: Plan) -> str:
    return f"{made.rows:,} of {made.total:,} × {made.bits} bits, the {made.goal.k} nearest, {made.queries} queries"


def _told(name: str, option: Option) -> str:
    value, scale, unit = QUANTITIES[name], 1e6 if name == "time" else 1.0, " µs" if name == "time" else ""
    predicted, measured = scale * value(option.predicted), scale * value(option.measured)
    return f"predicted {predicted:.4g}{unit}, measured {measured:.4g}{unit}"


def _outputs(codes: NDArray[np.uint8]) -> Callable[[NDArray[np.int64]], NDArray[np.float32]]:
    """Real-valued outputs with the signs of the codes; a row's are always the same."""

    def outputs(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        sizes = np.stack([np.random.default_rng(row).random(BITS) for row in rows.tolist()])
        return (np.where(packed.unpack(codes[rows], BITS), 1, -1) * (sizes + 0.01)).astype(np.float32)

    return outputs


def _memory(which: str) -> int:
    """Bytes of this process in memory: now (VmRSS), or at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith(which)))
