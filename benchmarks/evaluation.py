"""How fast an evaluation is, against the loop that most hashing repositories run, and what memory a large one takes.

That loop, written here as they write it: one matrix product and one numpy argsort a query. Times are taken in turn in one
process, median of rounds; both must agree before anything is timed.
"""

import resource
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from benchmarks.search import in_turn
from hashviewer import codes as packed
from hashviewer.evaluation import Coded, Wanted, evaluate, mean_average_precision
from hashviewer.search import kernels

BITS, CLASSES = 48, 10
QUERIES, ITEMS = 1000, 59_000  # protocol I
LOOPED = 50  # queries of the loop in a round; its time does not depend on how many there are
ROUNDS = 7
REST = 0.3  # s between two of them
MANY_QUERIES, MANY_ITEMS = 10_000, 1_000_000
NOISE = 0.2  # share of bits turned over, which gives a mean average precision of 0.94

Signs = NDArray[np.float32]


def run() -> list[Figure]:
    """Measure; the seconds that the kernels take to compile the first time are not counted."""
    kernels.load()
    return [*_speed(), *_memory()]


def made(count: int, seed: int) -> tuple[Coded, Signs]:
    """Items of ten classes in any order, packed and as -1 and +1."""
    draw = np.random.default_rng(seed)
    kinds = draw.integers(0, CLASSES, count)
    centres = np.random.default_rng(0).random((CLASSES, BITS)) < 0.5
    ones = centres[kinds] ^ (draw.random((count, BITS), dtype=np.float32) < NOISE)
    labels = np.eye(CLASSES, dtype=np.uint8)[kinds]
    return Coded(packed.pack(ones), labels), np.where(ones, np.float32(1), np.float32(-1))


def field_loop(
    queries: Signs,
    codes: Signs,
    query_labels: NDArray[np.float32],
    labels: NDArray[np.float32],
    *,
    kind: str = "quicksort",
) -> float:
    """Mean average precision as the field's repositories compute it."""
    total = 0.0
    for query, wanted in zip(queries, query_labels, strict=True):
        relevant = (wanted @ labels.T > 0).astype(np.float32)
        distances = 0.5 * (codes.shape[1] - query @ codes.T)
        relevant = relevant[np.argsort(distances, kind=kind)]  # type: ignore[call-overload]
        found = int(relevant.sum())
        if found:
            count = np.linspace(1, found, found)
            places = np.asarray(np.where(relevant == 1)) + 1.0
            total += float(np.mean(count / places))
    return total / len(queries)


def _speed() -> list[Figure]:
    (queries, asked), (items, signs) = made(QUERIES, 1), made(ITEMS, 2)
    some = Coded(queries.codes[:LOOPED], queries.labels[:LOOPED])
    asked, wanted, labels = (
        asked[:LOOPED],
        some.labels.astype(np.float32),
        items.labels.astype(np.float32),
    )
    report = evaluate(some, items, BITS)
    assert abs(report.stable - field_loop(asked, signs, wanted, labels, kind="stable")) < 1e-6
    assert report.pessimistic <= field_loop(asked, signs, wanted, labels) <= report.optimistic
    seconds = in_turn(
        {
            "mAP": lambda _: mean_average_precision(queries, items, BITS),
            "report": lambda _: evaluate(queries, items, BITS, wanted=Wanted(topk=1000)),
            "loop": lambda _: field_loop(asked, signs, wanted, labels),
        },
        ROUNDS,
        rest=REST,
    )
    each = {
        name: float(np.median(taken)) / (LOOPED if name == "loop" else QUERIES)
        for name, taken in seconds.items()
    }
    how = (
        f"{QUERIES:,} queries × {ITEMS:,} × {BITS} bits, {CLASSES} classes, {ROUNDS} rounds in turn; a query takes "
        + ", ".join(f"{1e3 * value:.3f} ms ({name})" for name, value in each.items())
    )
    alone, whole = each["loop"] / each["mAP"], each["loop"] / each["report"]
    return [
        Figure("evaluation: field's loop / mAP with its tie band", alone, "x", "≥ 15", alone >= 15, how),
        Figure("evaluation: field's loop / whole report", whole, "x", "≥ 15", whole >= 15, how),
    ]


def _memory() -> list[Figure]:
    queries, items = made(MANY_QUERIES, 3)[0], _many()
    _forget_peak()
    before = _memory_now()
    begin = time.perf_counter()
    evaluate(queries, items, BITS, wanted=Wanted(topk=1000))
    seconds = time.perf_counter() - begin
    extra = (_peak() - before) / 1e9
    how = f"whole report of {MANY_QUERIES:,} queries × {MANY_ITEMS:,} × {BITS} bits in {seconds:.0f} s"
    return [
        Figure(
            "evaluation: most memory beside codes and labels, 10,000 × 1,000,000",
            extra,
            "GB",
            "≤ 0.25",
            extra <= 0.25,
            how,
        )
    ]


def _many() -> Coded:
    """The large database, made in parts so that the making leaves no mark."""
    parts = [made(ITEMS, 10 + part)[0] for part in range(-(-MANY_ITEMS // ITEMS))]
    codes = np.concatenate([part.codes for part in parts])[:MANY_ITEMS]
    return Coded(codes.copy(), np.concatenate([part.labels for part in parts])[:MANY_ITEMS].copy())


def _forget_peak() -> None:
    """Let the system note the peak of this process anew, where it can."""
    file = Path("/proc/self/clear_refs")
    if file.exists():
        file.write_text("5")


def _memory_now() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def _peak() -> int:
    """The most memory that was resident, bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
