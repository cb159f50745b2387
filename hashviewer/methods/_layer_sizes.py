"""Widths of hidden layers where a paper gives them for some code lengths only."""

from collections.abc import Mapping


def layer_sizes(bits: int, known: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    """The widths for a code length: linear between the known lengths and beyond them, at least 1.

    Args:
        bits: Length of the codes.
        known: Widths by code length, for at least two lengths.
    """
    lengths = sorted(known)
    place = max(1, next((i for i, length in enumerate(lengths) if length >= bits), len(lengths) - 1))
    low, high = lengths[place - 1], lengths[place]
    share = (bits - low) / (high - low)
    return tuple(max(round(a + share * (b - a)), 1) for a, b in zip(known[low], known[high], strict=True))
