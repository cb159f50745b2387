"""The planner's view: what it asks for, shows, and what its button does."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from hashviewer.errors import LibraryError, SearchError
from hashviewer.planner import Figures, Goal, Option, Plan
from hashviewer.search import SearchHow
from hashviewer.ui.explorer import Options, Results
from hashviewer.ui.plan_reading import PlanReader
from hashviewer.ui.views import PlanView
from hashviewer.ui.views.plan_words import (
    building_text,
    figures_table,
    is_outdated,
    share,
    size_words,
)
from hashviewer.workspace import Workspace

SIZE = (440, 640)


def option(name, family, how, recall, micros, *, memory=0):
    measured = Figures(probes=10, candidates=100, recall=recall, seconds=micros / 1e6)
    predicted = Figures(probes=12, candidates=90, recall=min(recall * 1.05, 1), seconds=micros / 0.9e6)
    return Option(name, family, how, predicted, measured, measured, memory=memory, build=0.2)


def made_plan(*, chosen=2, total=49, rows=49):
    tables = [
        option(
            f"One table, radius {r}",
            "table",
            SearchHow("lookup", probe=r),
            0.2 + 0.2 * r,
            20 * 3**r,
            memory=5000,
        )
        for r in range(5)
    ]
    several = [
        option(f"{m} tables", "multi", SearchHow("multi", tables=m), 1.0, 900 / m, memory=8000)
        for m in range(2, 9)
    ]
    likeliest = option(
        "The 37 likeliest", "confidence", SearchHow("lookup", probe=1, order="confidence"), 0.5, 150
    )
    faiss = [option(f"IVF {n}", "ivf", None, 0.6 + 0.1 * n, 10 + n) for n in range(3)]
    flat = option("Flat scan", "flat", SearchHow(), 1.0, 1000)
    return Plan(
        goal=Goal(0.9, k=100), bits=36, total=total, rows=rows, queries=50,
        options=(flat, *tables, *several, likeliest, *faiss), chosen=chosen, sentence="One table, radius 1: quick.",
    )  # fmt: skip


@pytest.fixture
def planner(monkeypatch):
    """What the workspace plans and remembers, without measuring; `asked` holds how it was asked."""

    class Planner:
        plan, kept, asked = made_plan(), {}, []

    def plan(self, codes, *, recall, k, radius=None, progress):
        Planner.asked.append((codes, recall, k))
        progress(3, 20, "One table, radius 2")
        if isinstance(Planner.plan, Exception):
            raise Planner.plan
        return Planner.plan

    Planner.plan, Planner.kept, Planner.asked = made_plan(), {}, []
    monkeypatch.setattr(Workspace, "plan", plan)
    monkeypatch.setattr(Workspace, "plan_of", lambda self, codes: Planner.kept.get(codes))
    monkeypatch.setattr(
        Workspace, "remember_plan", lambda self, codes, plan: Planner.kept.update({codes: plan}) or True
    )
    return Planner


@pytest.fixture
def remembers(planner, explorer, tasks, settled):
    """Lets the library remember a plan from before, and a window read it."""

    def kept(plan):
        planner.kept["tiny-36"] = plan
        reader = PlanReader(explorer, tasks)
        settled()
        return reader

    return kept


@pytest.fixture
def planned(qtbot, planner, open_view, settled):
    """The view with a plan measured."""
    view = open_view(PlanView, SIZE)
    view.empty.button.click()
    settled()
    return view


def test_without_a_plan_it_says_what_it_does_and_offers_to_start(open_view, planner):
    view = open_view(PlanView, SIZE)
    assert view.empty.isVisible()
    assert "Nothing changes until you choose" in view.empty.sentence
    assert view.empty.button.text() == "Measure"
    assert planner.asked == []


def test_it_measures_what_is_asked_for_and_shows_the_advice(planned, planner, settled):
    assert planner.asked == [("tiny-36", 0.99, 100)]
    assert planned.content.isVisible()
    assert planned.advice.text() == "One table, radius 1: quick."
    assert "90.0% of the 100 nearest, with 50 queries on 49 photos" in planned.goal_line.text()
    planned.recall.setValue(90)
    planned.neighbours.setValue(10)
    planned.measure.click()
    settled()
    assert planner.asked[-1] == ("tiny-36", 0.9, 10)


def test_each_way_is_a_point_at_its_recall_and_time(planned, planner):
    curve = planned.plot._curves["table"]
    x, y = curve.measured.getData()
    assert x == pytest.approx([20, 40, 60, 80, 100])
    assert y == pytest.approx(np.log10([20, 60, 180, 540, 1620]))
    x, y = curve.predicted.getData()
    assert x == pytest.approx([21, 42, 63, 84, 100])
    assert set(planned.plot._curves) == {option.family for option in planner.plan.options}
    assert {"r 0", "r 2", "r 4"} <= set(planned.plot.numbered)


def test_at_first_the_recommended_way_is_picked(planned):
    assert "One table, radius 1" in planned.figures.text()
    (x, y) = planned.plot.best.getData()
    assert (x[0], y[0]) == pytest.approx((40, np.log10(60)))


def test_the_sliders_pick_a_radius_or_a_number_of_tables(planned):
    planned.sliders.sliders["table"].setValue(3)
    assert "One table, radius 3" in planned.figures.text()
    assert "recall 80 %" in planned.sliders.values["table"].text()
    x, _ = planned.plot.picked.getData()
    assert x[0] == pytest.approx(80)
    planned.sliders.sliders["multi"].setValue(6)
    assert "6 tables" in planned.figures.text()
    assert planned.sliders.sliders["table"].value() == 3


def test_a_click_picks_the_point_nearest_to_it_and_arrows_the_next(qtbot, planned):
    plot = planned.plot
    plot.clicked.emit(QPointF(61, np.log10(180)), Qt.KeyboardModifier.NoModifier)
    assert "One table, radius 2" in planned.figures.text()
    assert planned.sliders.sliders["table"].value() == 2
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert "One table, radius 3" in planned.figures.text()
    plot.clicked.emit(QPointF(10, np.log10(1500)), Qt.KeyboardModifier.NoModifier)  # nothing is near
    assert "One table, radius 3" in planned.figures.text()
    assert "radius 2" in plot.describe(60.0, np.log10(180))


def test_using_a_way_sets_how_it_is_searched_and_the_library_remembers(planned, explorer, planner, settled):
    planned.sliders.sliders["multi"].setValue(6)
    planned.use.click()
    assert explorer.plan.choice.name == "6 tables"
    settled()
    assert (explorer.options.mode, explorer.options.tables, explorer.options.reach) == ("multi", 6, None)
    assert planner.kept["tiny-36"].choice.name == "6 tables"
    assert "remembers" in planned.kept_line.text()


def test_what_the_library_remembers_is_shown_and_changes_nothing(open_view, planner, explorer, remembers):
    reader = remembers(made_plan(chosen=8))
    view = open_view(PlanView, SIZE)
    assert view.content.isVisible()
    assert view.kept_line.text() == "As this library remembers."
    assert "4 tables" in view.figures.text()
    assert planner.asked == []
    assert explorer.options == Options()
    explorer.codes = None
    assert (explorer.plan, view.plan) == (None, None)
    reader.deleteLater()


def test_a_plan_that_is_read_late_does_not_take_the_place_of_one_chosen_meanwhile(explorer, remembers):
    reader = remembers(made_plan(chosen=8))
    chosen = made_plan(chosen=2)
    explorer.plan = chosen
    reader._on_read(explorer.workspace, "tiny-36", made_plan(chosen=8))
    assert explorer.plan is chosen
    explorer.plan = None
    reader._on_read(explorer.workspace, "another", made_plan(chosen=8))
    assert explorer.plan is None


def test_an_index_of_faiss_can_be_looked_at_but_not_used(planned, planner):
    index = next(i for i, option in enumerate(planner.plan.options) if option.how is None)
    planned._pick(index)
    assert not planned.use.isEnabled()
    assert "faiss" in planned.use.toolTip()


def test_the_present_query_has_its_own_cost(planned, ask, explorer, workspace):
    assert "Ask with a photo" in planned.query_line.text()
    ask(5)
    assert planned.query_line.text().startswith("This query: every code, 49 compared")
    assert planned.plot.query.isVisible()
    how = SearchHow("lookup", probe=1)
    explorer.results = Results(explorer.query, workspace.search(explorer.query, how=how), Options())
    assert "This query: 37 buckets" in planned.query_line.text()
    how = SearchHow("multi", tables=6)
    found = workspace.search(explorer.query, radius=9, k=None, how=how)
    assert found.total < found.cost.candidates
    explorer.results = Results(explorer.query, found, Options())
    assert (
        f", {found.total} candidates in {found.cost.candidates:,} comparisons, " in planned.query_line.text()
    )
    given_up = workspace.search(explorer.query, k=45, how=SearchHow("multi", tables=2))
    explorer.results = Results(explorer.query, given_up, Options())
    assert planned.query_line.text().startswith("This query: every code, ")


def test_it_can_be_cancelled_and_says_how_far_it_is(qtbot, planner, open_view, tasks, monkeypatch):
    asked, go_on = threading.Event(), threading.Event()

    def slow(self, codes, *, recall, k, progress):
        for step in range(1000):
            progress(step, 1000, "Several tables")
            asked.set()
            go_on.wait(0.01)
        return made_plan()

    monkeypatch.setattr(Workspace, "plan", slow)
    view = open_view(PlanView, SIZE)
    view.empty.button.click()
    qtbot.waitUntil(lambda: "Several tables" in view.goal_line.text() and asked.is_set())
    assert view.cancel.isVisible()
    assert not view.measure.isVisible()
    assert "of 1,000" in view.goal_line.text()
    view.cancel.click()
    assert not tasks.runs("plan")
    assert view.empty.isVisible()
    go_on.set()


def test_a_plan_that_fails_says_why_and_offers_to_try_again(planner, open_view, settled):
    planner.plan = SearchError("There are no codes to plan for.")
    view = open_view(PlanView, SIZE)
    view.empty.button.click()
    settled()
    assert view.empty.sentence.startswith("There are no codes to plan for.")
    assert view.empty.button.isVisible()


def test_a_library_that_cannot_be_written_to_says_so(planned, settled, monkeypatch):
    monkeypatch.setattr(Workspace, "remember_plan", lambda self, codes, plan: False)
    planned.use.click()
    settled()
    assert "cannot be written" in planned.kept_line.text()


def test_a_plan_that_cannot_be_kept_is_in_use_and_the_reason_is_told(planned, explorer, settled, monkeypatch):
    def fail(_workspace, _codes, _plan):
        raise LibraryError("The database cannot be changed.")

    monkeypatch.setattr(Workspace, "remember_plan", fail)
    planned.use.click()
    settled()
    assert planned.kept_line.text() == "In use, but not remembered: The database cannot be changed."
    assert explorer.plan is planned.plan
    assert explorer.options.mode == planned.plan.how.mode


def test_a_plan_of_a_much_smaller_library_is_marked(open_view, remembers):
    reader = remembers(made_plan(total=10, rows=10))
    view = open_view(PlanView, SIZE)
    assert "measure again" in view.goal_line.text()
    reader.deleteLater()
    assert is_outdated(made_plan(total=100), 130)
    assert not is_outdated(made_plan(total=100), 110)


def test_another_code_set_is_another_plan(planned, explorer):
    explorer.codes = None
    assert planned.plan is None
    assert "Open a library with codes" in planned.empty.sentence


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (SearchHow(), Options(distance="asymmetric")),
        (SearchHow("lookup", probe=3, order="confidence"),
         Options(mode="lookup", probe=3, probing="confidence", distance="asymmetric")),
        (SearchHow("lookup"), Options(mode="lookup", probe=2, distance="asymmetric")),
        (SearchHow("multi", tables=5, probe=9), Options(mode="multi", tables=5, reach=9, distance="asymmetric")),
    ],
)  # fmt: skip
def test_a_way_becomes_options_and_the_distance_stays(how, expected):
    options = Options(distance="asymmetric").searching(how)
    assert options == expected
    assert replace(options.how(36), distance="hamming").probe == (
        how.probe if how.mode != "lookup" else how.reach
    )


def test_figures_of_a_sample_are_counted_up_for_all():
    plan = made_plan(total=1_000_000, rows=49)
    assert "for all 1,000,000" in figures_table(plan, plan.options[1])
    assert "for all" not in figures_table(made_plan(), plan.options[1])


def test_words_for_what_is_built_and_found():
    assert share(Figures(0, 0, 0.99999, 0)) == "99.9 %"
    assert [size_words(n) for n in (12, 4200, 5_300_000, 2e9)] == ["12 bytes", "4.2 kB", "5.3 MB", "2.0 GB"]
    assert "Nothing to build" in building_text(made_plan().options[0])
    assert "5.0 kB" in building_text(made_plan().options[1])
