"""How the library is searched, in the window: modes, distances, what an answer is worth, the exact one a key away."""

from dataclasses import replace

import numpy as np
import pytest
from made_plans import made_plan
from PySide6.QtCore import Qt

from hashviewer import codes as packed
from hashviewer.search import SearchHow
from hashviewer.ui.explorer import Options, Weights
from hashviewer.ui.search_words import effort_words, notice_of, short_words, time_words, why_not
from hashviewer.ui.views.reading import counted
from hashviewer.workspace import Workspace


def settle(qtbot, window):
    qtbot.waitUntil(lambda: not window.tasks.busy)


def choose(qtbot, window, **changes):
    window.explorer.options = replace(window.explorer.options, **changes)
    settle(qtbot, window)


def distances_to(window, row):
    codes, _ = window.explorer.workspace.library.codes("test-64")
    return packed.hamming(codes[row], codes).astype(int)


@pytest.fixture
def asked(open_window, ask):
    ask(open_window, 5)
    return open_window


def bar_of(window):
    return window.grid_view.answer_bar


def test_the_usual_answer_is_exact_and_nothing_is_said_of_it(asked):
    assert asked.explorer.results.matches.how == SearchHow()
    assert not bar_of(asked).isVisible()
    assert asked.toolbar.search.text() == "Exact"


def test_a_lookup_shows_what_its_buckets_hold_and_says_what_it_cost(qtbot, asked):
    choose(qtbot, asked, mode="lookup", probe=1)
    near = np.flatnonzero(distances_to(asked, 5) <= 1)
    assert sorted(asked.grid_view.grid.arrangement.rows.tolist()) == near.tolist()
    assert 0 < len(near) < 40
    bar = bar_of(asked)
    assert bar.isVisible()
    assert bar.badge.text() == "≈ Approximate"
    assert bar.text.text().startswith("Lookup, radius 1: ")
    assert f"{len(near)} candidate" in bar.text.text()
    assert "may miss neighbours beyond 1 bit" in bar.text.text()
    assert asked.toolbar.search.text() == "Lookup r 1"
    assert "candidate" in asked.docks["radius"].widget().within_line.text()


def test_the_key_shows_the_exact_answer_beside_what_was_found_and_back(qtbot, asked):
    choose(qtbot, asked, mode="lookup", probe=1)
    found = len(asked.explorer.results.matches.rows)
    qtbot.keyClick(asked.grid_view.grid, Qt.Key.Key_E)
    settle(qtbot, asked)
    assert len(asked.explorer.results.matches.rows) == 40
    assert asked.explorer.results.matches.how == SearchHow()
    assert f"found {found} of these 40 photos" in bar_of(asked).text.text()
    assert bar_of(asked).badge.text() == "Exact"
    assert asked.explorer.options.mode == "lookup"  # the next question is looked up again
    bar_of(asked).exact.click()
    settle(qtbot, asked)
    assert len(asked.explorer.results.matches.rows) == found
    assert not asked.explorer.exact


def test_the_next_question_is_answered_as_the_options_say(qtbot, asked, ask):
    choose(qtbot, asked, mode="lookup", probe=1)
    asked.actions_table["show_exact"].trigger()
    settle(qtbot, asked)
    ask(asked, 6)
    assert asked.explorer.results.matches.how.mode == "lookup"
    assert not asked.explorer.exact


def test_an_answer_that_is_exact_already_says_so(asked):
    asked.actions_table["show_exact"].trigger()
    assert not asked.explorer.exact
    assert "exact" in asked.status.currentMessage()


def test_a_larger_radius_is_one_click_away(qtbot, asked):
    choose(qtbot, asked, mode="lookup", probe=1)
    assert bar_of(asked).grow.text() == "Radius 2"
    bar_of(asked).grow.click()
    settle(qtbot, asked)
    assert asked.explorer.options.probe == 2
    assert asked.explorer.results.matches.total == int((distances_to(asked, 5) <= 2).sum())


def test_an_empty_answer_says_what_to_do_and_does_it(qtbot, asked):
    for bit in range(12):  # far from every photo
        asked.explorer.bit_turned.emit(bit)
    settle(qtbot, asked)
    choose(qtbot, asked, mode="lookup", probe=0)
    assert asked.explorer.results.matches.total == 0
    assert asked.grid_view.empty.isVisible()
    assert "larger radius" in asked.grid_view.empty.sentence
    assert bar_of(asked).badge.text() == "Empty"
    assert bar_of(asked).grow.isVisible()
    asked.grid_view.empty.button.click()
    settle(qtbot, asked)
    assert len(asked.grid_view.grid.arrangement.rows) == 40


def test_several_tables_answer_exactly_and_say_so(qtbot, asked):
    choose(qtbot, asked, mode="multi", tables=4, k=5)
    distances = distances_to(asked, 5)
    expected = sorted(range(40), key=lambda row: (distances[row], row))[:5]
    assert asked.explorer.results.matches.rows.tolist() == expected
    assert bar_of(asked).badge.text() == "Exact"
    assert bar_of(asked).text.text().startswith("4 tables: ")
    assert not bar_of(asked).exact.isVisible()


