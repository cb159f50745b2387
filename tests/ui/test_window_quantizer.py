"""A quantizer's codes in the window: their own distance is offered, taken, and gives the ranks of the command line."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_quantizer import (
    FORMS,
    KEY,
    add_codes,
    codes_of,
    distances_of,
    features_of,
    info_of,
    made_method,
    make_library,
    saved,
)
from typer.testing import CliRunner

from hashviewer.cli.app import app
from hashviewer.library import Library, LibraryWriter
from hashviewer.search import DISTANCES, SearchHow
from hashviewer.ui.explorer import Options
from hashviewer.ui.quantized import fitting
from hashviewer.ui.search_words import effort_words, why_not

COUNT = 40
HASHED = "hashed"
FORM = "dvsq"


def settle(qtbot, window):
    qtbot.waitUntil(lambda: not window.tasks.busy)


def choose(qtbot, window, **changes):
    window.explorer.options = replace(window.explorer.options, **changes)
    settle(qtbot, window)


def item(window, distance):
    return window.toolbar.search.panel.distance.model().item(DISTANCES.index(distance))


def enabled(window):
    return {distance for distance in DISTANCES if item(window, distance).isEnabled()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("quantizer")


@pytest.fixture(scope="module")
def library(folder):
    """Photos with the codes of a quantizer and, as a second set, with signs."""
    method = made_method(FORM)
    card = saved(folder / "model.safetensors", method, FORMS[FORM][2])
    features = features_of(COUNT)
    codes = np.random.default_rng(1).choice([-1, 1], size=(COUNT, card.bits))
    path = make_library(folder / "library", info_of(card), codes, features)
    with Library.open(path) as opened, LibraryWriter(opened) as writer:
        other = info_of(card, key=HASHED, query="hamming", model_sha256="ab" * 32, model_path="")
        add_codes(writer, other, codes_of(made_method(FORM, seed=4), features), features)
    return path


@pytest.fixture
def opened(qtbot, window, library):
    window.commands.open_path(library)
    qtbot.waitUntil(lambda: window.explorer.workspace is not None and not window.tasks.busy)
    window.explorer.codes = KEY
    settle(qtbot, window)
    return window


def test_the_distance_of_a_quantizers_codes_is_offered_and_taken(qtbot, opened, ask, library):
    assert opened.explorer.options.distance == "adc"
    ask(opened, 5)
    matches = opened.explorer.results.matches
    assert matches.how == SearchHow(distance="adc")
    told = CliRunner().invoke(
        app, ["query", str(library), "5", "--codes", KEY, "--distance", "adc", "-k", "40", "--json"]
    )
    answer = json.loads(told.stdout)["results"]
    assert matches.rows.tolist() == [result["row"] for result in answer]
    assert matches.scores.tolist() == [result["score"] for result in answer]
    assert opened.grid_view.grid.arrangement.rows.tolist() == matches.rows.tolist()
    assert opened.grid_view.answer_bar.badge.text() == "Quantizer (ADC)"
    assert "code words" in opened.grid_view.answer_bar.text.text()
    assert opened.toolbar.search.text() == "Exact · ADC"


def test_the_ranks_are_the_methods(opened, ask, library):
    ask(opened, 11)
    with Library.open(library) as read:
        values, _ = read.codes(KEY)
    codes = np.unpackbits(values, axis=1) * 2.0 - 1
    wanted = distances_of(made_method(FORM), features_of(COUNT)[11:12], codes)[0]
    assert opened.explorer.results.matches.all_scores.tolist() == pytest.approx(wanted.tolist(), abs=1e-3)
    assert np.all(np.diff(wanted[opened.explorer.results.matches.rows]) > -1e-3)


def test_the_panel_offers_what_the_code_set_shown_has(qtbot, opened, ask):
    panel = opened.toolbar.search.panel
    ask(opened, 5)
    assert enabled(opened) == {"hamming", "weighted", "adc"}
    assert "code words" in item(opened, "asymmetric").toolTip()
    assert panel.distance.currentData() == "adc"
    assert "look-up tables" in panel.effort.text()
    opened.explorer.codes = HASHED
    settle(qtbot, opened)
    assert enabled(opened) == {"hamming", "weighted", "asymmetric"}
    assert "no quantizer's" in item(opened, "adc").toolTip()
    assert opened.explorer.options.distance == "hamming"
    assert opened.explorer.results.matches.how == SearchHow()
    opened.explorer.codes = KEY
    settle(qtbot, opened)
    assert opened.explorer.results.matches.how == SearchHow(distance="adc")


def test_bits_of_a_quantizers_codes_can_be_counted_but_it_is_said_what_that_means(qtbot, opened, ask):
    ask(opened, 5)
    opened.actions_table["distance_hamming"].trigger()
    settle(qtbot, opened)
    matches = opened.explorer.results.matches
    assert matches.how == SearchHow()
    assert matches.rows[0] == 5
    assert "says little" in opened.grid_view.answer_bar.text.text()
    opened.actions_table["distance_adc"].trigger()
    settle(qtbot, opened)
    assert opened.explorer.results.matches.how.distance == "adc"
    opened.actions_table["distance_asymmetric"].trigger()
    assert "code words" in opened.message_bar.text
    assert opened.explorer.options.distance == "adc"


def test_what_has_no_look_up_tables_is_ordered_by_bits_and_the_reason_is_told(qtbot, opened, ask):
    ask(opened, 5)
    opened.explorer.bit_turned.emit(3)
    settle(qtbot, opened)
    assert opened.explorer.results.matches.how.distance == "hamming"
    assert "turned over" in opened.grid_view.answer_bar.text.text()
    assert not item(opened, "adc").isEnabled()
    opened.explorer.rows_asked.emit([5, 9])
    settle(qtbot, opened)
    assert "several codes are asked" in opened.grid_view.answer_bar.text.text()
    ask(opened, 5)
    opened.controller._take_query(replace(opened.explorer.query, feature=None))
    settle(qtbot, opened)
    assert "no features are kept" in opened.grid_view.answer_bar.text.text()
    ask(opened, 6)
    assert opened.explorer.results.matches.how.distance == "adc"


def test_a_model_that_is_gone_is_named_where_the_user_looks(qtbot, opened, ask, folder):
    model = folder / "model.safetensors"
    ask(opened, 5)
    before = opened.explorer.results
    model.rename(folder / "away")
    try:
        opened.explorer.workspace._searching.close()  # as if it had not been asked yet
        opened.explorer.row_asked.emit(7)
        qtbot.waitUntil(lambda: "not on this machine" in opened.message_bar.text)
        assert opened.explorer.results is before
    finally:
        (folder / "away").rename(model)


def test_options_that_begin_a_code_set_have_its_own_distance(library):
    with Library.open(library) as opened:
        hashed, words = (next(info for info in opened.code_sets if info.key == key) for key in (HASHED, KEY))
    for distance in DISTANCES:
        assert fitting(Options(distance=distance), words).distance == "adc"
        assert fitting(Options(distance=distance), hashed).distance == (
            "hamming" if distance in ("segments", "adc") else distance
        )
    assert fitting(Options(mode="multi"), words).how(32) == SearchHow(distance="adc")
    assert "nothing can be missed" in effort_words(Options(mode="multi", distance="adc"), 32)


def test_nothing_is_offered_of_a_quantizer_where_nothing_is_open(window):
    assert "no quantizer's" in why_not("adc", window.explorer)
