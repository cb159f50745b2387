"""Turns what is asked into tasks and their results into state."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from hashviewer.progress import Progress, silent
from hashviewer.search import Matches
from hashviewer.selection import Selection
from hashviewer.statistics import Buckets
from hashviewer.ui.explorer import Explorer, Options, Results, RowFilter
from hashviewer.ui.filtering import rows_with_words
from hashviewer.ui.history import History
from hashviewer.ui.suggesting import suggestion
from hashviewer.ui.tasks import TaskQueue
from hashviewer.workspace import Query, Workspace


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One question on the trail: what was asked, so that it can be asked again of another code set."""

    source: int | Path | bytes  # a row, or a picture from outside
    title: str
    query: Query


FEW = 20_000  # photos whose buckets are counted in a few milliseconds


@dataclass(frozen=True, slots=True, eq=False)
class _Setting:
    """What is searched, and how."""

    workspace: Workspace
    options: Options
    row_filter: RowFilter | None
    radius: int | None  # to count buckets to; None suggests one

    def is_of(self, explorer: Explorer) -> bool:
        """Whether nothing of it has changed meanwhile."""
        return (self.workspace, self.options, self.row_filter) == (
            explorer.workspace,
            explorer.options,
            explorer.row_filter,
        )

    def rows(self) -> NDArray[np.bool_] | None:
        """(N,) True for the rows to search; None for all."""
        if self.row_filter is None or not self.row_filter.search:
            return None
        mask = np.zeros(len(self.workspace.library), dtype=np.bool_)
        mask[self.row_filter.rows] = True
        return mask


