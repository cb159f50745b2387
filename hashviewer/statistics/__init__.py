"""Figures about codes and distances: pure functions on arrays."""

from hashviewer.statistics.bits import (
    BitStatistics,
    bit_margins,
    bit_statistics,
    counted_statistics,
    sampled_rows,
)
from hashviewer.statistics.buckets import Bucket, Buckets, Ring, buckets, probes_within
from hashviewer.statistics.distances import Gap, binomial_histogram, largest_gap

__all__ = [
    "BitStatistics",
    "Bucket",
    "Buckets",
    "Gap",
    "Ring",
    "binomial_histogram",
    "bit_margins",
    "bit_statistics",
    "buckets",
    "counted_statistics",
    "largest_gap",
    "probes_within",
    "sampled_rows",
]
