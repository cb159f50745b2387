"""The one shared state that all views show.

Views read it and set it and never talk to one another. A setter that is given the present value does nothing,
which alone ends echo loops. Values are immutable; a signal says what changed, and whoever cares reads it again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from hashviewer.planner import Plan
from hashviewer.search import Matches, SearchHow
from hashviewer.search.how import PROBE, Distance, Mode
from hashviewer.search.how import Order as Probing
from hashviewer.selection import Combine, Selection
from hashviewer.statistics import Buckets
from hashviewer.workspace import Query, Workspace


class Order(Enum):
    """How the photo grid is sorted."""

    RANK = "rank"
    DATE = "date"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Options:
    """How queries are answered.

    Attributes:
        k: How many ranked neighbours the grid shows.
        rerank: How many of the first are re-ordered; 0 for none.
        rerank_by: By what: see `SearchHow.rerank_by`.
        mode: Whether every code is compared ("rank"), or tables are looked into ("lookup", "multi").
        distance: By what the photos found are ordered.
        probe: How far "lookup" goes, in bits.
        probing: In which order it does.
        tables: How many tables "multi" has.
        reach: Within how many bits "multi" finds every photo; None for as far as an exact answer needs.
        by_mean: Whether a photo is to be near to all photos that are asked, not to any of them.
        turned: Whether pictures are asked mirrored and rotated, too.
    """

    k: int = 200
    rerank: int = 0
    mode: Mode = "rank"
    distance: Distance = "hamming"
    probe: int = PROBE
    probing: Probing = "distance"
    tables: int = 4
    reach: int | None = None
    by_mean: bool = False
    turned: bool = False
    rerank_by: str = "cosine"

    def how(self, bits: int, weights: tuple[float, ...] = (), *, segment: int = 0) -> SearchHow:
        """How a code set of `bits` bits is searched; what goes beyond its bits is brought down to them.

        Args:
            bits: Width of the codes.
            weights: (bits,) of its bits; empty lets all count alike.
            segment: Bits of a segment, where its codes have some.
        """
        mode = "rank" if self.distance in ("segments", "adc") else self.mode  # tables know bits alone
        values = weights or (1.0,) * bits
        reach = self.probe if mode == "lookup" else self.reach if mode == "multi" else None
        return SearchHow(
            mode=mode,
            distance=self.distance,
            weights=values if self.distance == "weighted" else None,
            segment=segment,
            tables=min(self.tables, bits) if mode == "multi" else SearchHow().tables,
            probe=None if reach is None else min(reach, bits),
            order=self.probing if mode == "lookup" else "distance",
            rerank_by=self.rerank_by,
        )

    def searching(self, how: SearchHow) -> "Options":
        """The options that search through the same tables; what the photos found are ordered by stays as it is."""
        chosen = replace(self, mode=how.mode)
        if how.mode == "lookup":
            return replace(chosen, probe=how.reach, probing=how.order)
        if how.mode == "multi":
            return replace(chosen, tables=how.tables, reach=how.probe)
        return chosen


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each bit of a code set counts.

    Attributes:
        codes: Key of the code set.
        values: One for each bit, finite, 0 or more.
    """

    codes: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The answer to a query; `query` is what was asked, so that nothing stale is taken for new.

    Attributes:
        query: What was asked.
        matches: The ranking.
        options: How it was asked.
        buckets: The buckets around it, to the radius that it is first shown with, so that all views show it in one
            frame; None where they are too many to wait for.
        instead_of: The approximate answer to the same question that this exact one stands in for, to be compared with.
    """

    query: Query
    matches: Matches
    options: Options
    buckets: Buckets | None = None
    instead_of: Matches | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RowFilter:
    """The rows that the grid is narrowed to, and why, in words.

    Attributes:
        text: What the user sees, such as "bucket 3f…, 4 photos" or "name contains beach".
        rows: Row numbers, ascending.
        search: True when queries are to be answered within these rows only; False narrows the display alone.
    """

    text: str
    rows: NDArray[np.int64]
    search: bool = False


T = TypeVar("T")


class _Shared(Generic[T]):
    """A property of the explorer whose change emits the signal named ``<name>_changed``."""

    def __init__(self, initial: T) -> None:
        self._initial = initial
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, explorer: "Explorer", owner: type | None = None) -> T:
        value: T = explorer.__dict__.get(self._name, self._initial)
        return value

    def __set__(self, explorer: "Explorer", value: T) -> None:
        present = self.__get__(explorer)
        if value is present or (type(value) is type(present) and value == present):
            return
        explorer.__dict__[self._name] = value
        getattr(explorer, f"{self._name}_changed").emit()


class Explorer(QObject):
    """What is open, asked, answered and selected.

    Attributes:
        workspace: The open library, or None on the welcome page.
        codes: Key of the code set shown, or None when the library has no codes yet.
        query: What is asked, or None.
        results: The answer to `query`, or None while there is none; compare ``results.query is query`` before
            trusting it, and dim what it shows when they differ.
        selection: Selected rows, and the current one.
        hover: The row under the pointer, or None.
        bit: The bit in focus (0-based), or None.
        radius: The Hamming radius that cuts grid and buckets, in bits.
        order: How the grid is sorted.
        row_filter: The rows the grid is narrowed to, or None.
        options: How queries are answered.
        weights: How much the bits count where the distance is weighted; None lets all count alike.
        exact: Whether the present query is answered exactly, whatever the options say.
        plan: The plan that the open library remembers for the code set shown, or None.
        can_go_back: Whether there is a query before the present one; `back_asked` leads there.
        can_go_forward: Whether there is a query after it; `forward_asked` leads there.
        changing: Whether more changes follow that belong together; whoever draws waits for `settled`.

    Signals:
        workspace_changed and so on, one for each attribute.
        settled: Several changes made `together` are over.
        library_grew: The open library has new rows or codes (indexing runs); row numbers stay valid.
    """

    workspace_changed = Signal()
    codes_changed = Signal()
    query_changed = Signal()
    results_changed = Signal()
    selection_changed = Signal()
    hover_changed = Signal()
    bit_changed = Signal()
    radius_changed = Signal()
    order_changed = Signal()
    row_filter_changed = Signal()
    options_changed = Signal()
    weights_changed = Signal()
    exact_changed = Signal()
    plan_changed = Signal()
    can_go_back_changed = Signal()
    can_go_forward_changed = Signal()
    library_grew = Signal()
    settled = Signal()

    workspace: _Shared[Workspace | None] = _Shared(None)
    codes: _Shared[str | None] = _Shared(None)
    query: _Shared[Query | None] = _Shared(None)
    results: _Shared[Results | None] = _Shared(None)
    selection: _Shared[Selection] = _Shared(Selection())
    hover: _Shared[int | None] = _Shared(None)
    bit: _Shared[int | None] = _Shared(None)
    radius: _Shared[int] = _Shared(0)
    order: _Shared[Order] = _Shared(Order.RANK)
    row_filter: _Shared[RowFilter | None] = _Shared(None)
    options: _Shared[Options] = _Shared(Options())
    weights: _Shared[Weights | None] = _Shared(None)
    exact: _Shared[bool] = _Shared(False)  # noqa: FBT003 - an initial value
    plan: _Shared[Plan | None] = _Shared(None)
    can_go_back: _Shared[bool] = _Shared(False)  # noqa: FBT003 - an initial value
    can_go_forward: _Shared[bool] = _Shared(False)  # noqa: FBT003 - an initial value

    # What the user asks for that is an action, not a state: the controller listens.
    row_asked = Signal(int)  # "more like this": a row becomes the query
    image_asked = Signal(object, str)  # a Path, encoded picture bytes or a Crop becomes the query; title
    rows_asked = Signal(object)  # a list of rows becomes the query together
    rows_unwanted = Signal(object)  # a list of rows: what is like them is to be left out
    part_unasked = Signal(int)  # one of the query's photos is to go: wanted ones first, as they are shown
    bit_turned = Signal(int)  # a bit of the query's code is to be turned over
    back_asked = Signal()
    forward_asked = Signal()
    failed = Signal(str)  # a sentence to show where the user looks

    def __init__(self) -> None:
        super().__init__()
        self.changing = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """Changes that are one to the user, such as a query and its answer: views draw once, after the last."""
        outermost = not self.changing
        self.changing = True
        try:
            yield
        finally:
            if outermost:
                self.changing = False
                self.settled.emit()

    def select(self, rows: list[int], how: Combine = Combine.REPLACE) -> None:
        """Change the selection by a gesture on `rows`."""
        self.selection = self.selection.combined(rows, how)

    @property
    def current(self) -> int | None:
        """The row that single-photo views show: the current selection, else the query's own row."""
        if self.selection.current is not None:
            return self.selection.current
        return self.query.row if self.query is not None else None
