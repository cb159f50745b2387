"""A file is highlighted in the file manager, or else its folder is opened."""

from pathlib import Path

import pytest
from PySide6.QtDBus import QDBusConnection
from PySide6.QtGui import QDesktopServices

from hashviewer.selection import Selection
from hashviewer.ui import file_manager
from hashviewer.ui.commands import photos
from hashviewer.ui.file_urls import to_path


@pytest.mark.parametrize(
    ("platform", "command"),
    [
        ("win32", ["explorer.exe", "/select,", "/a b.jpg"]),
        ("darwin", ["open", "-R", "/a b.jpg"]),
        ("linux", None),
    ],
)
def test_each_desktop_has_its_way(platform, command):
    assert file_manager.revealing_command(Path("/a b.jpg"), platform=platform) == command


def test_without_a_desktop_to_ask_the_other_way_is_taken(monkeypatch):
    monkeypatch.setattr(file_manager.sys, "platform", "linux")
    monkeypatch.setattr(QDBusConnection, "sessionBus", lambda: QDBusConnection("nowhere"))
    taken = []
    file_manager.reveal(Path("/a b.jpg"), otherwise=lambda: taken.append("folder"))
    assert taken == ["folder"]


def test_the_current_photo_is_shown_and_where_that_fails_its_folder(open_window, monkeypatch):
    asked, opened = [], []

    def cannot(path, *, otherwise):
        asked.append(path)
        otherwise()

    monkeypatch.setattr(photos, "reveal", cannot)
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(to_path(url)) or True)
    open_window.explorer.selection = Selection.of([7])
    open_window.commands.show_in_file_manager()
    path = open_window.explorer.workspace.library.full_path(7)
    assert asked == [path]
    assert opened == [path.parent]
