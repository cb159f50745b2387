"""Which way to search pays in this library: measured here, with the costs of each and a button that takes one."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from hashviewer.progress import Progress
from hashviewer.ui.empty_state import EmptyState
from hashviewer.ui.explorer import Explorer
from hashviewer.ui.tasks import TaskQueue, sentence
from hashviewer.ui.theme import tabular, theme_watcher
from hashviewer.ui.thumbnails import Thumbnails
from hashviewer.ui.views.base import View
from hashviewer.ui.views.labels import Sentence
from hashviewer.ui.views.plan_sliders import PlanSliders
from hashviewer.ui.views.plan_words import (
    building_text,
    figures_table,
    is_outdated,
    measured_text,
    query_text,
    share,
)
from hashviewer.ui.views.plot_loading import when_loaded
from hashviewer.ui.views.reading import answered
from hashviewer.workspace import Workspace

if TYPE_CHECKING:
    from hashviewer.planner import Plan
    from hashviewer.ui.views.plan_plot import PlanPlot

PLAN_TASK, KEEP_TASK = "plan", "keep-plan"
INVITATION = (
    "The planner tries every way to search this library, on this machine: comparing all codes, one table, several "
    "tables. It takes up to a minute, shows what each costs and finds, and says which pays. Nothing changes until you choose."
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be found."""

    recall: float
    k: int