def test_several_tables_within_a_radius_may_miss(qtbot, asked):
    choose(qtbot, asked, mode="multi", tables=4, reach=1)
    assert set(np.flatnonzero(distances_to(asked, 5) <= 1)) <= set(
        asked.explorer.results.matches.rows.tolist()
    )
    assert bar_of(asked).badge.text() == "≈ Approximate"
    assert bar_of(asked).grow.text() == "Radius 2"


def test_a_lookup_by_confidence_needs_outputs_and_else_goes_by_distance(qtbot, asked):
    choose(qtbot, asked, mode="lookup", probe=2, probing="confidence")
    assert asked.explorer.results.matches.how.order == "confidence"
    query = replace(asked.explorer.query, outputs=None)
    asked.controller._take_query(query)
    settle(qtbot, asked)
    assert asked.explorer.results.matches.how.order == "distance"


def test_weights_order_the_photos_and_the_numbers_stay_bits(qtbot, asked):
    weights = np.ones(64)
    weights[:32] = 0
    asked.explorer.weights = Weights("test-64", tuple(weights.tolist()))
    choose(qtbot, asked, distance="weighted")
    codes, _ = asked.explorer.workspace.library.codes("test-64")
    scores = packed.unpack(codes ^ codes[5], 64) @ weights
    matches = asked.explorer.results.matches
    assert matches.rows.tolist() == sorted(range(40), key=lambda row: (scores[row], row))
    assert matches.all_distances.tolist() == distances_to(asked, 5).tolist()
    assert bar_of(asked).badge.text() == "Weighted Hamming"
    assert "the weights of the bits that differ" in bar_of(asked).text.text()


def test_weights_of_another_code_set_are_left_alone(qtbot, asked):
    asked.explorer.weights = Weights("wide-128", (0.0,) * 128)
    choose(qtbot, asked, distance="weighted")
    distances = distances_to(asked, 5)
    assert asked.explorer.results.matches.rows.tolist() == sorted(
        range(40), key=lambda row: (distances[row], row)
    )


def test_the_asymmetric_distance_takes_the_querys_outputs(qtbot, asked):
    choose(qtbot, asked, distance="asymmetric")
    codes, _ = asked.explorer.workspace.library.codes("test-64")
    query = asked.explorer.query
    scores = packed.unpack(codes ^ query.code, 64) @ np.abs(query.outputs.astype(np.float64))
    assert (
        asked.explorer.results.matches.rows[:10].tolist() == np.argsort(scores, kind="stable")[:10].tolist()
    )


def test_without_outputs_the_asymmetric_distance_gives_way_and_says_so(qtbot, asked):
    choose(qtbot, asked, distance="asymmetric")
    asked.controller._take_query(replace(asked.explorer.query, outputs=None))
    settle(qtbot, asked)
    assert asked.explorer.results.matches.how.distance == "hamming"
    assert "only the code is known" in bar_of(asked).text.text()
    assert "only the code" in why_not("asymmetric", asked.explorer)


def test_a_filter_narrows_a_lookup(qtbot, asked):
    choose(qtbot, asked, mode="lookup", probe=3)
    asked.controller.filter_by("city")
    settle(qtbot, asked)
    rows = asked.explorer.results.matches.rows
    assert len(rows) > 0
    assert all(row % 4 == 1 for row in rows)


def test_several_photos_are_compared_exactly_and_that_is_said(qtbot, asked):
    choose(qtbot, asked, mode="lookup", probe=1)
    asked.explorer.rows_asked.emit([5, 6])
    settle(qtbot, asked)
    assert asked.explorer.results.matches.exact
    assert "Several codes are asked" in bar_of(asked).text.text()


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)  # offscreen
def test_the_panel_shows_and_changes_how_it_is_searched(qtbot, asked):
    asked.actions_table["show_search_panel"].trigger()
    panel = asked.toolbar.search.panel
    assert panel.isVisible()
    assert not panel.probe.isVisible()
    panel.mode.setCurrentIndex(panel.mode.findData("lookup"))
    panel.mode.activated.emit(panel.mode.currentIndex())
    settle(qtbot, asked)
    assert asked.explorer.options.mode == "lookup"
    assert panel.probe.isVisible()
    assert not panel.tables.isVisible()
    panel.probe.setValue(1)
    settle(qtbot, asked)
    assert asked.explorer.results.matches.how.reach == 1
    assert "65 buckets" in panel.effort.text()
    panel.mode.setCurrentIndex(panel.mode.findData("multi"))
    panel.mode.activated.emit(panel.mode.currentIndex())
    panel.reach.setValue(7)
    panel.tables.setValue(6)
    settle(qtbot, asked)
    assert (asked.explorer.options.tables, asked.explorer.options.reach) == (6, 7)
    assert asked.explorer.options.probe == 1  # each mode keeps its own
    panel.hide()


