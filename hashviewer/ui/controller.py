"""Turns what is asked into tasks and their results into state."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from hashviewer.search import Matches
from hashviewer.selection import Selection
from hashviewer.statistics import Buckets
from hashviewer.ui.answering import Setting, answer, find
from hashviewer.ui.asking import MOST_PARTS, Crop, Part, Question, Step, make
from hashviewer.ui.explorer import Explorer, Options, Results, RowFilter
from hashviewer.ui.filtering import rows_with_words
from hashviewer.ui.history import History
from hashviewer.ui.quantized import fitting
from hashviewer.ui.suggesting import suggestion
from hashviewer.ui.tasks import TaskQueue
from hashviewer.workspace import Query, Workspace

NOT_OPEN = "Open a library first; then it can be searched with this picture."
NOT_ENCODED = (
    "This library has no codes yet, so there is nothing to compare with. "
    "Add photos (File > Refresh library) or wait until the first are encoded."
)


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
        self._options_before = Options()
        self._asking: tuple[Question, bool] | None = None  # under way, and whether it is a step of its own
        self._connect()

    def _connect(self) -> None:
        explorer = self.explorer
        explorer.row_asked.connect(self.ask_row)
        explorer.image_asked.connect(self.ask_image)
        explorer.rows_asked.connect(self.ask_rows)
        explorer.rows_unwanted.connect(self.leave_out)
        explorer.part_unasked.connect(self.drop_part)
        explorer.bit_turned.connect(self.turn_bit)
        explorer.back_asked.connect(self.go_back)
        explorer.forward_asked.connect(self.go_forward)
        explorer.codes_changed.connect(self._on_codes_changed)
        explorer.options_changed.connect(self._on_options_changed)
        explorer.weights_changed.connect(self._on_weights_changed)
        explorer.exact_changed.connect(self._on_exact_changed)
        explorer.radius_changed.connect(self._on_radius_changed)
        explorer.row_filter_changed.connect(self._on_filter_changed)
        explorer.library_grew.connect(self._on_library_grew)
        self.tasks.finished.connect(self._on_task_finished)

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
        self._ask(Question((Part(row),)))

    def ask_rows(self, rows: Sequence[int]) -> None:
        """Make several photos of the library the query."""
        if rows:
            self._ask(Question(tuple(Part(int(row)) for row in rows[:MOST_PARTS])))

    def ask_image(self, source: object, title: str) -> None:
        """Make a picture from outside the query: a path, encoded bytes, or a part of one."""
        if isinstance(source, Path | bytes | Crop):
            self._ask(Question((Part(source, title),)))

    def leave_out(self, rows: Sequence[int]) -> None:
        """Leave out of the answer what is like some photos."""
        question = self._present()
        if question is None:
            self.explorer.failed.emit("Ask with a photo first; then say which of the answers are not meant.")
            return
        known = {part.source for part in question.parts if isinstance(part.source, int)}
        added = tuple(Part(int(row)) for row in rows if row not in known)[
            : MOST_PARTS - len(question.unwanted)
        ]
        if added:
            self._ask(replace(question, unwanted=question.unwanted + added))

    def drop_part(self, index: int) -> None:
        """Ask without one of the photos asked; without any wanted one the whole library is shown."""
        question = self._present()
        if question is None or not 0 <= index < len(question.parts):
            return
        rest = question.without(index)
        if rest is None:
            self.forget_query()
        else:
            self._ask(rest)

    def turn_bit(self, bit: int) -> None:
        """Turn a bit of the query's code over; all that are turned over in a row are one step on the trail."""
        question = self._present()
        if question is not None:
            remember = self._asking[1] if self._asking is not None else not question.flipped
            self._ask(question.with_bit_turned(bit), remember=remember)

    def _present(self) -> Question | None:
        """What is being asked, or else what was asked last."""
        if self._asking is not None:
            return self._asking[0]
        step = self.history.present
        return None if step is None or self.explorer.query is None else step.question

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
            self._ask(_without_bits(step.question), remember=False)

    def _ask(self, question: Question, *, remember: bool = True) -> None:
        workspace, codes = self.explorer.workspace, self.explorer.codes
        if workspace is None or codes is None:
            self.explorer.failed.emit(NOT_OPEN if workspace is None else NOT_ENCODED)
            return
        step, setting = self.history.present, self._setting(workspace, exact=False)
        known = {} if step is None else step.made
        ask = partial(make, workspace, codes, question, known, turned=setting.options.turned)
        self.tasks.run(
            "query",
            answer,
            ask,
            setting,
            on_done=partial(self._on_answered, remember, setting),
            pass_progress=True,
            label=_label(question, setting.options),
        )
        self._asking = (question, remember)

    def _on_answered(
        self,
        remember: bool,  # noqa: FBT001 - bound by partial
        setting: Setting,
        answered: tuple[Step, Matches, Buckets | None],
    ) -> None:
        step, matches, buckets = answered
        self.tasks.cancel("search")
        with self.explorer.together():
            if remember:
                self._set_history(self.history.after(step))
            else:
                self._set_history(self.history.with_present(step))
            self.explorer.query = step.query
            self.explorer.exact = False
            if setting.is_of(self.explorer):
                self._on_found(step.query, None, matches, buckets)
            else:
                self.search()

    def _on_task_finished(self, key: str) -> None:
        if key == "query":
            self._asking = None

    def _take_query(self, query: Query) -> None:
        with self.explorer.together():
            self.explorer.query = query
            self.explorer.exact = False
        self.search()

    def _set_history(self, history: History[Step]) -> None:
        self.history = history
        self.explorer.can_go_back = history.can_go_back
        self.explorer.can_go_forward = history.can_go_forward

    # Searching

    def search(self) -> None:
        """Answer the present query with the present options."""
        self._search(None)

    def show_exact(self) -> None:
        """Answer the present query exactly, whatever the options say; again: as they say."""
        results = self.explorer.results
        if results is None or results.query is not self.explorer.query:
            return
        if self.explorer.exact or not results.matches.exact:
            self.explorer.exact = not self.explorer.exact

    def _search(self, instead_of: Matches | None) -> None:
        explorer = self.explorer
        query, workspace = explorer.query, explorer.workspace
        if query is None or workspace is None:
            return
        self.tasks.run(
            "search",
            find,
            query,
            self._setting(workspace, exact=explorer.exact),
            on_done=partial(self._on_found, query, instead_of),
            pass_progress=True,
            label="Searching",
        )

    def _setting(self, workspace: Workspace, *, exact: bool) -> Setting:
        return replace(Setting.of(self.explorer, workspace, suggesting=self.suggesting), exact=exact)

    def _on_found(
        self, query: Query, instead_of: Matches | None, matches: Matches, buckets: Buckets | None = None
    ) -> None:
        explorer = self.explorer
        if query is not explorer.query:
            return
        known = explorer.results
        asked_anew = known is None or known.query is not query
        if self.suggesting and (asked_anew or _has_grown(known, matches)):
            self._set_radius(suggestion(matches, query).radius)
        explorer.results = Results(query, matches, explorer.options, buckets, instead_of)

    def _on_exact_changed(self) -> None:
        results = self.explorer.results
        if self.explorer.changing or results is None or results.query is not self.explorer.query:
            return  # a new question is on its way
        self._search(results.matches if self.explorer.exact else None)

    def _on_options_changed(self) -> None:
        before, now = self._options_before, self.explorer.options
        self._options_before = now
        with self.explorer.together():
            self.explorer.exact = False
        step = self.history.present
        if before.turned is not now.turned and step is not None and self.explorer.query is step.query:
            self._ask(step.question, remember=False)
        else:
            self.search()

    def _on_weights_changed(self) -> None:
        if self.explorer.options.distance == "weighted":
            self.search()

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
        workspace, codes = self.explorer.workspace, self.explorer.codes
        if workspace is not None and codes is not None:
            self.explorer.options = fitting(self.explorer.options, workspace.code_set(codes))
        query, step = self.explorer.query, self.history.present
        if query is None or step is None or query.codes == self.explorer.codes:
            return
        if self.explorer.codes is not None:
            self._ask(_without_bits(step.question), remember=False)

    def _on_library_grew(self) -> None:
        workspace = self.explorer.workspace
        if workspace is None:
            return
        if self.explorer.codes is None:
            self.explorer.codes = workspace.default_codes()
        if not self.tasks.runs("search"):
            self.search()


def _label(question: Question, options: Options) -> str:
    """What is said about a question that takes its time."""
    if question.encodes or options.turned:
        return "Encoding the picture"
    return "" if options.mode == "rank" else "Searching"


def _without_bits(question: Question) -> Question:
    """The question for another code set, whose bits are others."""
    return replace(question, flipped=())


def _has_grown(known: Results | None, matches: Matches) -> bool:
    return known is not None and len(known.matches.all_distances) != len(matches.all_distances)


def _already_logged(_error: Exception) -> None:
    """The queue has written it down; the user learns of it when a picture is asked."""
