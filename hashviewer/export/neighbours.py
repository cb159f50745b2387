"""The nearest photos of every photo, as NumPy arrays in one ``.npz`` file that ``np.load(allow_pickle=False)`` reads.

``rows`` (n,) int64: the photos that queries can find, in the order of their rows · ``neighbours`` (n, k) int64 rows,
nearest first, the photo itself left out, equal distances in ascending order of the row · ``distances`` (n, k) int32 in
bits · ``paths`` (n,) relative to the library's root · ``bits`` int64 · ``provenance`` JSON text.
"""

from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import ExportError
from hashviewer.export.provenance import of_codes
from hashviewer.export.source import Source
from hashviewer.progress import Progress
from hashviewer.search import rank

Ask = Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.int32]]]
"""Gives the nearest places (n, m) of some codes, themselves among them, and the distances."""

ON_CPU = "cpu"
_BATCH = 1024  # photos asked for at a time


def write_neighbours(
    file: BinaryIO, source: Source, codes: str, *, k: int, device: str, progress: Progress
) -> int:
    """Write the `k` nearest of every photo that has a code in the set `codes`; gives the number of photos.

    Raises:
        ExportError: k is below 1.
        SearchError: torch cannot use the device.
    """
    if k < 1:
        raise ExportError(f"{k} neighbours of each photo were asked for; ask for at least 1.")
    library, info = source.library, source.code_set(codes)
    packed, encoded = library.codes(codes)
    alive = library.alive[: len(encoded)]
    rows = np.flatnonzero(encoded[: len(alive)] & alive).astype(np.int64)
    places, distances = nearest_of_each(
        np.ascontiguousarray(packed[rows]), info.bits, k, device=device, progress=progress
    )
    np.savez_compressed(
        file,
        rows=rows,
        neighbours=rows[places],
        distances=distances,
        paths=np.array(library.paths(rows), dtype=np.str_),
        bits=np.int64(info.bits),
        provenance=np.str_(of_codes(source, codes).to_json()),
    )
    return len(rows)


def nearest_of_each(
    codes: NDArray[np.uint8], bits: int, k: int, *, device: str, progress: Progress
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The nearest other codes of each one: (N, k) places and Hamming distances, k at most N - 1.

    Args:
        codes: Packed codes (N, W).
        bits: Width of the codes.
        k: At least 1.
        device: "cpu" compares by scans, another of torch's, as "cuda", by products on it.
        progress: Told the codes done; may stop it.

    Raises:
        SearchError: torch cannot use the device.
    """
    total = len(codes)
    places = np.empty((total, min(k, max(total - 1, 0))), dtype=np.int64)
    distances = np.empty(places.shape, dtype=np.int32)
    ask = _by_scans(codes, bits, k + 1) if device == ON_CPU else _on_device(codes, bits, k + 1, device)
    for start in range(0, total, _BATCH):
        progress(start, total, "Comparing")
        own = np.arange(start, min(start + _BATCH, total))
        found, apart = ask(own)
        others = _without(found, own)
        places[own] = np.take_along_axis(found, others, axis=1)
        distances[own] = np.take_along_axis(apart, others, axis=1)
    return places, distances


def _without(found: NDArray[np.int64], own: NDArray[np.int64]) -> NDArray[np.int64]:
    """The columns (n, m - 1) of the places `found` (n, m) that are not the code itself, or the last one left out.

    Of many equal codes those in lower rows come first, so that a code need not be among its own nearest.
    """
    itself = found == own[:, None]
    itself[:, -1] |= ~itself.any(axis=1)
    return np.argsort(itself, axis=1, kind="stable")[:, :-1]


def _by_scans(codes: NDArray[np.uint8], bits: int, k: int) -> Ask:
    def ask(own: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        found = [rank(codes[place], codes, bits, k=k) for place in own]
        return np.stack([each.rows for each in found]), np.stack([each.distances for each in found])

    return ask


def _on_device(codes: NDArray[np.uint8], bits: int, k: int, device: str) -> Ask:
    from hashviewer.search.on_device import CodesOnDevice  # torch takes seconds to load

    kept = CodesOnDevice(codes, bits, device=device)

    def ask(own: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        found = kept.nearest(codes[own], k)
        return found.rows, found.distances

    return ask
