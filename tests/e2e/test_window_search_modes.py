"""One sitting with the ways to search: lookup and its exact answer, weights, the planner and what the library remembers."""

import io

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt

from hashviewer import codes as packed
from hashviewer.library import CodeSetInfo, Library, LibraryWriter, NewPhoto
from hashviewer.search import SearchHow
from hashviewer.ui.app import application
from hashviewer.ui.main_window import MainWindow
from hashviewer.ui.settings import Settings

BITS, PHOTOS, KEY = 32, 600, "clustered-32"
PLAN_MS = 180_000  # on a fresh machine kernels are compiled first


@pytest.fixture(scope="session")
def qapp():
    return application()


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """600 photos in 40 clusters whose codes differ in few bits."""
    path = tmp_path_factory.mktemp("modes") / "library"
    rng = np.random.default_rng(3)
    centres = rng.choice([-1.0, 1.0], (40, BITS))
    outputs = centres[np.arange(PHOTOS) % 40] * rng.uniform(0.2, 1.5, (PHOTOS, BITS))
    outputs[rng.random((PHOTOS, BITS)) < 0.05] *= -1
    data = io.BytesIO()
    Image.new("RGB", (24, 18), (90, 120, 60)).save(data, "JPEG")
    info = CodeSetInfo(
        key=KEY, model=KEY, method="drawn", bits=BITS, feature_dim=1, encoded=0, model_sha256="cd" * 32,
        preprocessing="{}", engine="torch", precision="float32", model_path="",
    )  # fmt: skip
    photos = [
        NewPhoto(
            path=f"photo-{row:04}.jpg", size=1, mtime_ns=1, content=f"{row:032x}", width=24, height=18,
            orientation=1, taken=None, label=f"kind {row % 40}", thumbnail=data.getvalue(),
        )
        for row in range(PHOTOS)
    ]  # fmt: skip
    with Library.create(path, root=path.parent) as made, LibraryWriter(made) as writer:
        writer.add_photos(photos)
        writer.add_codes(
            info, 0, packed.pack(outputs >= 0), outputs.astype(np.float32),
            np.ones((PHOTOS, 1), dtype=np.float32), np.ones(PHOTOS, dtype=np.bool_),
        )  # fmt: skip
    return path


@pytest.fixture
def open_window(qtbot, tmp_path, library):
    """Opens a window on the library; all share their settings."""
    windows = []

    def opened():
        window = MainWindow(Settings(tmp_path / "window.ini"))
        windows.append(window)
        window.resize(1600, 1000)
        window.show()
        window.commands.open_path(library)
        qtbot.waitUntil(
            lambda: window.explorer.workspace is not None and not window.tasks.busy, timeout=20_000
        )
        return window

    yield opened
    for window in windows:
        window.close()
        window.deleteLater()


def settled(qtbot, window, timeout=20_000):
    qtbot.waitUntil(lambda: not window.tasks.busy and window.thumbnails.settled, timeout=timeout)


def ask(qtbot, window, row):
    window.explorer.row_asked.emit(row)
    qtbot.waitUntil(lambda: window.explorer.query is not None and window.explorer.query.row == row)
    settled(qtbot, window)


