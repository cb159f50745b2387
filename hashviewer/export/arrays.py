"""All codes of a library as NumPy arrays in one ``.npz`` file that ``np.load(allow_pickle=False)`` reads.

The arrays are written block by block: neither outputs nor features of a large library are ever in memory as a whole.

``codes`` (n, W) uint8 packed · ``outputs`` (n, bits) float32 · ``features`` (n, D) float32 · ``labels`` (n,) int32
indices into ``label_names``, -1 = none · ``paths`` (n,) relative to the library's root · ``rows`` (n,) int64 ·
``bits`` int64 · ``provenance`` JSON text. The n photos are those that queries can find, in the order of their rows.
"""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from hashviewer.export.provenance import of_codes
from hashviewer.export.source import Source
from hashviewer.progress import Progress

BLOCK = 4096  # rows in memory at a time
LEVEL = 1  # of compression: half-precision numbers in float32 shrink to about half even so


@dataclass(frozen=True, slots=True, eq=False)
class _Array:
    """An array to write: its type, its shape behind the rows, and how to get the values of some rows."""

    name: str
    dtype: np.dtype[np.generic]
    tail: tuple[int, ...]
    values: Callable[[NDArray[np.int64]], NDArray[np.generic]]


def write_arrays(file: BinaryIO, source: Source, codes: str, *, progress: Progress) -> int:
    """Write all photos that have a code in the set `codes`; gives their number."""
    library = source.library
    info = source.code_set(codes)
    packed, encoded = library.codes(codes)
    alive = library.alive[: len(encoded)]
    rows = np.flatnonzero(encoded[: len(alive)] & alive).astype(np.int64)
    arrays = [
        _array("codes", np.uint8, packed.shape[1:], lambda some: packed[some]),
        _array("outputs", np.float32, (info.bits,), lambda some: library.outputs(codes, some)),
        _array("features", np.float32, (info.feature_dim,), lambda some: _features(source, codes, some)),
        _array("labels", np.int32, (), lambda some: library.labels[some]),
        _array(
            "paths", _path_type(source, rows), (), lambda some: np.array(library.paths(some), dtype=np.str_)
        ),
        _array("rows", np.int64, (), lambda some: some),
    ]
    whole = {
        "label_names": np.array(library.label_names, dtype=np.str_),
        "bits": np.int64(info.bits),
        "provenance": np.str_(of_codes(source, codes).to_json()),
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for place, array in enumerate(arrays):
            _write(
                archive,
                array,
                rows,
                progress=progress,
                before=place * len(rows),
                total=len(arrays) * len(rows),
            )
        for name, value in whole.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asarray(value), allow_pickle=False)
    return len(rows)


def _array(
    name: str,
    dtype: DTypeLike,
    tail: tuple[int, ...],
    values: Callable[[NDArray[np.int64]], NDArray[np.generic]],
) -> _Array:
    return _Array(name, np.dtype(dtype), tail, values)


def _write(
    archive: zipfile.ZipFile,
    array: _Array,
    rows: NDArray[np.int64],
    *,
    progress: Progress,
    before: int,
    total: int,
) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(array.dtype),
        "fortran_order": False,
        "shape": (len(rows), *array.tail),
    }
    with archive.open(f"{array.name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_2_0(member, header)
        for start, some in _blocks(rows):
            progress(before + start, total, f"Writing {array.name}")
            values = np.ascontiguousarray(array.values(some), dtype=array.dtype)
            member.write(values.tobytes())


def _blocks(rows: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    for start in range(0, len(rows), BLOCK):
        yield start, rows[start : start + BLOCK]


def _features(source: Source, codes: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    if source.code_set(codes).feature_dim == 0:
        return np.zeros((len(rows), 0), dtype=np.float32)
    return source.library.features(codes, rows)


def _path_type(source: Source, rows: NDArray[np.int64]) -> np.dtype[np.generic]:
    """Text as wide as the longest path."""
    longest = max((max(map(len, source.library.paths(some))) for _, some in _blocks(rows)), default=1)
    return np.dtype(f"<U{max(longest, 1)}")
