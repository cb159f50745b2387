import dataclasses

import numpy as np
import pytest
from library_making import code_set, make_library, new_photos

from hashviewer.library import Library, LibraryWriter
from hashviewer.search import not_searched, rank
from hashviewer.ui.arrangement import Arrangement, arrange, ordered
from hashviewer.ui.explorer import Order, RowFilter
from hashviewer.ui.filtering import rows_with_words


@pytest.fixture
def library(library_path):
    library = Library.open(library_path)
    yield library
    library.close()


@pytest.fixture
def changing(tmp_path):
    """A library of its own whose photo 2 was replaced and whose photo 3 has vanished."""
    path = make_library(tmp_path / "changing", count=8)
    library = Library.open(path)
    with LibraryWriter(library) as writer:
        again = new_photos(tmp_path / "changing photos", 2, 1)[0]
        writer.add_photos([dataclasses.replace(again, content="other")])
        writer.mark_missing([3])
    yield library
    library.close()


def matches_of(library, row, *, k):
    codes, encoded = library.codes("test-64")
    return rank(codes[row], codes, 64, k=k, rows=encoded)


def test_without_a_query_the_living_photos_stand_in_order(changing):
    shown = arrange(changing, None, None, Order.RANK)
    assert shown.rows.tolist() == [0, 1, 3, 4, 5, 6, 7, 8]
    assert shown.total == 8
    assert shown.distances is None


def test_a_display_filter_shows_all_of_its_photos_nearest_first(library):
    matches = matches_of(library, 5, k=3)
    shown = arrange(library, matches, RowFilter("ring", np.array([2, 5, 37])), Order.RANK)
    assert sorted(shown.rows.tolist()) == [2, 5, 37]
    assert shown.distances.tolist() == sorted(matches.all_distances[[2, 5, 37]].tolist())


def test_a_photo_that_was_not_searched_has_no_distance(library):
    codes, encoded = library.codes("test-64")
    searched = encoded.copy()
    searched[7] = False
    matches = rank(codes[5], codes, 64, k=3, rows=searched)
    assert matches.all_distances[7] == not_searched(matches.all_distances)
    shown = arrange(library, matches, RowFilter("bucket", np.array([5, 7])), Order.RANK)
    assert shown.distances.tolist() == [0, -1]


def test_the_radius_cuts_before_the_first_photo_beyond():
    shown = Arrangement(np.arange(5), np.array([0, 2, 2, 6, 9], dtype=np.int32), by_rank=True)
    assert [shown.cut(radius) for radius in (0, 1, 2, 5, 6, 8)] == [1, 1, 3, 3, 4, 4]
    assert shown.cut(9) is None  # nothing lies beyond


def test_no_line_cuts_photos_that_stand_in_another_order():
    shown = Arrangement(np.arange(3), np.array([3, 1, 2], dtype=np.int32), by_rank=False)
    assert shown.cut(2) is None


def test_photos_without_a_date_are_sorted_by_the_time_of_their_file(tmp_path):
    path = make_library(tmp_path / "dates", count=0)
    library = Library.open(path)
    photos = new_photos(tmp_path / "dates photos", 0, 4)
    seconds = (40.0, None, 20.0, None)
    files = (1, 30, 2, 10)
    with LibraryWriter(library) as writer:
        writer.add_photos(
            [
                dataclasses.replace(photo, taken=taken, mtime_ns=changed * 10**9)
                for photo, taken, changed in zip(photos, seconds, files, strict=True)
            ]
        )
    assert ordered(library, np.arange(4), Order.DATE).tolist() == [3, 2, 1, 0]
    library.close()


@pytest.mark.parametrize("rows", [[3, 1, 2], list(range(39, -1, -1))], ids=["few", "most"])
def test_by_name_few_and_many_stand_in_the_same_order(library, rows):
    names = [library.path_of(row) for row in ordered(library, np.array(rows), Order.NAME)]
    assert names == sorted(library.path_of(row) for row in rows)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("photo-0007", lambda row: row == 7),
        ("BEACH", lambda row: row % 4 == 0),
        ("photo-001 night", lambda row: 10 <= row < 20 and row % 4 == 3),
        ("nothing-like-it", lambda row: False),
    ],
)
def test_words_are_looked_for_in_path_and_label(library, text, fits):
    assert rows_with_words(library, text).tolist() == [row for row in range(40) if fits(row)]


def test_a_vanished_photo_is_still_shown_and_marked(qtbot, window, tmp_path):
    from hashviewer.ui.grid_looks import CellLooks

    path = make_library(tmp_path / "vanishing", count=8, sets=(code_set(),))
    library = Library.open(path)
    with LibraryWriter(library) as writer:
        writer.mark_missing([3])
    library.close()
    window.commands.open_path(path)
    qtbot.waitUntil(lambda: window.explorer.workspace is not None and not window.tasks.busy)
    grid = window.grid_view.grid
    assert [CellLooks(grid).look(place, place).missing for place in range(8)] == [
        place == 3 for place in range(8)
    ]
    assert "1 missing" in window.status._photos.text()
