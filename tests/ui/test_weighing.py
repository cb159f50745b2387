"""Bits are weighed in the Bits view, and the photos follow."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog

from hashviewer import codes as packed
from hashviewer.search import SearchHow
from hashviewer.ui.search_words import notice_of

WEIGHTS = 3  # the tab


def settle(qtbot, window):
    qtbot.waitUntil(lambda: not window.tasks.busy)


@pytest.fixture
def weighed(qtbot, open_window, ask):
    """The window with a query and the weights in sight; gives the editor."""
    ask(open_window, 5)
    open_window.actions_table["preset_bits"].trigger()
    view = open_window.docks["bits"].widget()
    qtbot.waitUntil(lambda: view.weights is not None and not open_window.tasks.busy, timeout=10_000)
    view.deck.tabs.setCurrentIndex(WEIGHTS)
    settle(qtbot, open_window)
    assert view.weights.isVisible()
    return view.weights


def spot(plot, bit, weight):
    return plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(bit, weight)))


def expected_rows(window, weights):
    codes, _ = window.explorer.workspace.library.codes("test-64")
    scores = packed.unpack(codes ^ window.explorer.query.code, 64) @ np.asarray(weights)
    return np.argsort(scores.astype(np.float32), kind="stable").tolist()


def follows(qtbot, window, weights):
    qtbot.waitUntil(
        lambda: (
            window.explorer.options.distance == "weighted"
            and not window.tasks.busy
            and window.grid_view.grid.arrangement.rows.tolist() == expected_rows(window, weights)
        )
    )


def test_at_first_all_bits_count_alike(weighed, open_window):
    assert weighed.weights.tolist() == [1.0] * 64
    assert not weighed.reset.isEnabled()
    assert "count alike" in open_window.docks["bits"].widget().line.text()
    assert open_window.explorer.options.distance == "hamming"


def test_a_click_sets_a_bits_weight_and_the_photos_follow(qtbot, weighed, open_window):
    plot = weighed.plot
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=spot(plot, 10, 0.5))
    assert weighed.weights[10] == pytest.approx(0.5, abs=0.06)
    assert open_window.explorer.bit == 10
    follows(qtbot, open_window, weighed.weights)
    assert open_window.explorer.weights.codes == "test-64"
    assert weighed.reset.isEnabled()


def test_a_drag_sets_every_bar_that_it_passes(qtbot, weighed, open_window):
    plot = weighed.plot
    asked = []
    open_window.explorer.weights_changed.connect(lambda: asked.append(open_window.explorer.weights))
    qtbot.mousePress(plot.viewport(), Qt.MouseButton.LeftButton, pos=spot(plot, 8, 0.2))
    for place in (spot(plot, 20, 0.2), spot(plot, 40, 1.6)):
        at = QPointF(place)
        event = QMouseEvent(
            QEvent.Type.MouseMove, at, plot.viewport().mapToGlobal(at), Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(plot.viewport(), event)
    qtbot.mouseRelease(plot.viewport(), Qt.MouseButton.LeftButton, pos=spot(plot, 40, 1.6))
    weights = weighed.weights
    assert weights[8:21] == pytest.approx([0.2] * 13, abs=0.06)
    assert (np.diff(weights[20:41]) >= -1e-9).all()
    assert weights[40] == pytest.approx(1.6, abs=0.06)
    assert weights[:8].tolist() == [1.0] * 8
    assert weights[41:].tolist() == [1.0] * 23
    follows(qtbot, open_window, weights)
    assert len(asked) <= 2  # the events of one moment are one question


def test_keys_weigh_the_bit_in_focus(qtbot, weighed, open_window):
    open_window.explorer.bit = 12
    settle(qtbot, open_window)
    plot = weighed.plot
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down):
        qtbot.keyClick(plot, key)
    assert weighed.weights[12] == pytest.approx(1.1)
    qtbot.keyClick(plot, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert weighed.weights[12] == pytest.approx(0.6)
    qtbot.keyClick(plot, Qt.Key.Key_0)
    follows(qtbot, open_window, weighed.weights)
    assert open_window.explorer.weights.values[12] == 0
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert open_window.explorer.bit == 13
    settle(qtbot, open_window)


def test_reset_lets_all_count_alike_and_orders_by_hamming_distance(qtbot, weighed, open_window):
    weighed.take(np.linspace(0, 2, 64))
    follows(qtbot, open_window, np.linspace(0, 2, 64))
    weighed.reset.click()
    settle(qtbot, open_window)
    assert weighed.weights.tolist() == [1.0] * 64
    assert open_window.explorer.options.distance == "hamming"
    assert open_window.explorer.results.matches.scores is None


@pytest.mark.parametrize("source", ["Entropy", "Balance", "Query's outputs"])
def test_weights_are_taken_from_what_is_known_of_the_bits(qtbot, weighed, open_window, source):
    action = next(action for action in weighed.fill.menu().actions() if action.text() == source)
    action.trigger()
    settle(qtbot, open_window)
    statistics = open_window.explorer.workspace.bit_statistics("test-64")
    margins = np.abs(open_window.explorer.query.outputs)
    expected = {
        "Entropy": statistics.entropy,
        "Balance": 1 - np.abs(2 * statistics.balance - 1),
        "Query's outputs": margins / np.median(margins),
    }[source]
    assert weighed.weights == pytest.approx(np.nan_to_num(expected), abs=1e-6)


@pytest.mark.parametrize("chosen", [True, False])
def test_the_first_bits_alone_order_the_photos_as_their_hamming_distance_does(
    qtbot, weighed, open_window, monkeypatch, chosen
):
    monkeypatch.setattr(QInputDialog, "getInt", lambda *_: (20, chosen))
    next(action for action in weighed.fill.menu().actions() if action.text() == "First bits…").trigger()
    settle(qtbot, open_window)
    assert weighed.weights.tolist() == ([1.0] * 20 + [0.0] * 44 if chosen else [1.0] * 64)
    explorer = open_window.explorer
    by_prefix = explorer.workspace.search(
        explorer.query, k=explorer.options.k, how=SearchHow(prefix=20 if chosen else None)
    )
    assert explorer.results.matches.rows.tolist() == by_prefix.rows.tolist()


def test_weights_are_written_and_read_again(qtbot, weighed, open_window, tmp_path, monkeypatch):
    weights = np.random.default_rng(1).uniform(0, 3, 64)
    weighed.take(weights)
    settle(qtbot, open_window)
    file = tmp_path / "w.txt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    weighed.save.click()
    settle(qtbot, open_window)
    weighed.reset.click()
    weighed.load.click()
    settle(qtbot, open_window)
    assert weighed.weights.tolist() == weights.tolist()
    assert weighed.plot.getViewBox().viewRange()[1][1] > 2.5  # all of them are in sight


def test_a_file_of_other_weights_is_refused_and_changes_nothing(qtbot, weighed, open_window, tmp_path):
    (tmp_path / "w.txt").write_text("1\n2\n")
    with qtbot.waitSignal(open_window.tasks.failed) as told:
        weighed.read(tmp_path / "w.txt")
    assert "64 bits" in told.args[0]
    assert weighed.weights.tolist() == [1.0] * 64


def test_weights_belong_to_their_code_set(qtbot, weighed, open_window):
    weighed.take(np.linspace(0, 2, 64))
    settle(qtbot, open_window)
    open_window.explorer.codes = "wide-128"
    settle(qtbot, open_window)
    assert weighed.weights.tolist() == [1.0] * 128
    open_window.explorer.codes = "test-64"
    settle(qtbot, open_window)
    assert weighed.weights == pytest.approx(np.linspace(0, 2, 64))


def test_weights_that_are_not_used_say_so(qtbot, weighed, open_window):
    weighed.take(np.linspace(0, 2, 64))
    settle(qtbot, open_window)
    open_window.actions_table["distance_hamming"].trigger()
    settle(qtbot, open_window)
    assert "not used" in open_window.docks["bits"].widget().line.text()
    assert weighed.weights[0] == 0


def test_a_drag_beyond_the_plot_stops_at_zero(qtbot, weighed):
    plot = weighed.plot
    plot._weigh(QPointF(70, -3))
    plot._weigh(QPointF(60, -3))
    assert weighed.weights[60:].tolist() == [0.0] * 4
    qtbot.mouseRelease(plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5))


def test_what_is_said_of_the_order_names_the_photos_that_were_re_ordered(qtbot, weighed, open_window):
    explorer = open_window.explorer
    weighed.take(np.linspace(0, 2, 64))
    settle(qtbot, open_window)
    assert "then by" not in notice_of(explorer.results).text
    explorer.options = replace(explorer.options, rerank=5)
    settle(qtbot, open_window)
    assert explorer.results.matches.reranked == 5
    assert notice_of(explorer.results).text.endswith("; the first 5 then by cosine of features")