def differing(window, row):
    """(N, bits) True where each code differs from that of `row`, and the rows by Hamming distance."""
    codes, _ = window.explorer.workspace.library.codes(KEY)
    apart = packed.unpack(codes ^ codes[row], BITS)
    return apart, np.argsort(apart.sum(axis=1), kind="stable")


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)  # offscreen
def test_a_lookup_is_shown_as_such_and_the_exact_answer_is_a_key_away(qtbot, open_window):
    window = open_window()
    ask(qtbot, window, 7)
    window.toolbar.search.click()
    panel = window.toolbar.search.panel
    panel.mode.setCurrentIndex(panel.mode.findData("lookup"))
    panel.mode.activated.emit(panel.mode.currentIndex())
    panel.probe.setValue(2)
    settled(qtbot, window)
    panel.hide()
    apart, order = differing(window, 7)
    near = np.flatnonzero(apart.sum(axis=1) <= 2)
    shown = window.grid_view.grid.arrangement.rows
    assert sorted(shown.tolist()) == near.tolist()
    bar = window.grid_view.answer_bar
    assert bar.isVisible()
    assert "≈" in bar.badge.text()
    assert "radius 2" in bar.text.text()

    qtbot.keyClick(window.grid_view.grid, Qt.Key.Key_E)
    settled(qtbot, window)
    assert window.grid_view.grid.arrangement.rows.tolist() == order[:200].tolist()
    assert f"found {len(near)} of these 200" in bar.text.text()

    window.actions_table["mode_multi"].trigger()
    settled(qtbot, window)
    assert window.grid_view.grid.arrangement.rows.tolist() == order[:200].tolist()
    assert bar.badge.text() == "Exact"


def test_bits_are_weighed_and_the_photos_follow_until_reset(qtbot, open_window):
    window = open_window()
    ask(qtbot, window, 7)
    window.actions_table["preset_bits"].trigger()
    view = window.docks["bits"].widget()
    qtbot.waitUntil(lambda: view.weights is not None)
    if not view.weights.isVisible():
        view.deck.tabs.setCurrentIndex(3)
    settled(qtbot, window)
    plot, apart = view.weights.plot, differing(window, 7)[0]

    def spot(bit, weight):
        return plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(bit, weight)))

    for bit in (3, 4, 5):
        qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=spot(bit, 1.8))
    weights = view.weights.weights
    assert weights[3:6] == pytest.approx([1.8] * 3, abs=0.06)
    expected = np.argsort((apart @ weights).astype(np.float32), kind="stable")[:200].tolist()
    qtbot.waitUntil(lambda: window.grid_view.grid.arrangement.rows.tolist() == expected)
    assert window.toolbar.search.text() == "Exact · weighted"
    view.weights.reset.click()
    settled(qtbot, window)
    assert window.grid_view.grid.arrangement.rows.tolist() == differing(window, 7)[1][:200].tolist()


def test_the_planner_measures_and_what_is_chosen_is_used_and_remembered(qtbot, open_window):
    window = open_window()
    ask(qtbot, window, 7)
    window.actions_table["preset_plan"].trigger()
    view = window.docks["plan"].widget()
    settled(qtbot, window)
    view.neighbours.setValue(10)
    view.empty.button.click()
    qtbot.waitUntil(lambda: view.plan is not None, timeout=PLAN_MS)
    settled(qtbot, window)
    plan = view.plan
    assert view.advice.text() == plan.sentence
    assert (plan.bits, plan.total) == (BITS, PHOTOS)
    assert plan.options[0].measured.recall == 1
    assert view.plot.isVisible()

    view.sliders.sliders["table"].setValue(1)
    picked = plan.options[view._picked]
    assert (picked.family, picked.how.reach) == ("table", 1)
    view.use.click()
    settled(qtbot, window)
    assert window.explorer.results.matches.how == picked.how
    assert window.grid_view.answer_bar.isVisible()
    assert "This query: 33 buckets" in view.query_line.text()
    window.close()

    again = open_window()
    ask(qtbot, again, 8)
    assert again.explorer.results.matches.how == picked.how
    again.docks.show("plan")
    remembered = again.docks["plan"].widget()
    qtbot.waitUntil(lambda: remembered.plan is not None)
    assert remembered.plan.choice.name == picked.name
    assert remembered.plan.options == plan.options
    again.actions_table["mode_rank"].trigger()
    settled(qtbot, again)
    assert again.explorer.results.matches.how == SearchHow()
    again.actions_table["mode_planned"].trigger()
    settled(qtbot, again)
    assert again.explorer.results.matches.how == picked.how
    qtbot.keyClick(again.grid_view.grid, Qt.Key.Key_E)
    settled(qtbot, again)
    assert again.explorer.results.matches.how == SearchHow()
    settled(qtbot, again)