class Controller(QObject):
    """Asks, searches, filters; owns the trail of queries.

    Signals:
        suggesting_changed: The radius is suggested again, or the user has fixed it.
    """

    suggesting_changed = Signal()

    def __init__(self, explorer: Explorer, tasks: TaskQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.explorer = explorer
        self.tasks = tasks
        self.history: History[Step] = History()
        self.suggesting = True
        self._own_radius = False
        self._may_warm_up = False  # not before the window is painted
        self._filter_before: RowFilter | None = None
        self._connect()

    def _connect(self) -> None:
        explorer = self.explorer
        explorer.row_asked.connect(self.ask_row)
        explorer.image_asked.connect(self.ask_image)
        explorer.back_asked.connect(self.go_back)
        explorer.forward_asked.connect(self.go_forward)
        explorer.codes_changed.connect(self._on_codes_changed)
        explorer.options_changed.connect(self.search)
        explorer.radius_changed.connect(self._on_radius_changed)
        explorer.row_filter_changed.connect(self._on_filter_changed)
        explorer.library_grew.connect(self._on_library_grew)

    # The open library

    def show_workspace(self, workspace: Workspace | None) -> None:
        """Show another library, or none; the one before is closed."""
        explorer, before = self.explorer, self.explorer.workspace
        for key in ("query", "search", "filter", "arrange", "warm up"):
            self.tasks.cancel(key)
        self._set_history(History())
        explorer.query = None
        explorer.results = None
        explorer.selection = Selection()
        explorer.hover = None
        explorer.row_filter = None
        explorer.bit = None
        explorer.codes = None
        explorer.workspace = workspace
        if before is not None:
            self.tasks.run(f"close {id(before)}", before.close)
        if workspace is not None:
            explorer.codes = workspace.default_codes()

    def begin_warm_up(self) -> None:
        """From now on start encoders for pictures from outside as soon as their code set is shown."""
        self._may_warm_up = True
        self._warm_up()

    def _warm_up(self) -> None:
        workspace, codes = self.explorer.workspace, self.explorer.codes
        if not self._may_warm_up:
            return
        if workspace is not None and codes is not None:
            self.tasks.run("warm up", workspace.warm_up, codes, on_error=_already_logged)

    # Asking

    def ask_row(self, row: int) -> None:
        """Make a photo of the library the query."""
        self._ask(row, "", remember=True)

    def ask_image(self, source: object, title: str) -> None:
        """Make a picture from outside the query: a path, or encoded bytes."""
        if isinstance(source, Path | bytes):
            self._ask(source, title, remember=True)

    def go_back(self) -> None:
        """The query before."""
        self._go_to(self.history.back())

    def go_forward(self) -> None:
        """The query after, once one has gone back."""
        self._go_to(self.history.forward())

    def forget_query(self) -> None:
        """Show the whole library again; back leads to the query."""
        self.tasks.cancel("query")
        self.tasks.cancel("search")
        self.explorer.query = None
        self.explorer.results = None

    def _go_to(self, history: History[Step]) -> None:
        step = history.present
        if step is None or (history is self.history and self.explorer.query is step.query):
            return
        self._set_history(history)
        if step.query.codes == self.explorer.codes:
            self.tasks.cancel("query")
            self._take_query(step.query)
        else:
            self._ask(step.source, step.title, remember=False)

    def _ask(self, source: int | Path | bytes, title: str, *, remember: bool) -> None:
        workspace, codes = self.explorer.workspace, self.explorer.codes
        if workspace is None:
            self.explorer.failed.emit("Open a library first; then it can be searched with this picture.")
            return
        if codes is None:
            self.explorer.failed.emit(
                "This library has no codes yet, so there is nothing to compare with. "
                "Add photos (File > Refresh library) or wait until the first are encoded."
            )
            return
        make: Callable[[], Query]
        if isinstance(source, int):
            make, label = partial(workspace.query_row, source, codes=codes), ""
        else:
            make, label = (
                partial(workspace.query_image, source, codes=codes, title=title),
                "Encoding the picture",
            )
        setting = self._setting(workspace)
        done = partial(self._on_answered, source, title, remember, setting)
        self.tasks.run("query", _answer, make, setting, on_done=done, label=label)

    def _on_answered(
        self,
        source: int | Path | bytes,
        title: str,
        remember: bool,  # noqa: FBT001 - bound by partial
        setting: "_Setting",
        answer: tuple[Query, Matches, Buckets | None],
    ) -> None:
        query, matches, buckets = answer
        step = Step(source, title, query)
        self.tasks.cancel("search")
        with self.explorer.together():
            if remember:
                self._set_history(self.history.after(step))
            else:
                self._set_history(self.history.with_present(step))
            self.explorer.query = query
            if setting.is_of(self.explorer):
                self._on_found(query, matches, buckets)
            else:
                self.search()

    def _take_query(self, query: Query) -> None:
        self.explorer.query = query
        self.search()

    def _set_history(self, history: History[Step]) -> None:
        self.history = history
        self.explorer.can_go_back = history.can_go_back
        self.explorer.can_go_forward = history.can_go_forward

    # Searching

    def search(self) -> None:
        """Answer the present query with the present options."""
        explorer = self.explorer
        query, workspace = explorer.query, explorer.workspace
        if query is None or workspace is None:
            return
        self.tasks.run(
            "search",
            _search,
            query,
            self._setting(workspace),
            on_done=partial(self._on_found, query),
            pass_progress=True,
            label="Searching",
        )

    def _setting(self, workspace: Workspace) -> "_Setting":
        radius = None if self.suggesting else self.explorer.radius
        return _Setting(workspace, self.explorer.options, self.explorer.row_filter, radius)

    def _on_found(self, query: Query, matches: Matches, buckets: Buckets | None = None) -> None:
        explorer = self.explorer
        if query is not explorer.query:
            return
        known = explorer.results
        asked_anew = known is None or known.query is not query
        if self.suggesting and (asked_anew or _has_grown(known, matches)):
            self._set_radius(suggestion(matches, query).radius)
        explorer.results = Results(query, matches, explorer.options, buckets)

    # The radius

    def suggest_radius(self, *, suggest: bool) -> None:
        """Suggest the radius at every new query, or keep the present one."""
        if suggest == self.suggesting:
            return
        self.suggesting = suggest
        results = self.explorer.results
        if suggest and results is not None:
            self._set_radius(suggestion(results.matches, results.query).radius)
        self.suggesting_changed.emit()

    def _set_radius(self, radius: int) -> None:
        self._own_radius = True
        self.explorer.radius = radius
        self._own_radius = False

    def _on_radius_changed(self) -> None:
        if not self._own_radius and self.suggesting:
            self.suggesting = False
            self.suggesting_changed.emit()

    # Filtering

    def filter_by(self, text: str) -> None:
        """Narrow grid and search to the photos with all these words in path or label; nothing for no filter."""
        workspace = self.explorer.workspace
        if not text.strip() or workspace is None:
            self.tasks.cancel("filter")
            self.explorer.row_filter = None
            return
        work = partial(rows_with_words, workspace.library, text)
        self.tasks.run(
            "filter", work, on_done=partial(self._on_filtered, text), pass_progress=True, label="Filtering"
        )

    def _on_filtered(self, text: str, rows: NDArray[np.int64]) -> None:
        self.explorer.row_filter = RowFilter(f"“{text.strip()}”", rows, search=True)

    def _on_filter_changed(self) -> None:
        before, now = self._filter_before, self.explorer.row_filter
        self._filter_before = now
        if (before is not None and before.search) or (now is not None and now.search):
            self.search()

    # Following what changes

    def _on_codes_changed(self) -> None:
        self._warm_up()
        query, step = self.explorer.query, self.history.present
        if query is None or step is None or query.codes == self.explorer.codes:
            return
        if self.explorer.codes is not None:
            self._ask(step.source, step.title, remember=False)

    def _on_library_grew(self) -> None:
        workspace = self.explorer.workspace
        if workspace is None:
            return
        if self.explorer.codes is None:
            self.explorer.codes = workspace.default_codes()
        if not self.tasks.runs("search"):
            self.search()


def _answer(make: Callable[[], Query], setting: _Setting) -> tuple[Query, Matches, Buckets | None]:
    """In a worker: the query, its answer and the buckets around it, which the views show as one change."""
    query = make()
    matches = _search(query, setting)
    radius = suggestion(matches, query).radius if setting.radius is None else setting.radius
    radius = min(radius, matches.bits)
    if matches.within(radius) > FEW:
        return query, matches, None
    distances = matches.all_distances
    return query, matches, setting.workspace.buckets(query, radius=radius, distances=distances)


def _search(query: Query, setting: _Setting, *, progress: Progress = silent) -> Matches:
    rerank = 0 if query.feature is None else setting.options.rerank
    return setting.workspace.search(
        query, k=setting.options.k, rerank=rerank, rows=setting.rows(), progress=progress
    )


def _has_grown(known: Results | None, matches: Matches) -> bool:
    return known is not None and len(known.matches.all_distances) != len(matches.all_distances)


def _already_logged(_error: Exception) -> None:
    """The queue has written it down; the user learns of it when a picture is asked."""
