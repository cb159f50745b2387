"""Weights of bits in a text file: one number a line, so that any program can make and read it."""

import math
from collections.abc import Sequence
from pathlib import Path

from hashviewer.errors import SearchError

MOST_BYTES = 1_000_000


def read_weights(path: Path, *, bits: int) -> tuple[float, ...]:
    """One weight a line; empty lines and what follows a # are left out.

    Args:
        path: The file.
        bits: How many weights there must be.

    Raises:
        SearchError: It cannot be read, a line is no number of 0 or more, or there are more or fewer than `bits`.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SearchError(f"{path} is too large for a file of weights: it needs one number a line.")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise SearchError(f"The weights in {path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise SearchError(f"{path} is not text: give a file with one number a line.") from error
    weights = tuple(
        _number(text, path, place)
        for place, line in enumerate(lines, start=1)
        if (text := line.split("#", 1)[0].strip())
    )
    if len(weights) != bits:
        raise SearchError(
            f"{path} has {len(weights)} weights, but the codes have {bits} bits: give one for each."
        )
    return weights


def write_weights(path: Path, weights: Sequence[float]) -> None:
    """Write one weight a line, exactly.

    Raises:
        SearchError: The file cannot be written.
    """
    try:
        path.write_text("".join(f"{weight!r}\n" for weight in map(float, weights)), encoding="utf-8")
    except OSError as error:
        raise SearchError(f"The weights cannot be written to {path}: {error.strerror or error}.") from error


def _number(text: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise SearchError(f"Line {line} of {path} is “{text[:40]}”: give a number of 0 or more.")
    return value
