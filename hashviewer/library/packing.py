"""Making one .h5 file of a whole library, to hand on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import LibraryError
from hashviewer.library import hdf5, naming
from hashviewer.library.code_segment import CodeRows, code_group, fill_codes
from hashviewer.library.database import TABLES
from hashviewer.library.durable import write_file
from hashviewer.library.file_bytes import FileBytes
from hashviewer.library.hdf5 import Attribute, Column, Group
from hashviewer.library.library import Library
from hashviewer.library.loading import CODES, PHOTOS
from hashviewer.library.merging import code_runs, fill_photos, photo_sizes
from hashviewer.library.packed_file import USER_GROUP
from hashviewer.library.photo_segment import bounds
from hashviewer.library.row_states import CHECKED
from hashviewer.library.versions import LIBRARY, USER, header
from hashviewer.progress import Progress, silent


def pack(library: Library, target: Path, *, progress: Progress = silent) -> None:
    """Write the library as it is now into one file, which `Library.open` opens for reading.

    Args:
        library: A folder or a packed file.
        target: A .h5 file; an earlier one is replaced when the new one is complete.
        progress: Counts rows.

    Raises:
        LibraryError: It could not be written; nothing is left behind.
        Cancelled: The user stopped it; nothing is left behind.
    """
    if target.is_dir():
        raise LibraryError(f"{target} is a folder. Name a file that ends in .h5.")
    try:
        write_file(target, lambda part: _write(library, part, progress))
    except LibraryError as error:
        merged_away = isinstance(error.__cause__, FileNotFoundError) and library.refresh()
        if not merged_away:
            raise
        write_file(target, lambda part: _write(library, part, progress))


def _write(library: Library, file: Path, progress: Progress) -> None:
    photos, tables = library.state.photos, library.state.segments.codes
    rows, total = len(photos), len(photos) * (1 + len(tables))
    groups = {f"{CODES}/{naming.code_folder(key)}": table for key, table in tables.items()}
    user = _user_arrays(library)
    places = hdf5.create(
        file,
        [
            Group("/", _attributes(library), []),
            photo_sizes(photos).group(PHOTOS),
            Group(CODES, {}, []),
            *(code_group(t.info, 0, rows, t.info.encoded, path=path) for path, t in groups.items()),
            Group(USER_GROUP, header(USER), []),
            *(
                Group(path, {}, [Column(name, array.dtype.str, array.shape) for name, array in named.items()])
                for path, named in user.items()
            ),
        ],
    )
    with FileBytes(file, write=True) as out:
        fill_photos(out, places[PHOTOS], photos, progress=lambda done, *_: progress(done, total, "photos"))
        for number, (path, table) in enumerate(groups.items()):
            fill_codes(
                out, places[path], _counted(code_runs(table, 0, rows), rows * (number + 1), total, progress)
            )
        for path, named in user.items():
            for name, array in named.items():
                out.write_rows(places[path][name], 0, array)


def _counted(runs: Iterator[CodeRows], done: int, total: int, progress: Progress) -> Iterator[CodeRows]:
    for run in runs:
        yield run
        done += len(run.codes)
        progress(done, total, "codes")


def _attributes(library: Library) -> dict[str, Attribute]:
    root = "" if library.root is None else str(library.root)
    return {
        **header(LIBRARY),
        "photos": len(library),
        "root": root.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "created": library.created,
        **({"url": library.url} if library.url else {}),
    }


def _user_arrays(library: Library) -> dict[str, dict[str, NDArray[Any]]]:
    """The database as datasets, by group path and name; states as they are, recorded or not."""
    by = dict(library.database.select("superseded"))
    rows: dict[str, list[tuple[Any, ...]]] = {table: library.database.select(table) for table in TABLES}
    rows["superseded"] = [(row, by.get(row, row)) for row in np.flatnonzero(~library.alive).tolist()]
    rows["missing"] = [(row,) for row in np.flatnonzero(library.missing).tolist()]
    rows["counters"] = [(CHECKED, len(library))]
    arrays: dict[str, dict[str, NDArray[Any]]] = {}
    for table, columns in TABLES.items():
        values = list(zip(*rows[table], strict=True)) or [()] * len(columns)
        arrays[f"{USER_GROUP}/{table}"] = named = {}
        for (name, kind), cells in zip(columns, values, strict=True):
            if kind == "INTEGER":
                named[name] = np.array(cells, "<i8")
                continue
            pieces = [cell.encode() if isinstance(cell, str) else cell for cell in cells]
            named[f"{name}_offsets"] = bounds(pieces)
            named[name] = np.frombuffer(b"".join(pieces), np.uint8)
    return arrays
