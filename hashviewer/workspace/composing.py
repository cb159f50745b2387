"""Queries made of others: a code with bits turned over, a picture with its turnings, several photos wanted or not."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer import search
from hashviewer.errors import SearchError
from hashviewer.search import Matches
from hashviewer.workspace.query import Query

UNWANTED_COUNTS = 0.5  # as much as what is wanted, where the mean decides


def with_flipped(query: Query, flipped: Sequence[int], *, bits: int) -> Query:
    """The query with some bits of its code turned over; those turned over before and now are as they were.

    Raises:
        SearchError: There is no such bit.
    """
    for bit in flipped:
        if not 0 <= bit < bits:
            raise SearchError(f"There is no bit {bit} in a code of {bits} bits.")
    mask = np.zeros(bits, dtype=np.bool_)
    mask[list(flipped)] = True
    now = sorted(set(query.flipped) ^ set(flipped))
    outputs = query.outputs
    if outputs is not None:
        tiny = np.finfo(np.float32).tiny  # an output of zero is a one and has no sign to change
        outputs = np.where(mask, np.where(outputs == 0, -tiny, -outputs), outputs).astype(np.float32)
    return replace(query, code=query.code ^ packed.pack(mask), outputs=outputs, flipped=tuple(now))


def composed(wanted: Sequence[Query], unwanted: Sequence[Query] = ()) -> Query:
    """One query of several photos; of the code of the first, named after all.

    Args:
        wanted: At least one; a photo near to any of them is found.
        unwanted: Photos nearer to one of these are left out.

    Raises:
        SearchError: Nothing is wanted, or the codes are of different sets.
    """
    if not wanted:
        raise SearchError("Nothing is asked for: choose at least one photo whose like is wanted.")
    if len({part.codes for part in (*wanted, *unwanted)}) > 1:
        raise SearchError("The photos' codes come from different models, so they cannot be asked together.")
    first, *others = wanted
    if not others and not unwanted:
        return first
    several = bool(others)
    return replace(
        first,
        title=_title(wanted, unwanted),
        row=None if several else first.row,
        path=None if several else first.path,
        feature=None,
        others=tuple(others),
        unwanted=tuple(unwanted),
    )


def compare(
    query: Query,
    codes: NDArray[np.uint8],
    bits: int,
    *,
    k: int | None,
    radius: int | None,
    rows: NDArray[np.bool_] | None,
) -> Matches:
    """Rank codes (N, W) exactly, by the Hamming distance to the nearest or the mean distance to all that are asked.

    The distances of the answer are those to the nearest; the mean ones are its scores.
    """
    by_mean = query.by_mean and bool(query.others)
    unwanted = None if by_mean else query.unwanted_codes
    depth = None if by_mean else k
    nearest = search.rank_any(
        query.wanted_codes, codes, bits, negatives=unwanted, k=depth, radius=radius, rows=rows
    )
    return _by_mean(query, codes, nearest, k=k, rows=rows) if by_mean else nearest


def _by_mean(
    query: Query,
    codes: NDArray[np.uint8],
    nearest: Matches,
    *,
    k: int | None,
    rows: NDArray[np.bool_] | None,
) -> Matches:
    """The rows of `nearest` in the order of the mean distance, less that to what is not wanted; turnings do not count."""
    wanted = np.array([part.code for part in (query, *query.others)])
    mean = search.rank_mean(
        wanted,
        codes,
        nearest.bits,
        negatives=query.unwanted_codes,
        strength=UNWANTED_COUNTS,
        k=k if len(nearest.rows) == nearest.total else None,
        rows=rows,
    )
    found = mean.rows
    if len(nearest.rows) < nearest.total:  # a radius has left some out
        kept = np.zeros(len(codes), dtype=np.bool_)
        kept[nearest.rows] = True
        found = found[kept[found]][:k]
    return replace(
        nearest,
        rows=found,
        distances=nearest.all_distances[found].astype(np.int32),
        cost=replace(nearest.cost, seconds=nearest.cost.seconds + mean.cost.seconds),
        scores=mean.all_distances[found],
        all_scores=mean.all_distances,
    )


def _title(wanted: Sequence[Query], unwanted: Sequence[Query]) -> str:
    title = wanted[0].title if len(wanted) == 1 else f"{len(wanted)} photos"
    if not unwanted:
        return title
    return f"{title}, not like {unwanted[0].title if len(unwanted) == 1 else f'{len(unwanted)} others'}"
