"""A set of selected rows, immutable, and the ways to combine it with a new one."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Self


class Combine(Enum):
    """What a new gesture does to the present selection."""

    REPLACE = "replace"
    ADD = "add"
    TOGGLE = "toggle"


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of the library that are selected.

    Attributes:
        rows: The selected rows, ascending, without doubles.
        current: The one row that single-photo views show; one of `rows`, or None when nothing is selected.
    """

    rows: tuple[int, ...] = ()
    current: int | None = None

    @classmethod
    def of(cls, rows: Iterable[int], *, current: int | None = None) -> Self:
        """A selection of `rows`; `current` defaults to the first row given."""
        given = list(rows)
        if current is None or current not in given:
            current = given[0] if given else None
        return cls(rows=tuple(sorted(set(given))), current=current)

    def combined(self, rows: Iterable[int], how: Combine) -> "Selection":
        """This selection after a gesture on `rows`."""
        given = list(rows)
        if how is Combine.REPLACE:
            return Selection.of(given)
        if how is Combine.ADD:
            return Selection.of([*self.rows, *given], current=given[0] if given else self.current)
        kept = set(self.rows) ^ set(given)
        current = given[0] if given and given[0] in kept else None
        return Selection.of(sorted(kept), current=current)

    def __contains__(self, row: int) -> bool:
        return row in self.rows

    def __len__(self) -> int:
        return len(self.rows)