class PlanView(View):
    """Cost-recall curves of all ways to search, sliders for r and m, the present query's cost, and the advice."""

    key: ClassVar[str] = "plan"
    title: ClassVar[str] = "Search planner"
    area: ClassVar[Qt.DockWidgetArea] = Qt.DockWidgetArea.RightDockWidgetArea
    redraw_on: ClassVar[tuple[str, ...]] = (
        "workspace_changed", "codes_changed", "plan_changed", "query_changed", "results_changed", "options_changed",
    )  # fmt: skip
    keys: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Click a point; Left, Right", "Pick a way to search, to see its figures"),
        ("Wheel, double-click", "Zoom; show all"),
    )

    def __init__(self, explorer: Explorer, tasks: TaskQueue, thumbnails: Thumbnails) -> None:
        super().__init__(explorer, tasks, thumbnails)
        self.plan: Plan | None = None
        self.plot: PlanPlot | None = None
        self._picked = 0
        self._of: tuple[Workspace, str] | None = None
        self._failure = ""
        self.empty = EmptyState()
        self.recall = QSpinBox(minimum=10, maximum=100, value=99, suffix=" %")
        self.neighbours = QSpinBox(minimum=1, maximum=10_000, value=100)
        self.measure = QPushButton("Measure again")
        self.cancel = QPushButton("Cancel")
        self.goal_line, self.advice, self.figures = Sentence(), Sentence(), QLabel()
        self.building, self.query_line, self.kept_line = Sentence(), Sentence(), Sentence()
        self.sliders = PlanSliders()
        self.use = QPushButton("Use this")
        self.content, self.planned = QWidget(), QWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.empty)
        layout.addWidget(self.content)
        self._build()
        self._connect()

    def _build(self) -> None:
        goal = QHBoxLayout()
        for spin, name in ((self.recall, "Recall"), (self.neighbours, "Nearest photos")):
            spin.setAccessibleName(name)
            spin.setFont(tabular(spin.font()))
        self.recall.setToolTip("Share of the nearest photos that must be found")
        self.neighbours.setToolTip("k: how many of the nearest photos count")
        for part in (self.recall, QLabel("of the"), self.neighbours, QLabel("nearest")):
            goal.addWidget(part)
        goal.addStretch(1)
        goal.addWidget(self.measure)
        goal.addWidget(self.cancel)
        outside = QVBoxLayout(self.content)
        outside.setContentsMargins(8, 6, 8, 6)
        outside.setSpacing(4)
        outside.addLayout(goal)
        outside.addWidget(self.goal_line)
        outside.addWidget(self.planned, stretch=1000)
        outside.addStretch(1)
        self._inside = QVBoxLayout(self.planned)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(4)
        self._inside.addWidget(self.advice)
        self._build_picked()
        self.content.hide()

    def _build_picked(self) -> None:
        """Below the plot: what is picked, what it costs, and taking it."""
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        foot = QHBoxLayout()
        foot.addWidget(self.use)
        foot.addWidget(self.kept_line, stretch=1)
        foot.addStretch(0)
        for widget in (self.sliders, self.figures, self.building, self.query_line):
            self._inside.addWidget(widget)
        self._inside.addLayout(foot)

    def _connect(self) -> None:
        self.empty.pressed.connect(self.start)
        self.measure.clicked.connect(self.start)
        self.cancel.clicked.connect(self._on_cancel)
        self.use.clicked.connect(self._on_use)
        self.sliders.picked.connect(self._pick)
        self.explorer.library_grew.connect(self.refresh)
        theme_watcher().changed.connect(self.refresh)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 200)

    def sizeHint(self) -> QSize:
        return QSize(400, 480)

    def draw(self) -> None:
        workspace, codes = self.explorer.workspace, self.explorer.codes
        if workspace is None or codes is None:
            self._forget()
            self.empty.say("Open a library with codes to see which way of searching it pays.")
            self._show(has_content=False)
            return
        if self._of != (workspace, codes):
            self._forget()
            self._of = (workspace, codes)
        if self.plan is None and self.explorer.plan is not None:
            self.plan, self._picked = self.explorer.plan, self.explorer.plan.chosen
            self.kept_line.show_text("As this library remembers.", stale=False)
        runs = self.tasks.runs(PLAN_TASK)
        if self.plan is None and not runs:
            self.empty.say(f"{self._failure}{INVITATION}", button="Measure")
        self._show(has_content=self.plan is not None or runs)
        self.measure.setVisible(not runs)
        self.cancel.setVisible(runs)
        if self.plan is not None:
            self._draw_plan(self.plan, workspace, codes)
        else:
            self.goal_line.show_text(self.goal_line.text() or "Measuring …", stale=True)

    def _show(self, *, has_content: bool) -> None:
        self.empty.setVisible(not has_content)
        self.content.setVisible(has_content)
        self.planned.setVisible(self.plan is not None)

    def _draw_plan(self, plan: "Plan", workspace: Workspace, codes: str) -> None:
        stale = self.tasks.runs(PLAN_TASK)
        if not stale:
            grown = is_outdated(plan, workspace.code_set(codes).encoded)
            again = ". The library has changed much since: measure again" if grown else ""
            self.goal_line.show_text(f"{measured_text(plan)}{again}", stale=grown)
        self.advice.show_text(plan.sentence, stale=stale)
        self._draw_picked(plan)
        if when_loaded(self.tasks, self.key, self.refresh):
            self._draw_plot(plan)
        self.query_line.show_text(query_text(self.explorer.results), stale=not answered(self.explorer))

    def _draw_picked(self, plan: "Plan") -> None:
        option = plan.options[self._picked]
        self.figures.setText(figures_table(plan, option))
        self.building.show_text(building_text(option), stale=False)
        self.sliders.draw(plan, self._picked)
        self.use.setEnabled(option.how is not None)
        self.use.setToolTip(
            f"Search with: {option.name}. The library remembers it"
            if option.how is not None
            else "An index of faiss, measured for comparison; the window searches with its own tables"
        )

    def _draw_plot(self, plan: "Plan") -> None:
        if self.plot is None:
            from hashviewer.ui.views.plan_plot import PlanPlot

            self.plot = PlanPlot()
            self.plot.describe = self._describe
            self.plot.clicked.connect(self._on_clicked)
            self.plot.stepped.connect(self._on_stepped)
            self._inside.insertWidget(1, self.plot, stretch=1)
        results = self.explorer.results
        self.plot.draw(
            plan, picked=self._picked, query_seconds=None if results is None else results.matches.cost.seconds
        )

    # Measuring

    def start(self) -> None:
        """Measure all ways, in a worker."""
        workspace, codes = self.explorer.workspace, self.explorer.codes
        if workspace is None or codes is None:
            return
        self._failure = ""
        wish = _Wish(self.recall.value() / 100, self.neighbours.value())
        self.tasks.run(
            PLAN_TASK, _measure, workspace, codes, wish,
            on_done=partial(self._on_measured, workspace, codes), on_error=self._on_failed,
            on_progress=self._on_progress, pass_progress=True, label="Planning the search",
        )  # fmt: skip
        self.goal_line.show_text("Measuring …", stale=True)
        self.kept_line.show_text("", stale=False)
        self.refresh()

    def _forget(self) -> None:
        if self._of is not None:
            self.tasks.cancel(PLAN_TASK)
        self.plan, self._of, self._picked, self._failure = None, None, 0, ""
        self.kept_line.show_text("", stale=False)

    def _on_measured(self, workspace: Workspace, codes: str, plan: "Plan") -> None:
        if self._of == (workspace, codes):
            self.plan, self._picked = plan, plan.chosen
            self.refresh()

    def _on_failed(self, error: Exception) -> None:
        self._failure = sentence(error, doing="Planning") + " "
        if self.plan is not None:
            self.explorer.failed.emit(self._failure.strip())
        self.refresh()

    def _on_progress(self, done: int, total: int | None, message: str) -> None:
        of = f" · {done:,} of {total:,}" if total else ""
        self.goal_line.show_text(f"{message or 'Measuring'}{of}", stale=True)

    def _on_cancel(self) -> None:
        self.tasks.cancel(PLAN_TASK)
        self.refresh()

    # Gestures

    def _describe(self, x: float, y: float) -> str:
        index = None if self.plot is None else self.plot.nearest(QPointF(x, y))
        if self.plan is None or index is None:
            return ""
        option = self.plan.options[index]
        return f"{option.name}: recall {share(option.measured)}"

    def _on_clicked(self, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        index = None if self.plot is None else self.plot.nearest(place)
        if index is not None:
            self._pick(index)

    def _on_stepped(self, step: int) -> None:
        if self.plan is not None:
            self._pick(min(max(self._picked + step, 0), len(self.plan.options) - 1))

    def _pick(self, index: int) -> None:
        self._picked = index
        self.refresh()

    def _on_use(self) -> None:
        """Search as picked from now on; the library remembers the choice."""
        workspace, codes = self.explorer.workspace, self.explorer.codes
        if self.plan is None or workspace is None or codes is None:
            return
        option = self.plan.options[self._picked]
        if option.how is None:
            return
        self.plan = replace(self.plan, chosen=self._picked)
        self.explorer.plan = self.plan
        self.tasks.run(
            KEEP_TASK,
            workspace.remember_plan,
            codes,
            self.plan,
            on_done=self._on_kept,
            on_error=self._on_not_kept,
        )
        self.explorer.options = self.explorer.options.searching(option.how)
        self.refresh()

    def _on_kept(self, kept: bool) -> None:  # noqa: FBT001 - a task's result
        self.kept_line.show_text(
            "In use; this library remembers it."
            if kept
            else "In use; this library cannot be written to and forgets the plan when it is closed.",
            stale=False,
        )

    def _on_not_kept(self, error: Exception) -> None:
        self.kept_line.show_text(
            f"In use, but not remembered: {sentence(error, doing='Keeping')}", stale=False
        )


def _measure(workspace: Workspace, codes: str, wish: _Wish, *, progress: Progress) -> "Plan":
    return workspace.plan(codes, recall=wish.recall, k=wish.k, progress=progress)
