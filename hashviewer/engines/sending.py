"""Bringing tables up to date, segment by segment: what is there already is not sent again, and nothing is there twice.

A segment is so many rows. It is emptied before its rows are sent, and its digest is noted when all of them are there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from hashviewer.engines.columns import Column
from hashviewer.engines.connection import Connection
from hashviewer.engines.notes import Notes
from hashviewer.engines.schema import Schema
from hashviewer.errors import EngineError
from hashviewer.progress import Progress

BATCH = 131_072  # rows of one insert
SEGMENT = "segment "  # notes: the digest of each segment of each table
PUSHER = "pusher"  # note: who pushes now


@dataclass(frozen=True, slots=True)
class Part:
    """A table that gets rows.

    Attributes:
        name: Of the table in the schema.
        expected: How many rows it has for the library's rows start … stop - 1.
        parted: Whether each segment is a partition of its own, which is dropped at once.
    """

    name: str
    expected: Callable[[int, int], int]
    parted: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """What is sent together.

    Attributes:
        parts: The table that is inserted into, then those that the engine fills from it.
        columns: The columns of the library's rows start … stop - 1.
    """

    parts: tuple[Part, ...]
    columns: Callable[[int, int], Sequence[Column]]

    @property
    def name(self) -> str:
        """Of the table that is inserted into."""
        return self.parts[0].name


class Sender:
    """Sends the segments that differ.

    Args:
        connection: To the engine.
        notes: At the engine.
        me: Which push this is: one that another has taken over from stops.
        rows: Of the library.
        segment: Rows of a segment.
        tables: How many tables there are, for the progress.
        progress: Told the rows done, over all tables.

    Attributes:
        sent: Rows sent.
        kept: Rows that were there already.
    """

    def __init__(
        self,
        connection: Connection,
        notes: Notes,
        *,
        me: str,
        rows: int,
        segment: int,
        tables: int,
        progress: Progress,
    ) -> None:
        self.sent = self.kept = 0
        self._connection = connection
        self._schema = Schema(connection.address)
        self._notes = notes
        self._me = me
        self._rows = rows
        self._segment = segment
        self._total = rows * tables
        self._progress = progress

    def bring_up_to_date(self, table: Table) -> None:
        """Send what differs in one table, and take away what lies beyond the library's end."""
        there = [self._counts(part.name) for part in table.parts]
        last = -(-self._rows // self._segment)
        for number in sorted(set().union(*there)):
            if number >= last:
                self._empty(table, number, [counts.get(number, 0) for counts in there])
        for number in range(last):
            self._bring_segment(table, number, [counts.get(number, 0) for counts in there])

    def check(self, table: Table) -> None:
        """Make sure that exactly the library's rows are there.

        Raises:
            EngineError: They are not; the next push sends those segments anew.
        """
        for part in table.parts:
            counts = self._counts(part.name)
            for number in range(-(-self._rows // self._segment)):
                expected, found = part.expected(*self._span(number)), counts.get(number, 0)
                if found != expected:
                    raise EngineError(
                        f"The engine holds {found:,} rows of {self._schema.named(part.name)} where {expected:,} were sent: "
                        "something else writes to it. Push again once that has ended; only what differs is sent."
                    )

    # Inside

    def _bring_segment(self, table: Table, number: int, there: list[int]) -> None:
        """Send a segment, of which each part has so many rows, unless it is whole and as the library's."""
        start, stop = self._span(number)
        note = f"{SEGMENT}{table.name} {number}"
        whole = there == [part.expected(start, stop) for part in table.parts]
        known = self._notes.get(note) if whole else ""
        if known and known == self._digest(table, start, stop):
            self.kept += stop - start
            self._report()
            return
        self._still_mine()
        if known:
            self._notes.put({note: ""})  # from now on it is not whole
        self._empty(table, number, there)
        digest = blake2b(digest_size=16)
        for first in range(start, stop, BATCH):
            last = min(first + BATCH, stop)
            columns = table.columns(first, last)
            _add(digest, columns)
            self._still_mine()
            self._connection.insert(self._schema.named(table.name), columns, last - first)
            self.sent += last - first
            self._report()
        self._notes.put({note: digest.hexdigest()})

    def _still_mine(self) -> None:
        self._notes.read()
        if self._notes.get(PUSHER) != self._me:
            raise EngineError(
                f"Another push to {self._connection.address} has begun and goes on in this one's place. Wait until it has ended."
            )

    def _digest(self, table: Table, start: int, stop: int) -> str:
        digest = blake2b(digest_size=16)
        for first in range(start, stop, BATCH):
            _add(digest, table.columns(first, min(first + BATCH, stop)))
            self._report()
        return digest.hexdigest()

    def _empty(self, table: Table, number: int, there: list[int]) -> None:
        for part, rows in zip(table.parts, there, strict=True):
            if part.parted:
                self._connection.run(self._schema.drop_segment(part.name, number))
            elif rows:  # deleting marks rows and takes a while even where there are none
                self._connection.run(self._schema.delete_segment(part.name, number, self._segment))

    def _counts(self, table: str) -> dict[int, int]:
        """How many rows each segment has."""
        found = self._connection.rows(
            f"select intDiv(row, {self._segment}) as segment, count() as n from {self._schema.named(table)} group by segment",
            np.dtype([("segment", "<u8"), ("n", "<u8")]),
        )
        return dict(zip(found["segment"].tolist(), found["n"].tolist(), strict=True))

    def _span(self, number: int) -> tuple[int, int]:
        start = number * self._segment
        return start, min(start + self._segment, self._rows)

    def _report(self) -> None:
        self._progress(self.sent + self.kept, self._total, "Pushing")


def _add(digest: "blake2b", columns: Sequence[Column]) -> None:
    for column in columns:
        digest.update(f"{column.name} {column.kind} {len(column.data)} ".encode())
        digest.update(column.data)
