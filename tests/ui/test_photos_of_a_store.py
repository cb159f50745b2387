"""The window on a library whose photos are behind a URL: all but the files is there."""

import json

import pytest
from library_making import make_library
from PySide6.QtGui import QDesktopServices, QGuiApplication

from hashviewer.selection import Selection

URL = "s3://bucket/drawn"


@pytest.fixture
def stored(qtbot, window, tmp_path):
    """The window on a library whose photos are in a store."""
    path = make_library(tmp_path / "stored", count=12)
    description = json.loads((path / "library.json").read_text())
    (path / "library.json").write_text(json.dumps({**description, "root": None, "url": URL}))
    window.commands.open_path(path)
    qtbot.waitUntil(lambda: window.explorer.workspace is not None and not window.tasks.busy)
    window.explorer.selection = Selection.of([7])
    return window


def test_thumbnails_are_shown_and_photos_are_asked_for(stored, ask):
    ask(stored, 7)
    assert stored.explorer.results.matches.rows[0] == 7
    assert stored.explorer.workspace.library.thumbnail(7)


def test_the_photo_view_says_where_the_picture_is(stored, qtbot):
    path = stored.explorer.workspace.library.path_of(7)
    said = f"The picture itself is not here: it is at {URL}/{path}."
    qtbot.waitUntil(lambda: stored.docks["photo"].widget().loupe.message == said)


@pytest.mark.parametrize("command", ["show_in_file_manager", "open_in_viewer"])
def test_what_needs_the_file_says_that_it_is_not_on_this_machine(stored, command, monkeypatch):
    opened, told = [], []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    monkeypatch.setattr(stored, "tell", lambda text, **_: told.append(text))
    getattr(stored.commands, command)()
    path = stored.explorer.workspace.library.path_of(7)
    assert told == [f"This photo is not on this machine but at {URL}/{path}. The library has its thumbnail."]
    assert opened == []


def test_the_path_that_is_copied_is_the_url(stored):
    path = stored.explorer.workspace.library.path_of(7)
    stored.commands.copy_path()
    assert QGuiApplication.clipboard().text() == f"{URL}/{path}"


def test_reading_anew_says_which_command_does_it(stored, qtbot):
    with qtbot.waitSignal(stored.indexing.failed) as failed:
        stored.commands.refresh_library()
    assert f"hashviewer index {URL} -o " in failed.args[0]
