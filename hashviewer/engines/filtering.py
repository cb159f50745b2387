"""Which rows are searched, as values beside a statement: labels, dates and row sets never become its text."""

import base64
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hashviewer.engines.connection import Value


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """The rows to search: those to which everything given applies.

    Attributes:
        labels: Numbers of labels (-1 = none), any of which a row may have; None for all.
        since: Taken then or later, s since 1970; None for any. A photo without a date is left out.
        until: Taken before; None for any.
        rows: (n,) True for the rows to search; rows beyond its end are left out. None for all.
    """

    labels: tuple[int, ...] | None = None
    since: float | None = None
    until: float | None = None
    rows: NDArray[np.bool_] | None = None

    @property
    def by_rows_alone(self) -> bool:
        """Whether the table of chunks, which has neither labels nor dates, can apply it."""
        return self.labels is None and self.since is None and self.until is None

    @property
    def everything(self) -> bool:
        """Whether it leaves nothing out."""
        return self.by_rows_alone and self.rows is None

    def condition(self) -> "Condition":
        """It as a condition on the columns row, shown, label and taken."""
        parts, values = ["shown"], dict[str, Value]()
        if self.labels is not None:
            parts.append("has({labels:Array(Int32)}, label)")
            values["labels"] = list(self.labels)
        if self.since is not None:
            parts.append("taken >= {since:Float64}")
            values["since"] = float(self.since)
        if self.until is not None:
            parts.append("taken < {until:Float64}")
            values["until"] = float(self.until)
        if self.rows is not None:
            parts.append("bitTest(marks[bitShiftRight(row, 6) + 1], bitAnd(row, 63))")  # beyond the end is 0
            values["marks"] = _marks(self.rows)
        return Condition(" and ".join(parts), values, marked=self.rows is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A condition in ClickHouse's words.

    Attributes:
        text: The condition.
        values: What it names.
        marked: Whether it names `marks`, which a statement must define by `before`.
    """

    text: str
    values: dict[str, Value] = field(default_factory=dict)
    marked: bool = False

    @property
    def before(self) -> str:
        """What a statement begins with."""
        if not self.marked:
            return ""
        return "with (select reinterpret(base64Decode({marks:String}), 'Array(UInt64)')) as marks "


def _marks(rows: NDArray[np.bool_]) -> str:
    """Row marks (n,) as bits of 64-bit words, in base64: an eighth of a byte for each row."""
    packed = np.packbits(rows, bitorder="little")
    whole = np.zeros(max(-(-len(packed) // 8), 1) * 8, dtype=np.uint8)
    whole[: len(packed)] = packed
    return base64.b64encode(whole.tobytes()).decode("ascii")
