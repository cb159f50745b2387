"""Reading and writing the bytes of datasets in place, without HDF5.

Each reader opens the file for itself: many threads can read at once, a merged file can be deleted at any time, and
a drive that goes away is an OSError here and never a crash, as it would be with memory-mapped files.
"""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import LibraryError
from hashviewer.library.hdf5 import Place

PIECE = 8 << 20  # bytes copied at a time


class FileBytes:
    """An open file whose datasets are read or written by place. Belongs to one thread.

    Args:
        path: The file.
        write: Open an existing file for changing it.
    """

    def __init__(self, path: Path, *, write: bool = False) -> None:
        self._path = path
        self._file = path.open("r+b" if write else "rb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def array(self, place: Place, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Rows start…stop of a dataset."""
        stop = place.shape[0] if stop is None else stop
        result = np.empty((stop - start, *place.shape[1:]), dtype=place.dtype)
        if result.nbytes:
            self._fill(result.data.cast("B"), place.offset + start * place.row_bytes)
        return result

    def bytes_at(self, place: Place, start: int, stop: int) -> bytes:
        """Bytes start…stop of a dataset of bytes."""
        if not 0 <= start <= stop <= place.shape[0]:
            raise self._damaged()
        piece = bytearray(stop - start)
        if piece:
            self._fill(memoryview(piece), place.offset + start)
        return bytes(piece)

    def pieces(self, place: Place) -> Iterable[bytes]:
        """A dataset of bytes from beginning to end."""
        for start in range(0, place.shape[0], PIECE):
            yield self.bytes_at(place, start, min(start + PIECE, place.shape[0]))

    def write_rows(self, place: Place, start: int, rows: NDArray[Any]) -> None:
        """Put `rows` into a dataset, from row `start` on."""
        values = np.ascontiguousarray(rows, dtype=place.dtype)
        if values.shape[1:] != place.shape[1:] or start + len(values) > place.shape[0]:
            raise ValueError(f"rows of shape {values.shape} do not fit into {place.shape} at {start}")
        if values.nbytes:
            self._write(values.data.cast("B"), place.offset + start * place.row_bytes)

    def write_bytes(self, place: Place, start: int, data: bytes) -> None:
        """Put bytes into a dataset of bytes, from byte `start` on."""
        if start + len(data) > place.shape[0]:
            raise ValueError(f"{len(data)} bytes do not fit into {place.shape} at {start}")
        if data:
            self._write(memoryview(data), place.offset + start)

    def _fill(self, target: memoryview, offset: int) -> None:
        self._file.seek(offset)
        while target:
            count = self._file.readinto(target)
            if not count:
                raise self._damaged()
            target = target[count:]

    def _write(self, data: memoryview, offset: int) -> None:
        self._file.seek(offset)
        while data:
            data = data[self._file.write(data) :]

    def _damaged(self) -> LibraryError:
        return LibraryError(
            f"The file {self._path} is damaged: it is shorter than it should be. Copy it back from a backup, or "
            "delete it and index the photos again."
        )
