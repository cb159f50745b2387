"""The structure of HDF5 files: which datasets there are and at which byte each begins.

All datasets of a library are contiguous and uncompressed. HDF5 lays them out and finds them again; the bytes
themselves are read and written with plain file calls (`file_bytes`), which need no interpreter-wide lock, give
clean errors on a full disk, and never hold more than a piece in memory. This is the only module that imports h5py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Attribute = str | int | float


@dataclass(frozen=True, slots=True)
class Column:
    """A dataset to be made: dtype as numpy writes it, for example "<i8"."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a dataset's bytes are: `offset` from the beginning of the file; shape[0] counts rows."""

    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Group:
    """A group of datasets with its attributes; path "/" is the file itself."""

    path: str
    attributes: Mapping[str, Attribute]
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class Layout:
    """A group as found in a file."""

    attributes: Mapping[str, Attribute]
    places: Mapping[str, Place]
    groups: tuple[str, ...]


def create(file: Path, groups: Sequence[Group]) -> dict[str, dict[str, Place]]:
    """Make a file with room for every dataset; the places by group path and name, for the caller to fill.

    Raises:
        OSError: The file cannot be written.
    """
    import h5py

    places: dict[str, dict[str, Place]] = {}
    try:
        with h5py.File(file, "w", locking=False, alignment_threshold=64, alignment_interval=64) as store:
            for group in groups:
                node = store.require_group(group.path)
                node.attrs.update(group.attributes)
                places[group.path] = {column.name: _make_room(node, column) for column in group.columns}
    except RuntimeError as error:  # how h5py reports a failed write when it closes
        raise OSError(str(error)) from error
    return places


def read(file: Path, group: str = "/") -> Layout:
    """What a group holds.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: It is no HDF5 file, or is cut short.
        KeyError: It has no such group.
        ValueError: A dataset is compressed or chunked.
    """
    import h5py

    with h5py.File(file, "r", locking=False) as store:
        node = store[group]
        places: dict[str, Place] = {}
        groups: list[str] = []
        for name, item in node.items():
            if isinstance(item, h5py.Group):
                groups.append(name)
            else:
                places[name] = _place(item.id, name)
        return Layout(
            attributes={name: _plain(value) for name, value in node.attrs.items()},
            places=places,
            groups=tuple(groups),
        )


def _make_room(node: Any, column: Column) -> Place:  # noqa: ANN401 - h5py has no types
    import h5py

    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.CONTIGUOUS)
    plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    kind = h5py.h5t.py_create(np.dtype(column.dtype))
    space = h5py.h5s.create_simple(column.shape)
    return _place(h5py.h5d.create(node.id, column.name.encode(), kind, space, plan), column.name)


def _place(dataset: Any, name: str) -> Place:  # noqa: ANN401 - h5py has no types
    offset = dataset.get_offset()
    if offset is None and int(np.prod(dataset.shape)) > 0:
        raise ValueError(f"the dataset “{name}” is not contiguous")
    return Place(offset=offset or 0, dtype=dataset.dtype, shape=tuple(dataset.shape))


def _plain(value: object) -> Attribute:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, str | int | float) else str(value)
