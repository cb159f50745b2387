"""Which hash buckets around a query are occupied, and by which photos."""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import CodeError


@dataclass(frozen=True, slots=True)
class Ring:
    """All codes at one distance from the query.

    Attributes:
        radius: The distance in bits.
        buckets: Different codes at exactly this distance that some photo has.
        photos: Photos at exactly this distance.
    """

    radius: int
    buckets: int
    photos: int


@dataclass(frozen=True, slots=True, eq=False)
class Bucket:
    """The photos that share one code.

    Attributes:
        code: (W,) their packed code.
        distance: Its distance from the query, in bits.
        rows: (n,) the photos, ascending.
    """

    code: NDArray[np.uint8]
    distance: int
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """The occupied buckets within a radius.

    Attributes:
        rings: One for each distance 0…radius; they count all buckets, listed or not.
        buckets: Nearest first, then the fullest first, then by code; at most the limit asked for.
        probes: For each distance 0…radius, how many codes lie within it, occupied or not: what a table lookup probes.
    """

    rings: tuple[Ring, ...]
    buckets: tuple[Bucket, ...]
    probes: tuple[int, ...]


def buckets(
    query: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    bits: int,
    *,
    radius: int,
    distances: NDArray[np.unsignedinteger] | None = None,
    rows: NDArray[np.bool_] | None = None,
    limit: int = 2000,
) -> Buckets:
    """The occupied buckets within `radius` of a query.

    Args:
        query: One packed code (W,).
        codes: Packed codes (N, W).
        bits: Width of the codes.
        radius: How far to look, 0…bits.
        distances: (N,) distances to the query where a search has them already (more than `bits`: leave the row out).
        rows: (N,) True for the rows to look at; None looks at all.
        limit: List at most so many buckets.

    Raises:
        CodeError: The widths differ or the radius is not in 0…bits.
    """
    _check(codes, bits, radius)
    if distances is None:
        distances = packed.hamming(query, codes)
    near = (distances <= radius) if rows is None else (distances <= radius) & rows
    found = np.flatnonzero(near).astype(np.int64, copy=False)
    order, starts = _grouped(codes[found], distances[found])
    found = found[order]
    sizes = np.diff(starts, append=len(found))
    at = distances[found[starts]].astype(np.int64)  # distance of each bucket
    shown = np.lexsort((-sizes, at))[:limit]
    return Buckets(
        rings=_rings(at, sizes, radius),
        buckets=tuple(_bucket(codes, found[starts[b] :][: sizes[b]], int(at[b])) for b in shown.tolist()),
        probes=probes_within(bits, radius),
    )


def _check(codes: NDArray[np.uint8], bits: int, radius: int) -> None:
    if not 0 <= radius <= bits:
        raise CodeError(f"The radius is {radius}; codes of {bits} bits differ in 0 to {bits} bits.")
    if codes.ndim != 2 or codes.shape[1] != packed.width(bits):
        raise CodeError(
            f"{bits} bits fill {packed.width(bits)} bytes, but the codes have the shape {codes.shape}."
        )


def _rings(at: NDArray[np.int64], sizes: NDArray[np.int64], radius: int) -> tuple[Ring, ...]:
    """The rings 0…radius of buckets at distances `at` (n,) that hold `sizes` (n,) photos."""
    buckets = np.bincount(at, minlength=radius + 1).tolist()
    photos = np.bincount(at, weights=sizes, minlength=radius + 1).astype(np.int64).tolist()
    return tuple(
        Ring(radius=r, buckets=n, photos=m) for r, (n, m) in enumerate(zip(buckets, photos, strict=True))
    )


def _bucket(codes: NDArray[np.uint8], rows: NDArray[np.int64], distance: int) -> Bucket:
    return Bucket(code=codes[rows[0]].copy(), distance=distance, rows=rows.copy())


def _grouped(
    codes: NDArray[np.uint8], distances: NDArray[np.unsignedinteger]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order (n,) that sorts codes (n, W) by distance, code and place, and where each new code starts in it."""
    count, width = codes.shape
    padded = np.zeros((count, -(-width // 8) * 8), dtype=np.uint8)
    padded[:, :width] = codes
    words = padded.view(">u8").astype(np.uint64)  # (n, V); big-endian, so that numbers sort as bytes do
    order = np.lexsort((*words.T[::-1], distances))
    in_order = words[order]
    new = np.ones(count, dtype=np.bool_)
    new[1:] = (in_order[1:] != in_order[:-1]).any(axis=1)
    return order, np.flatnonzero(new)


def probes_within(bits: int, radius: int) -> tuple[int, ...]:
    """How many codes lie within each radius 0…radius: sums of C(bits, i), exact, so they may be very large numbers."""
    total = 0
    sums = []
    for r in range(radius + 1):
        total += comb(bits, r)
        sums.append(total)
    return tuple(sums)
