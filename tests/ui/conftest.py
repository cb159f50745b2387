"""The window on small real libraries, and the guard against what it may leave behind."""

import threading

import pytest
from library_making import code_set, make_library
from PySide6.QtWidgets import QApplication

from hashviewer.library import Problem
from hashviewer.ui.app import application
from hashviewer.ui.main_window import MainWindow
from hashviewer.ui.settings import Settings


@pytest.fixture(scope="session")
def qapp():
    """The application as the program makes it.

    Nothing may stay on the clipboard: without a screen Qt lets it go only after Python has ended, and crashes over it.
    """
    made = application()
    yield made
    made.clipboard().clear()


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp):
    """A test that leaves a thread or a top-level window behind fails."""
    threads, widgets = set(threading.enumerate()), set(QApplication.topLevelWidgets())
    yield
    qapp.sendPostedEvents()
    left = [thread.name for thread in threading.enumerate() if thread not in threads and thread.is_alive()]
    assert not left, f"threads left behind: {left}"
    shown = [
        widget for widget in QApplication.topLevelWidgets() if widget not in widgets and widget.isVisible()
    ]
    assert not shown, f"windows left behind: {shown}"


@pytest.fixture(scope="session")
def library_path(tmp_path_factory):
    """A library of 40 drawn photos of four kinds, two code sets and one problem; tests only read it."""
    return make_library(
        tmp_path_factory.mktemp("library") / "drawn",
        sets=(code_set(), code_set("wide-128", bits=128)),
        problems=[Problem("broken.jpg", "The file ends too early.", 12, 1)],
    )


@pytest.fixture
def settings(tmp_path):
    """Fresh settings."""
    return Settings(tmp_path / "window.ini")


@pytest.fixture
def window(qtbot, settings):
    """The window on its welcome page."""
    window = MainWindow(settings)
    window.resize(1280, 800)
    window.show()
    yield window
    window.close()
    window.deleteLater()


@pytest.fixture
def open_window(qtbot, window, library_path):
    """The window on the drawn library, settled."""
    window.commands.open_path(library_path)
    qtbot.waitUntil(lambda: window.explorer.workspace is not None and not window.tasks.busy)
    return window


@pytest.fixture
def ask(qtbot):
    """Ask for a row and wait for the answer."""

    def ask_row(window, row):
        window.explorer.row_asked.emit(row)
        qtbot.waitUntil(
            lambda: (
                window.explorer.results is not None
                and window.explorer.results.query is window.explorer.query
                and window.explorer.query.row == row
                and not window.tasks.busy
            )
        )

    return ask_row
