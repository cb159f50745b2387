"""Many queries at once on a GPU that keeps the codes, against the same queries one after the other on the processor.

Where there is no GPU nothing is measured, and no figure is made.
"""

from functools import partial
from statistics import median

import numpy as np
import torch

from benchmarks.figure import Figure
from benchmarks.search import BITS, ROWS, clustered, in_turn
from hashviewer.search import kernels, rank
from hashviewer.search.on_device import CodesOnDevice

QUERIES = 1000
NEAREST = 100
ROUNDS = 5
GOAL = 1 / 20


def run() -> list[Figure]:
    """The quotient of the two times; every row of every answer is compared first."""
    if not torch.cuda.is_available():
        print("There is no GPU that torch can use: not measured.", flush=True)
        return []
    kernels.load()
    codes = clustered(ROWS)
    queries = codes[np.random.default_rng(1).choice(ROWS, QUERIES, replace=False)]
    kept = CodesOnDevice(codes, BITS, device="cuda")
    found = kept.nearest(queries, NEAREST)
    for query, rows in zip(queries, found.rows, strict=True):
        assert np.array_equal(rank(query, codes, BITS, k=NEAREST).rows, rows)

    def scans(_round: int) -> None:
        for query in queries:
            rank(query, codes, BITS, k=NEAREST)

    on_gpu = partial(kept.nearest, queries, NEAREST)
    seconds = in_turn({"scans": scans, "gpu": lambda _round: on_gpu()}, ROUNDS)
    gpu, scanned = median(seconds["gpu"]), median(seconds["scans"])
    how = (
        f"{QUERIES:,} queries at once, {ROWS:,} codes of {BITS} bits on {torch.cuda.get_device_name()}: {1000 * gpu:.0f} ms; "
        f"{scanned:.2f} s by scans"
    )
    share = gpu / scanned
    return [
        Figure("search: top-100 of a batch on a GPU / on the CPU", share, "x", "≤ 1/20", share <= GOAL, how)
    ]
