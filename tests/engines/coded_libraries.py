"""Libraries of codes for the engine's tests: clustered, collapsed, full of duplicates, random."""

import numpy as np

from hashviewer.library import create_code_only

LABELS = ("a", "b", "c")
KEY = "codes"


def made_codes(kind: str, rows: int, bits: int, seed: int = 0):
    """Packed codes (rows, W)."""
    rng = np.random.default_rng(seed)
    if kind == "collapsed":
        ones = np.repeat(rng.random((1, bits)) < 0.5, rows, axis=0)
    elif kind == "random":
        ones = rng.random((rows, bits)) < 0.5
    else:
        centres = rng.random((max(rows // 20, 1), bits)) < 0.5
        noise = 0.02 if kind == "duplicates" else 0.08
        ones = centres[rng.integers(0, len(centres), rows)] ^ (rng.random((rows, bits)) < noise)
    return np.packbits(ones, axis=1)


def coded_library(path, codes, bits: int, seed: int = 0):
    """A library of `codes`, with labels."""
    rng = np.random.default_rng(seed + 1)
    labels = rng.integers(-1, len(LABELS), len(codes))
    return create_code_only(path, codes, bits, key=KEY, labels=labels, label_names=LABELS)


def same_matches(mine, theirs) -> bool:
    """Whether two rankings are the same, row by row."""
    return (
        np.array_equal(mine.rows, theirs.rows)
        and np.array_equal(mine.distances, theirs.distances)
        and np.array_equal(mine.histogram, theirs.histogram)
    )


def listed(buckets):
    """Buckets as values that compare."""
    return (
        buckets.rings,
        buckets.probes,
        [(each.code.tolist(), each.distance, each.rows.tolist()) for each in buckets.buckets],
    )
