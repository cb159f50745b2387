"""Figures about codes and distances: pure functions on arrays."""

from hashviewer.statistics.bits import BitStatistics, bit_margins, bit_statistics
from hashviewer.statistics.buckets import Bucket, Buckets, Ring, buckets
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
    "largest_gap",
]
