"""One .h5 file that holds a whole library: how it is read."""

from itertools import pairwise
from pathlib import Path

from hashviewer.errors import LibraryError
from hashviewer.library import hdf5
from hashviewer.library.database import TABLES, Database, database_in_memory
from hashviewer.library.description import Description
from hashviewer.library.file_bytes import FileBytes
from hashviewer.library.loading import Segments, load_packed
from hashviewer.library.versions import LIBRARY, USER, check

USER_GROUP = "user"


def read(file: Path) -> tuple[Description, Database, Segments]:
    """Open a packed library.

    Raises:
        LibraryError: It is none, damaged or newer.
    """
    try:
        told = hdf5.read(file).attributes
        check(told, LIBRARY, file)
        root = str(told.get("root", ""))
        url = str(told.get("url", ""))
        description = Description(Path(root) if root else None, str(told.get("created", "")), url)
        segments = load_packed(file)
        return description, _database(file), segments
    except (OSError, KeyError, ValueError) as error:
        raise LibraryError(
            f"{file} cannot be opened as a library ({error}). Choose a library folder or a file that “hashviewer pack” has "
            "made; if it is one, it is damaged: copy it again."
        ) from error


def _database(file: Path) -> Database:
    database = database_in_memory(file)
    check(hdf5.read(file, USER_GROUP).attributes, USER, file)
    with database.transaction() as change, FileBytes(file) as source:
        for table, columns in TABLES.items():
            places = hdf5.read(file, f"{USER_GROUP}/{table}").places
            values: list[list[int] | list[str] | list[bytes]] = []
            for name, kind in columns:
                if kind == "INTEGER":
                    values.append(source.array(places[name]).tolist())
                    continue
                bounds = source.array(places[f"{name}_offsets"]).tolist()
                blob = source.bytes_at(places[name], 0, bounds[-1])
                cells = [blob[start:stop] for start, stop in pairwise(bounds)]
                values.append(cells if kind == "BLOB" else [cell.decode() for cell in cells])
            change.put(table, list(zip(*values, strict=True)))
    database.writable = False
    return database
