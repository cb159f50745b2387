"""The window on a library at an engine: the same views with the same numbers, and what it says when the engine fails."""

from pathlib import Path

import numpy as np
import pytest
from library_making import make_library
from PySide6.QtWidgets import QDialog

from hashviewer.engines import parse
from hashviewer.engines.connection import Connection
from hashviewer.engines.pushing import push
from hashviewer.engines.trouble import LostEngineError
from hashviewer.library import Library
from hashviewer.ui.dialogs.connect import ConnectDialog

WAIT = 30_000  # ms; the embedded engine takes a second to load, more on a busy machine


@pytest.fixture(scope="module")
def address(engine_folder, library_path):
    """Where the drawn library was pushed to."""
    place = f"chdb://{engine_folder}?database=window"
    with Library.open(library_path) as library:
        connection = Connection(parse(place))
        push(library, connection, name="drawn")
        connection.close()
    return place


@pytest.fixture
def far(qtbot, window, address):
    """The window on that library at the engine."""
    window.actions_table["connect_engine"].trigger()
    (dialog,) = (each for each in window.findChildren(QDialog) if isinstance(each, ConnectDialog))
    dialog.address.setText(address)
    dialog.connect_button.click()
    qtbot.waitUntil(lambda: window.explorer.workspace is not None and not window.tasks.busy, timeout=WAIT)
    return window


def settle(qtbot, window):
    qtbot.waitUntil(lambda: not window.tasks.busy, timeout=WAIT)


def seen(window):
    """What the views show of an answer."""
    explorer, arrangement = window.explorer, window.grid_view.grid.arrangement
    matches = explorer.results.matches
    return {
        "rows": arrangement.rows.tolist(),
        "distances": arrangement.distances.tolist(),
        "histogram": matches.histogram.tolist(),
        "radius": explorer.radius,
        "within": window.docks["radius"].widget().within_line.text(),
        "rings": None if explorer.results.buckets is None else explorer.results.buckets.rings,
    }


def test_the_views_show_the_same_numbers_as_on_the_library_itself(qtbot, far, ask, library_path, address):
    assert far.windowTitle().startswith("drawn")
    assert far.toolbar.library.toolTip() == address
    ask(far, 6)
    at_engine = seen(far)
    far.commands.open_path(library_path)
    qtbot.waitUntil(
        lambda: far.explorer.workspace.place == str(library_path) and not far.tasks.busy, timeout=WAIT
    )
    ask(far, 6)
    assert seen(far) == at_engine


def test_a_filter_narrows_the_search_as_on_the_library_itself(qtbot, far, ask):
    ask(far, 6)
    far.controller.filter_by("flower")
    settle(qtbot, far)
    rows = far.grid_view.grid.arrangement.rows
    assert len(rows) == 10
    assert np.all(rows % 4 == 2)
    assert far.explorer.results.matches.total == 10


def test_thumbnails_and_facts_are_those_of_the_library(qtbot, far, ask, library_path):
    ask(far, 6)
    with Library.open(library_path) as library:
        assert far.explorer.workspace.library.thumbnail(6) == library.thumbnail(6)
        assert far.explorer.workspace.library.photo(6) == library.photo(6)
    qtbot.waitUntil(lambda: far.thumbnails.pixmap(6) is not None, timeout=WAIT)


def test_an_engine_is_among_the_recent_libraries_as_it_is_written(qtbot, far, address):
    far.commands.close_library()
    settle(qtbot, far)
    assert far._recent_menu.actions()[0].text() == address
    far._recent_menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: far.explorer.workspace is not None and not far.tasks.busy, timeout=WAIT)


def fail(monkeypatch):
    """From now on the engine does not answer."""

    def lost(*_):
        raise LostEngineError("The engine does not answer. Check the address and the network.")

    monkeypatch.setattr(Connection, "_use", lost)


def test_a_lost_engine_is_told_and_what_is_here_is_still_shown_and_asked_again(qtbot, far, ask, monkeypatch):
    ask(far, 6)
    before = far.explorer.results
    with monkeypatch.context() as patched:
        fail(patched)
        far.explorer.row_asked.emit(int(before.matches.rows[3]))
        qtbot.waitUntil(lambda: far.message_bar.isVisible() and not far.tasks.busy, timeout=WAIT)
        assert "does not answer" in far.message_bar.text
        assert far.explorer.results is before
        far.explorer.select([int(before.matches.rows[1])])
        far.docks.show("photo")
        settle(qtbot, far)
        assert far.docks["photo"].widget().why.text()
        qtbot.waitUntil(lambda: far.thumbnails.pixmap(int(before.matches.rows[2])) is not None, timeout=WAIT)
        far.explorer.hover = int(before.matches.rows[4])
        assert far.explorer.workspace.library.photo(int(before.matches.rows[4])).path
    ask(far, int(before.matches.rows[3]))
    assert far.explorer.results is not before


def test_an_engine_that_cannot_be_opened_is_told_with_a_way_to_try_again(qtbot, window, engine_folder):
    window.commands.open_path(Path(f"chdb://{engine_folder}?database=nothing_here"))
    qtbot.waitUntil(lambda: window.message_bar.isVisible(), timeout=WAIT)
    assert "There is no library at chdb:" in window.message_bar.text
    assert window.message_bar.button.text() == "Try again"


def test_refresh_asks_the_engine_what_is_new(qtbot, window, engine_folder, tmp_path):
    place = f"chdb://{engine_folder}?database=growing"
    with Library.open(make_library(tmp_path / "small", count=8)) as library:
        connection = Connection(parse(place))
        push(library, connection, name="small")
        window.commands.open_path(Path(place))
        qtbot.waitUntil(lambda: window.explorer.workspace is not None and not window.tasks.busy, timeout=WAIT)
        window.actions_table["refresh_library"].trigger()
        qtbot.waitUntil(lambda: "nothing was pushed since" in window.status.currentMessage(), timeout=WAIT)
        push(library, connection, name="small")
        window.actions_table["refresh_library"].trigger()
        qtbot.waitUntil(
            lambda: "what was pushed since is shown" in window.status.currentMessage(), timeout=WAIT
        )
        connection.close()


def test_encoding_at_an_engine_is_refused_in_words(qtbot, far, tmp_path):
    far.indexing.encode(tmp_path / "model.safetensors")
    qtbot.waitUntil(lambda: far.message_bar.isVisible(), timeout=WAIT)
    assert "hashviewer push" in far.message_bar.text


def test_the_dialog_says_what_is_wrong_with_an_address(qtbot):
    dialog = ConnectDialog(None)
    qtbot.addWidget(dialog)
    assert not dialog.connect_button.isEnabled()
    dialog.address.setText("clickhouse://ada:secret@host:8123/photos")
    assert not dialog.connect_button.isEnabled()
    assert "password does not belong" in dialog.notice.text()
    dialog.address.setText("clickhouse://ada@host:8123/photos")
    assert dialog.connect_button.isEnabled()
    with qtbot.waitSignal(dialog.wanted) as wanted:
        dialog.connect_button.click()
    assert wanted.args == ["clickhouse://ada@host:8123/photos"]
