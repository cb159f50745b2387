"""Reading the tables of a pushed library, so that every answer is whole and of one push."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.engines.columns import Reader, read_texts
from hashviewer.engines.connection import Connection, Values
from hashviewer.engines.pushed import GENERATION, STATE, WHOLE, Pushed, PushedCodes, half_pushed, read_pushed
from hashviewer.engines.schema import NOTES, PHOTOS, Schema
from hashviewer.errors import EngineError, SearchError
from hashviewer.library import PhotoRecord
from hashviewer.library import paths as path_bytes

T = TypeVar("T")

_RECORD = np.dtype(
    [
        ("row", "<u8"),
        ("size", "<i8"),
        ("mtime_ns", "<i8"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("orientation", "u1"),
        ("taken", "<f8"),
        ("label", "<i4"),
        ("missing", "u1"),
    ]
)
_STATE = np.dtype([("generation", "<u8"), ("whole", "u1"), ("rows", "<u8")])


class PushedAnewError(EngineError):
    """The library was pushed anew since it was looked at: `refresh`, and ask again."""


class LackingRowsError(EngineError):
    """Fewer rows answer than were pushed, or more."""


class PushedTables:
    """The tables of a pushed library.

    Args:
        connection: To the engine.

    Raises:
        EngineError: There is no whole library; the text says why.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.schema = Schema(connection.address)
        self._pushed = read_pushed(connection)

    @property
    def pushed(self) -> Pushed:
        """What is there, as of the last `refresh`."""
        return self._pushed

    @property
    def address(self) -> str:
        """Where it is, for the user."""
        return str(self.connection.address)

    def refresh(self) -> bool:
        """Look at what is there now; True if it was pushed anew."""
        self.connection.try_again()
        before, self._pushed = self._pushed, read_pushed(self.connection)
        return before.generation != self._pushed.generation

    def close(self) -> None:
        """Let the engine go."""
        self.connection.close()

    # About the photos

    def numbers(self, column: str, kind: str) -> NDArray[Any]:
        """(N,) a column of the photos: numbers of numpy's type `kind`."""
        photos = self.schema.named(PHOTOS)
        return self.whole(PHOTOS, lambda: self.every(f"select {column} from {photos} order by row", kind))

    def numbers_of(self, column: str, kind: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        """(n,) the same of some rows."""
        kinds = np.dtype([("row", "<u8"), ("value", kind)])
        where, values = _some(rows)
        text = f"select row, {column} from {self.schema.named(PHOTOS)} {where}"
        found = self.whole(PHOTOS, lambda: self.connection.rows(text, kinds, values))
        return found["value"][self._places(found["row"], rows)]

    def photos(self, rows: NDArray[np.int64]) -> list[PhotoRecord]:
        """All there is to know about some photos, in any order."""
        where, values = _some(rows)
        fields = ", ".join(("path", "content", *(_RECORD.names or ())))
        text = f"select {fields} from {self.schema.named(PHOTOS)} {where}"
        reader = Reader(self.whole(PHOTOS, lambda: self.connection.ask(text, values)))
        found = []
        while reader:
            path, content = reader.text(), reader.text()
            found.append(self._record(path, content, reader.numbers(_RECORD, 1)[0]))
        if len(found) != len(np.unique(rows)):
            raise self.lacking(len(found), len(np.unique(rows)))
        return found

    def texts(self, column: str, rows: NDArray[np.int64]) -> list[bytes]:
        """A column of texts of some photos, in the order asked for."""
        where, values = _some(rows)
        text = f"select row, {column} from {self.schema.named(PHOTOS)} {where}"
        reader = Reader(self.whole(PHOTOS, lambda: self.connection.ask(text, values)))
        found: dict[int, bytes] = {}
        while reader:
            row = reader.number("<u8")
            found[row] = reader.text()
        wanted = rows.tolist()
        if any(row not in found for row in wanted):
            raise self.lacking(len(found), len(set(wanted)))
        return [found[row] for row in wanted]

    def all_texts(self, column: str) -> list[bytes]:
        """A column of texts of all photos, by row."""
        text = f"select {column} from {self.schema.named(PHOTOS)} order by row"
        found = self.whole(PHOTOS, lambda: list(read_texts(self.connection.ask(text))))
        if len(found) != self._pushed.rows:
            raise self.lacking(len(found), self._pushed.rows)
        return found

    # About a code set

    def codes_of(self, codes: str, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The codes (n, W) of some rows, and which of them have one (n,)."""
        width = packed.width(self.code_set(codes).info.bits)
        kinds = np.dtype([("row", "<u8"), ("encoded", "u1"), ("code", "u1", (width,))])
        where, values = _some(rows)
        text = f"select row, encoded, code from {self.code_table(codes)} {where}"
        found = self.whole(self.schema.codes(codes), lambda: self.connection.rows(text, kinds, values))
        places = self._places(found["row"], rows)
        return found["code"][places], found["encoded"][places].astype(np.bool_)

    def all_codes(self, codes: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """All codes (N, W), and which rows have one (N,)."""
        table, width = self.code_table(codes), packed.width(self.code_set(codes).info.bits)

        def ask() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
            found = self.every(f"select code from {table} order by row", f"V{width}")
            encoded = self.every(f"select encoded from {table} order by row", "u1")
            return found.view(np.uint8).reshape(-1, width), encoded.astype(np.bool_)

        return self.whole(self.schema.codes(codes), ask)

    def shown(self, codes: str) -> NDArray[np.bool_]:
        """(N,) True for the rows that queries can find."""
        text = f"select shown from {self.code_table(codes)} order by row"
        found = self.whole(self.schema.codes(codes), lambda: self.every(text, "u1"))
        return found.astype(np.bool_)

    def code_set(self, key: str) -> PushedCodes:
        """The code set called `key`.

        Raises:
            SearchError: It is not there.
        """
        known = self._pushed.code_sets.get(key)
        if known is None:
            there = ", ".join(self._pushed.code_sets) or "none"
            raise SearchError(
                f"The engine at {self.address} has no code set “{key}”; it has {there}. Push the library again to add it."
            )
        return known

    def code_table(self, key: str) -> str:
        """How a statement names a code set's table."""
        return self.schema.named(self.schema.codes(key))

    # Whole answers

    def whole(self, table: str, ask: Callable[[], T]) -> T:
        """What `ask` gives, if all rows of `table` were there and none was written meanwhile.

        A push counts up the generation before it changes a row, so an answer is of the push that this object knows of
        if that is still the latest one afterwards.

        Raises:
            PushedAnewError: There is a newer push.
            EngineError: A push is under way, or a part of the rows does not answer.
        """
        pushed = self._pushed
        try:
            answer = ask()
        except LackingRowsError:
            self._check(table, pushed)  # a newer push explains it better
            raise
        self._check(table, pushed)
        return answer

    def every(self, text: str, kind: str, values: Values | None = None) -> NDArray[Any]:
        """A column of all rows, by row: (N,)."""
        rows = self._pushed.rows
        found = self.connection.column(text, kind, values or {})
        if len(found) != rows:
            raise self.lacking(len(found), rows)
        return found

    def lacking(self, found: int, expected: int) -> EngineError:
        """The error for rows that do not answer."""
        return LackingRowsError(
            f"{found:,} rows at {self.address} answer where {expected:,} were pushed: a part of the engine is missing, or "
            "something else has written to it. No partial answer is shown. Ask again once every shard is up; if that does not "
            "help, push the library again."
        )

    def _check(self, table: str, pushed: Pushed) -> None:
        """Raise unless what is there is still this push, whole."""
        notes = self.schema.named(NOTES)
        state = self.connection.rows(
            f"select toUInt64OrZero(argMaxIf(value, version, name = '{GENERATION}')) as generation, "
            f"argMaxIf(value, version, name = '{STATE}') = '{WHOLE}' as whole, "
            f"assumeNotNull((select count() from {self.schema.named(table)})) as rows from {notes}",
            _STATE,
        )[0]
        if not state["whole"]:
            raise EngineError(half_pushed(self.connection.address, pushed))
        if int(state["generation"]) != pushed.generation:
            raise PushedAnewError(
                f"“{pushed.name}” was pushed to {self.address} anew since it was opened. Refresh it and ask again."
            )
        if int(state["rows"]) != pushed.rows:
            raise self.lacking(int(state["rows"]), pushed.rows)

    def _record(self, path: bytes, content: bytes, told: NDArray[Any]) -> PhotoRecord:
        taken, label = float(told["taken"]), int(told["label"])
        return PhotoRecord(
            row=int(told["row"]),
            path=path_bytes.decode(path),
            size=int(told["size"]),
            mtime_ns=int(told["mtime_ns"]),
            content=content.decode(),
            width=int(told["width"]),
            height=int(told["height"]),
            orientation=int(told["orientation"]),
            taken=None if np.isnan(taken) else taken,
            label=self._pushed.label_names[label] if label >= 0 else "",
            missing=bool(told["missing"]),
        )

    def _places(self, found: NDArray[np.uint64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where each of `rows` (n,) stands among those found (m,), in any order."""
        order = np.argsort(found, kind="stable")
        places = np.searchsorted(found, rows.astype(np.uint64), sorter=order)
        if len(rows) and (
            not len(found)
            or places.max() >= len(found)
            or (found[order[places]] != rows.astype(np.uint64)).any()
        ):
            raise self.lacking(len(found), len(np.unique(rows)))
        return order[places] if len(rows) else np.empty(0, dtype=np.int64)


def _some(rows: NDArray[np.int64]) -> tuple[str, Values]:
    """The condition for some rows, and its values; a run of rows needs its ends only."""
    if len(rows) and (np.diff(rows) == 1).all():
        return "where row between {first:UInt64} and {last:UInt64}", {
            "first": int(rows[0]),
            "last": int(rows[-1]),
        }
    return "where row in {rows:Array(UInt64)}", {"rows": rows.tolist()}