def test_the_palette_and_the_menu_choose_mode_and_distance(qtbot, asked):
    asked.actions_table["mode_multi"].trigger()
    asked.actions_table["distance_asymmetric"].trigger()
    settle(qtbot, asked)
    how = asked.explorer.results.matches.how
    assert (how.mode, how.distance) == ("multi", "asymmetric")
    asked.actions_table["mode_rank"].trigger()
    asked.actions_table["distance_hamming"].trigger()
    settle(qtbot, asked)
    assert asked.explorer.results.matches.how == SearchHow()


def plan_for(tables):
    return made_plan(SearchHow("multi", tables=tables), bits=64, name=f"{tables} tables, exact")


@pytest.fixture
def remembering(monkeypatch):
    """The code sets' plans, as the library remembers them."""
    plans = {}
    monkeypatch.setattr(Workspace, "plan_of", lambda _workspace, codes: plans.get(codes))
    return plans


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)  # offscreen
def test_the_panel_offers_what_the_library_remembers_and_a_click_searches_so(
    qtbot, remembering, open_window, ask
):
    window = open_window
    assert window.explorer.plan is None
    remembering["test-64"] = plan_for(5)
    window._plan_reader.read()
    settle(qtbot, window)
    ask(window, 5)
    assert window.explorer.results.matches.how == SearchHow()  # exact unless told otherwise
    window.actions_table["show_search_panel"].trigger()
    panel = window.toolbar.search.panel
    assert panel.planned.isVisible()
    assert panel.planned.text() == "Search as planned: 5 tables, exact"
    assert "quick" in panel.planned.toolTip()
    panel.planned.click()
    settle(qtbot, window)
    assert window.explorer.results.matches.how == SearchHow("multi", tables=5)
    assert bar_of(window).isVisible()
    assert panel.planned.text() == "Searching as planned: 5 tables, exact"
    assert not panel.planned.isEnabled()
    panel.mode.setCurrentIndex(panel.mode.findData("rank"))
    panel.mode.activated.emit(panel.mode.currentIndex())
    settle(qtbot, window)
    assert window.explorer.results.matches.how == SearchHow()
    assert panel.planned.isEnabled()
    window.explorer.codes = "wide-128"
    settle(qtbot, window)
    assert not panel.planned.isVisible()
    panel.hide()


def test_the_menu_searches_as_planned_and_without_a_plan_says_how_to_make_one(qtbot, remembering, asked):
    asked.actions_table["mode_planned"].trigger()
    assert "remembers no plan yet" in asked.message_bar.text
    asked.message_bar.button.click()
    assert asked.docks["plan"].isVisible()
    assert asked.explorer.options == Options()
    remembering["test-64"] = plan_for(3)
    asked._plan_reader.read()
    settle(qtbot, asked)
    choose(qtbot, asked, distance="asymmetric")
    asked.actions_table["mode_planned"].trigger()
    settle(qtbot, asked)
    assert asked.explorer.results.matches.how == SearchHow("multi", tables=3, distance="asymmetric")


def test_an_answer_tells_different_photos_from_comparisons(qtbot, asked):
    choose(qtbot, asked, mode="multi", tables=8, k=5)
    matches = asked.explorer.results.matches
    assert matches.total < matches.cost.candidates
    assert (
        f"{matches.total} candidates in {matches.cost.candidates:,} comparisons, "
        in bar_of(asked).text.text()
    )
    assert f"of {matches.total} candidates" in asked.docks["radius"].widget().within_line.text()


def test_tables_that_were_given_up_say_that_every_code_was_compared(qtbot, asked):
    choose(qtbot, asked, mode="multi", tables=2, k=40)
    matches = asked.explorer.results.matches
    assert matches.found is None
    assert bar_of(asked).text.text() == (
        f"2 tables: {counted(matches.cost.probed, 'bucket')} did not suffice; every code was compared; nothing is missing"
    )
    assert "of 40 photos" in asked.docks["radius"].widget().within_line.text()


def test_how_it_is_searched_is_remembered(qtbot, asked):
    choose(qtbot, asked, mode="multi", tables=6, reach=2)
    asked.close()
    assert asked.settings.options == Options(mode="multi", tables=6, reach=2)


def test_a_mode_that_a_code_is_too_short_for_is_brought_down_to_it():
    how = Options(mode="multi", tables=16, reach=16).how(8)
    assert (how.tables, how.probe) == (8, 8)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(), "Exact"),
        (Options(mode="lookup", probe=3), "Lookup r 3"),
        (Options(mode="multi", tables=6, distance="weighted"), "6 tables · weighted"),
    ],
)
def test_the_button_says_in_few_words_how_it_is_searched(options, words):
    assert short_words(options) == words


def test_the_effort_of_a_lookup_is_told_before(qtbot):
    assert "2,081 buckets of 2^64" in effort_words(Options(mode="lookup", probe=2), 64)
    assert "nothing can be missed" in effort_words(Options(), 64)


def test_times_are_told_in_the_unit_that_suits_them():
    assert [time_words(seconds) for seconds in (2e-5, 0.0123, 2.5)] == ["20 µs", "12.3 ms", "2.5 s"]


def test_of_an_exact_ranking_nothing_is_said(asked):
    assert notice_of(asked.explorer.results) is None
