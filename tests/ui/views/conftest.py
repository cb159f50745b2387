"""A small library behind an explorer, without window or controller: `ask` answers a query at once."""

import numpy as np
import pytest
from made_library import KEY, make_library
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from hashviewer.ui.explorer import Explorer, Options, Results
from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.theme import Mode, theme_watcher
from hashviewer.ui.thumbnails import Thumbnails
from hashviewer.ui.views import plot_loading
from hashviewer.workspace import Workspace


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return make_library(tmp_path_factory.mktemp("views"))


@pytest.fixture(scope="session", autouse=True)
def plots_are_loaded(qapp):
    """So that a test need not wait for it; the test of the loading says otherwise."""
    plot_loading.load()


@pytest.fixture
def workspace(made):
    with Workspace.open(made.path) as opened:
        yield opened


@pytest.fixture
def tasks(qapp):
    queue = TaskQueue()
    yield queue
    queue.shutdown()


@pytest.fixture
def thumbnails(qapp, workspace):
    cache = Thumbnails()
    cache.set_library(workspace.library)
    yield cache
    cache.shutdown()


@pytest.fixture
def explorer(qapp, workspace):
    state = Explorer()
    state.workspace = workspace
    state.codes = KEY
    return state


@pytest.fixture
def ask(explorer, workspace):
    """Make a row the query and answer it; gives the matches."""

    def asked(row):
        explorer.query = workspace.query_row(row, codes=KEY)
        explorer.results = Results(explorer.query, workspace.search(explorer.query), Options())
        return explorer.results.matches

    return asked


@pytest.fixture
def settled(qtbot, tasks, thumbnails):
    """Wait until no task and no thumbnail is under way."""

    def wait():
        qtbot.waitUntil(lambda: not tasks.busy and thumbnails.settled, timeout=5000)

    return wait


@pytest.fixture
def open_view(qtbot, explorer, tasks, thumbnails, settled):
    """Build a view and show it at a size."""

    def opened(kind, size=(320, 300), *, shown=True):
        view = kind(explorer, tasks, thumbnails)
        qtbot.addWidget(view)
        view.resize(*size)
        if shown:
            view.show()
            settled()
        return view

    return opened


@pytest.fixture
def light_theme(qapp):
    watcher = theme_watcher()
    before = watcher.mode
    watcher.set_mode(Mode.DARK)
    yield lambda: watcher.set_mode(Mode.LIGHT)
    watcher.set_mode(before)


@pytest.fixture
def occupied():
    """The distances at which there are photos, ascending."""
    return lambda matches: np.flatnonzero(matches.histogram).tolist()


@pytest.fixture
def move_mouse():
    """Move the mouse over a widget, with buttons held down or none."""

    def moved(widget, spot, buttons=Qt.MouseButton.NoButton):
        where = QPointF(spot)
        event = QMouseEvent(
            QEvent.Type.MouseMove, where, widget.mapToGlobal(where), Qt.MouseButton.NoButton, buttons,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)

    return moved
