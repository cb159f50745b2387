"""What changes about rows that are already written: the SQLite database `user.sqlite` of a library.

Photos, codes and thumbnails lie in immutable segments; this holds which rows are superseded, missing or moved, the
problems, and settings. What a scan finds out can be found out again, so those transactions survive a killed process but
need not survive a power cut; what the user sets survives both.
"""

import contextlib
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hashviewer.errors import LibraryError
from hashviewer.library import paths
from hashviewer.library.durable import in_words
from hashviewer.library.records import Problem

FILE = "user.sqlite"
VERSION = 1
TABLES = {  # name: columns with their SQLite types; the first is the key
    "superseded": (("row", "INTEGER"), ("by", "INTEGER")),
    "missing": (("row", "INTEGER"),),
    "moved": (("row", "INTEGER"), ("path", "BLOB"), ("mtime_ns", "INTEGER")),
    "problems": (("path", "BLOB"), ("reason", "TEXT"), ("size", "INTEGER"), ("mtime_ns", "INTEGER")),
    "settings": (("name", "TEXT"), ("value", "TEXT")),
    "counters": (("name", "TEXT"), ("value", "INTEGER")),
}
Rows = Sequence[tuple[Any, ...]]


class Database:
    """Typed access to the database, from any thread.

    Args:
        connection: With the schema in place.
        writable: Whether changes are possible.
        where: For messages.
    """

    def __init__(self, connection: sqlite3.Connection, *, writable: bool, where: Path) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self._where = where
        self._version = self._data_version()
        self.writable = writable

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def select(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of one of `TABLES`, columns as listed there, by key."""
        columns = TABLES[table]
        names = ", ".join(f'"{name}"' for name, _ in columns)
        with self._words("read"), self._lock:
            return self._connection.execute(
                f'SELECT {names} FROM "{table}" ORDER BY "{columns[0][0]}"'
            ).fetchall()

    @contextlib.contextmanager
    def transaction(self, *, by_user: bool = False) -> Iterator["Transaction"]:
        """Changes that come about together or not at all.

        Args:
            by_user: Survive a power cut, too.

        Raises:
            LibraryError: The database cannot be changed; it is as it was.
        """
        if not self.writable:
            raise LibraryError(
                f"The library {self._where} is read-only, so nothing can be changed in it. Copy it to a folder "
                "where you may write and open the copy."
            )
        with self._words("changed"), self._lock:
            self._connection.execute(f"PRAGMA synchronous={'FULL' if by_user else 'NORMAL'}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def changed_elsewhere(self) -> bool:
        """Whether another process or connection has changed anything since the last call."""
        with self._words("read"), self._lock:
            before, self._version = self._version, self._data_version()
            return before != self._version

    def problems(self) -> list[Problem]:
        """Files that could not be read, by path."""
        found = self.select("problems")
        return [Problem(paths.decode(path), reason, size, mtime) for path, reason, size, mtime in found]

    def setting(self, name: str) -> str | None:
        """A setting's value, None if it was never set."""
        with self._words("read"), self._lock:
            found = self._connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def counter(self, name: str) -> int:
        """A counter's value, 0 if it was never set."""
        with self._words("read"), self._lock:
            found = self._connection.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
        return 0 if found is None else int(found[0])

    def _data_version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    @contextlib.contextmanager
    def _words(self, verb: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LibraryError(
                f"The database of the library {self._where} cannot be {verb} ({error}). Check that the disk is not "
                "full and the drive is plugged in, then try again; nothing that was saved before is lost."
            ) from error


class Transaction:
    """The changes possible within `Database.transaction`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, table: str, rows: Rows) -> None:
        """Add rows, or replace those with the same key; columns as listed in `TABLES`."""
        columns = TABLES[table]
        names = ", ".join(f'"{name}"' for name, _ in columns)
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({marks})', rows)

    def remove(self, table: str, keys: Sequence[Any]) -> None:
        """Delete the rows with these keys, where there are such."""
        key = TABLES[table][0][0]
        self._connection.executemany(f'DELETE FROM "{table}" WHERE "{key}" = ?', [(k,) for k in keys])


def open_database(folder: Path) -> Database:
    """Open a library folder's database, making it if it is not there; where it cannot be written, a copy is read.

    Raises:
        LibraryError: It is damaged or newer.
    """
    file = folder / FILE
    try:
        if os.access(folder, os.W_OK):
            with contextlib.suppress(sqlite3.OperationalError):  # read-only or full after all
                return Database(_open(file), writable=True, where=folder)
        return Database(_copy(file), writable=False, where=folder)
    except sqlite3.Error as error:
        raise LibraryError(
            f"The database {file} cannot be opened ({error}). If it is damaged, rename it: the library opens without it, "
            "and only marks, settings and the list of problems are lost."
        ) from error
    except OSError as error:
        raise in_words(error, f"The database {file} cannot be read") from error


def database_in_memory(where: Path) -> Database:
    """An empty database that is not on any disk, to be filled by its maker and then only read."""
    return Database(_empty(), writable=True, where=where)


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=10.0, isolation_level=None, check_same_thread=False)
    try:
        _check(connection, file)
        connection.execute("PRAGMA journal_mode=WAL")
        _make_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _copy(file: Path) -> sqlite3.Connection:
    memory = _empty()
    log = file.with_name(f"{file.name}-wal")
    if not file.exists():
        return memory
    with tempfile.TemporaryDirectory() as folder:
        source = f"file:{quote(os.fsencode(file))}?immutable=1"
        if log.exists() and log.stat().st_size:  # SQLite cannot read a write-ahead log where it may not write
            for part in (file, log):
                (Path(folder) / part.name).write_bytes(part.read_bytes())
            source = f"file:{quote(os.fsencode(Path(folder) / file.name))}"
        with contextlib.closing(sqlite3.connect(source, uri=True)) as connection:
            _check(connection, file)
            connection.backup(memory)
    _make_tables(memory)
    return memory


def _empty() -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _make_tables(memory)
    return memory


def _check(connection: sqlite3.Connection, file: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise LibraryError(
            f"{file} was written by a newer HashViewer (version {version}; this one reads up to {VERSION}). Update "
            "HashViewer to open it."
        )


def _make_tables(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    for table, columns in TABLES.items():
        listed = [f'"{name}" {kind} NOT NULL' for name, kind in columns]
        listed[0] = f'"{columns[0][0]}" {columns[0][1]} PRIMARY KEY NOT NULL'
        connection.execute(f'CREATE TABLE IF NOT EXISTS "{table}" ({", ".join(listed)})')
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
