"""Notes beside the tables: what has been pushed, and how far. The latest note of a name counts."""

import numpy as np

from hashviewer.engines.columns import Reader, numbers, texts
from hashviewer.engines.connection import Connection
from hashviewer.engines.schema import NOTES, Schema


class Notes:
    """The notes at an address, as they were read; writing keeps them up to date."""

    def __init__(self, connection: Connection, schema: Schema) -> None:
        self._connection = connection
        self._table = schema.named(NOTES)
        self._notes: dict[str, str] = {}
        self._version = 0

    def read(self) -> None:
        """Read them all. Raises NothingPushedError where there are none yet."""
        reader = Reader(
            self._connection.ask(
                f"select name, argMax(value, version), max(version) from {self._table} group by name order by name"
            )
        )
        found: dict[str, str] = {}
        while reader:
            name, value = reader.text().decode(), reader.text().decode()
            found[name] = value
            self._version = max(self._version, reader.number("<u8"))
        self._notes = found

    def __contains__(self, name: str) -> bool:
        return name in self._notes

    def get(self, name: str) -> str:
        """A note; "" if there is none."""
        return self._notes.get(name, "")

    def starting_with(self, start: str) -> dict[str, str]:
        """The notes whose names begin so, by the rest of the name."""
        return {
            name[len(start) :]: value
            for name, value in self._notes.items()
            if name.startswith(start) and value
        }

    def put(self, notes: dict[str, str]) -> None:
        """Write some notes, all in one go; an empty one is as good as none."""
        self._version += 1
        count = len(notes)
        self._connection.insert(
            self._table,
            [
                texts("name", [name.encode() for name in notes]),
                texts("value", [value.encode() for value in notes.values()]),
                numbers("version", "UInt64", np.full(count, self._version, dtype="<u8")),
            ],
            count,
        )
        self._notes.update(notes)
