"""Codes of several kinds, and the search written plainly, which every way to search is held to."""

import numpy as np

from hashviewer import codes as packed

KINDS = ("random", "clustered", "collapsed", "duplicates")


def made_codes(kind, bits, count, seed=0):
    """Codes (count, W): random; clustered as those of photos are; collapsed to few ones; mostly duplicates; or equal."""
    rng = np.random.default_rng(seed)
    if kind == "random":
        ones = rng.random((count, bits)) < 0.5
    elif kind == "clustered":
        centres = rng.random((max(count // 50, 1), bits)) < 0.5
        ones = centres[rng.integers(0, len(centres), count)] ^ (rng.random((count, bits)) < 0.05)
    elif kind == "collapsed":
        ones = rng.random((count, bits)) < 0.01
    elif kind == "duplicates":
        few = rng.random((5, bits)) < 0.5
        ones = few[rng.integers(0, 5, count)]
    else:
        ones = np.repeat(rng.random((1, bits)) < 0.5, count, axis=0)
    return packed.pack(ones)


def slow_distance(a, b):
    """In how many bits two packed codes (W,) differ, byte by byte."""
    return sum(bin(int(x) ^ int(y)).count("1") for x, y in zip(a, b, strict=True))


def plain_distances(query, codes):
    """(N,) in how many bits packed codes (N, W) differ from one (W,)."""
    return np.unpackbits(codes ^ query, axis=1).sum(axis=1).astype(int)


def in_order(distances, rows=None):
    """(distance, row) of all rows, or those where `rows` (N,) is True, nearest first, then by row."""
    return sorted((d, row) for row, d in enumerate(distances) if rows is None or rows[row])


def found_pairs(found):
    """(distance, row) of what was found, as it stands."""
    return list(zip(found.distances.tolist(), found.rows.tolist(), strict=True))
