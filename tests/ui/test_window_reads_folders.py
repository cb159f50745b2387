import numpy as np
import pytest
from library_making import code_set, extend_library, make_library

from hashviewer.encoding import IndexReport
from hashviewer.library import Library, LibraryWriter
from hashviewer.ui import indexing as module
from hashviewer.ui.indexing import in_words


def report(**counts):
    """A report in which everything that is not named is zero."""
    usual = dict.fromkeys(("added", "changed", "moved", "missing", "unchanged", "problems", "encoded"), 0)
    return IndexReport(**{**usual, "seconds": 1.0, "photos_per_second": 0.0, "cancelled": False, **counts})


@pytest.fixture
def growing(qtbot, window, tmp_path):
    """The window on a library of its own, and a way to add photos as another process would."""
    path = make_library(tmp_path / "growing")
    window.commands.open_path(path)
    qtbot.waitUntil(lambda: window.explorer.workspace is not None and not window.tasks.busy)
    other = Library.open(path)

    def grow(count=8):
        with LibraryWriter(other) as writer:
            extend_library(writer, path.parent / "growing photos", len(other), count, (code_set(),))
        window.indexing._grow()
        qtbot.waitUntil(lambda: not window.tasks.busy)

    yield grow
    other.close()


def test_new_photos_appear_and_the_scroll_is_kept(window, growing):
    grid = window.grid_view.grid
    grid.set_cell_size(200)
    grid.verticalScrollBar().setValue(150)
    growing()
    assert grid.cells.count == 48
    assert grid.scrolled == 150


def test_an_answer_is_refreshed_when_the_library_grows(window, growing, ask):
    ask(window, 5)
    query = window.explorer.query
    growing()
    assert window.explorer.query is query
    assert window.explorer.results.matches.total == 48
    assert not window.grid_view.grid.stale


def test_a_selection_survives_growth(window, growing):
    window.explorer.select([7])
    growing()
    assert window.explorer.selection.rows == (7,)
    assert window.grid_view.grid.is_selected(7)


def test_the_first_codes_of_an_empty_library_are_shown_as_they_come(qtbot, window, tmp_path):
    path = make_library(tmp_path / "empty", count=0)
    window.commands.open_path(path)
    qtbot.waitUntil(lambda: window.explorer.workspace is not None and not window.tasks.busy)
    assert window.explorer.codes is None
    assert window.grid_view.empty.isVisible()
    assert window.toolbar.codes.currentText() == "no codes yet"
    other = Library.open(path)
    with LibraryWriter(other) as writer:
        extend_library(writer, tmp_path / "empty photos", 0, 12, (code_set(),))
    other.close()
    window.indexing._first_query_wanted = True
    window.indexing._grow()
    qtbot.waitUntil(lambda: window.explorer.results is not None and not window.tasks.busy)
    assert window.explorer.codes == "test-64"
    assert window.explorer.query.row == 0
    assert window.grid_view.grid.cells.count == 12


def test_a_running_index_says_how_far_it_is_and_can_be_stopped(qtbot, open_window, monkeypatch):
    from hashviewer.progress import Cancelled

    def endless(folder, workspace, model, progress):
        try:
            while True:
                progress(214, 1204, "214 photos/s, 5 s left")
        except Cancelled:
            return report(added=214, encoded=214, photos_per_second=214.0, cancelled=True)

    monkeypatch.setattr(module, "_index", endless)
    status = open_window.status
    open_window.commands.refresh_library()
    qtbot.waitUntil(lambda: "214 of 1,204 · 214 photos/s, 5 s left" in status.activity)
    open_window.explorer.row_asked.emit(5)  # usable meanwhile
    qtbot.waitUntil(lambda: open_window.explorer.results is not None)
    status.cancel_button.click()
    qtbot.waitUntil(lambda: not open_window.tasks.busy)
    assert open_window.statusBar().currentMessage() == "Stopped; kept: 214 added, 214 photos/s."
    assert not status.activity


def test_a_failed_index_offers_to_try_again(qtbot, open_window, monkeypatch):
    from hashviewer.errors import EncodingError

    def fail(folder, workspace, model, progress):
        raise EncodingError("The disk is full: make room and read the folder again.")

    monkeypatch.setattr(module, "_index", fail)
    open_window.commands.refresh_library()
    qtbot.waitUntil(lambda: open_window.message_bar.isVisible() and not open_window.tasks.busy)
    assert open_window.message_bar.text == "The disk is full: make room and read the folder again."
    assert open_window.message_bar.button.text() == "Try again"
    assert open_window.explorer.workspace is not None


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"unchanged": 1204}, "Done: nothing new among 1,204 photos."),
        (
            {
                "added": 3,
                "changed": 1,
                "moved": 2,
                "missing": 4,
                "problems": 5,
                "encoded": 4,
                "photos_per_second": 99.6,
            },
            "Done: 3 added, 1 changed, 2 moved, 4 missing, 5 could not be read, 100 photos/s.",
        ),
        ({"unchanged": 9, "encoded": 9, "photos_per_second": 50.0}, "Done: 9 encoded, 50 photos/s."),
    ],
)
def test_a_report_is_put_into_words(counts, words):
    assert in_words(report(**counts)) == words


def test_pictures_have_their_usual_shape(library_path):
    from hashviewer.ui.arrangement import usual_shape

    library = Library.open(library_path)
    assert usual_shape(library) == pytest.approx(np.median(library.heights / library.widths))
    library.close()
