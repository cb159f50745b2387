from math import comb

import numpy as np
import pytest
from PySide6.QtCore import Qt

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import SearchHow
from hashviewer.selection import Selection
from hashviewer.statistics import Buckets
from hashviewer.statistics import buckets as find_buckets
from hashviewer.ui.explorer import Options, Results, RowFilter
from hashviewer.ui.theme import theme
from hashviewer.ui.views import BucketsView
from hashviewer.ui.views.bucket_models import BucketModel, RingModel, short_code, short_count

SIZE = (420, 460)
DISPLAY = Qt.ItemDataRole.DisplayRole


def click(qtbot, table, line):
    index = table.model().index(line, 0)
    table.scrollTo(index)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center())


def text(model, line):
    return [model.index(line, column).data(DISPLAY) for column in range(model.columnCount())]


@pytest.fixture
def found():
    rng = np.random.default_rng(2)
    codes = packed.pack(rng.random((60, 10)) < 0.5)
    codes[20:26] = codes[7]
    return find_buckets(codes[7], codes, 10, radius=4)


def test_the_ring_table_is_a_sound_model(qapp, qtmodeltester, found):
    model = RingModel()
    model.show_buckets(found)
    qtmodeltester.check(model, force_py=True)


def test_the_bucket_table_is_a_sound_model(qapp, qtmodeltester, found):
    model = BucketModel()
    model.show_buckets(found)
    qtmodeltester.check(model, force_py=True)


def test_a_ring_says_what_is_probed_occupied_and_held(found):
    model = RingModel()
    model.show_buckets(found)
    assert model.rowCount() == 5
    for ring in found.rings:
        assert model.probed(ring.radius) == comb(10, ring.radius)
        assert text(model, ring.radius) == [
            str(ring.radius), str(comb(10, ring.radius)), str(ring.buckets), str(ring.photos),
        ]  # fmt: skip


def test_a_bucket_says_its_code_distance_and_size(found):
    model = BucketModel()
    model.show_buckets(found)
    assert model.rowCount() == len(found.buckets)
    assert text(model, 0)[:3] == [packed.to_hex(found.buckets[0].code), "0", "7"]


@pytest.mark.parametrize(
    ("number", "short"), [(41664, "41,664"), (74974368, "7.4×10⁷"), (10**18, "1.0×10¹⁸")]
)
def test_large_counts_are_written_as_powers_of_ten(number, short):
    assert short_count(number) == short


def test_long_codes_are_shortened():
    assert short_code(packed.from_hex("3f9a00112233c4")) == "3f9a…c4"
    assert short_code(packed.from_hex("3f9a00c4")) == "3f9a00c4"


def test_it_shows_the_buckets_within_the_radius(open_view, ask, explorer, workspace):
    ask(5)
    explorer.radius = 11
    view = open_view(BucketsView, SIZE)
    expected = workspace.buckets(explorer.query, radius=11)
    assert view.rings.rowCount() == 12
    assert view.buckets.rowCount() == len(expected.buckets)
    photos = sum(ring.photos for ring in expected.rings)
    assert view.line.text() == f"Within 11: {photos} photos in {len(expected.buckets)} buckets"


def test_after_a_lookup_it_says_how_far_its_counts_are_whole(open_view, explorer, workspace, settled):
    view = open_view(BucketsView)
    explorer.query = workspace.query_row(3, codes=workspace.default_codes())
    found = workspace.search(explorer.query, how=SearchHow(mode="lookup", probe=1))
    assert found.complete == 1
    explorer.results = Results(explorer.query, found, Options())
    explorer.radius = 1
    settled()
    assert "candidate" not in view.line.text()
    explorer.radius = 7
    settled()
    count = found.within(7)
    assert view.line.text().startswith(f"Within 7: {count} candidate")
    assert view.line.text().endswith("; there may be more beyond 1 bit")


def test_the_radius_recounts(open_view, ask, explorer, settled):
    ask(5)
    explorer.radius = 3
    view = open_view(BucketsView, SIZE)
    explorer.radius = 13
    settled()
    assert view.rings.rowCount() == 14
    assert view.line.text().startswith("Within 13:")


def test_a_dragged_radius_asks_one_question_at_a_time_and_ends_with_the_last(
    open_view, ask, explorer, settled, workspace, monkeypatch
):
    ask(5)
    view = open_view(BucketsView, SIZE)
    asked = []
    original = workspace.buckets
    monkeypatch.setattr(
        workspace, "buckets", lambda query, **how: (asked.append(how["radius"]), original(query, **how))[1]
    )
    for radius in range(1, 20):
        explorer.radius = radius
    settled()
    assert view.rings.rowCount() == 20
    assert asked[-1] == 19
    assert len(asked) <= 3


def test_a_cut_list_says_so(open_view, ask, explorer, workspace, monkeypatch):
    ask(5)
    original = workspace.buckets

    def cut(query, **how):
        whole = original(query, **how)
        return Buckets(rings=whole.rings, buckets=whole.buckets[:3], probes=whole.probes)

    monkeypatch.setattr(workspace, "buckets", cut)
    explorer.radius = 20
    view = open_view(BucketsView, SIZE)
    assert view.buckets.rowCount() == 3
    assert view.line.text().endswith("; the nearest 3 are listed")


def test_clicking_a_ring_narrows_the_grid_to_it(qtbot, open_view, ask, explorer, occupied):
    matches = ask(5)
    explorer.radius = 14
    view = open_view(BucketsView, SIZE)
    distance = occupied(matches)[2]
    click(qtbot, view.ring_table, distance)
    rows = np.flatnonzero(matches.all_distances == distance)
    assert explorer.row_filter.rows.tolist() == rows.tolist()
    assert explorer.row_filter.text.startswith(f"distance {distance} · {len(rows)} photo")
    assert not explorer.row_filter.search


def test_clicking_a_bucket_narrows_the_grid_to_it(qtbot, open_view, ask, explorer):
    ask(5)
    explorer.radius = 14
    view = open_view(BucketsView, SIZE)
    click(qtbot, view.bucket_table, 2)
    bucket = view.buckets.bucket(2)
    assert explorer.row_filter.rows.tolist() == bucket.rows.tolist()
    assert short_code(bucket.code) in explorer.row_filter.text


def test_the_narrowing_is_taken_away_by_the_button_and_by_the_next_query(qtbot, open_view, ask, explorer):
    ask(5)
    explorer.radius = 14
    view = open_view(BucketsView, SIZE)
    assert not view.clear.isVisible()
    click(qtbot, view.bucket_table, 1)
    assert view.clear.isVisible()
    qtbot.mouseClick(view.clear, Qt.MouseButton.LeftButton)
    assert explorer.row_filter is None
    assert not view.clear.isVisible()
    click(qtbot, view.bucket_table, 1)
    assert explorer.row_filter is not None
    ask(6)
    assert explorer.row_filter is None


def test_a_filter_of_another_view_stays_at_the_next_query(open_view, ask, explorer):
    ask(5)
    open_view(BucketsView, SIZE)
    other = RowFilter(text="“sea”", rows=np.array([1, 2]), search=True)
    explorer.row_filter = other
    ask(6)
    assert explorer.row_filter is other


def test_enter_on_a_line_does_what_a_click_does(qtbot, open_view, ask, explorer):
    ask(5)
    explorer.radius = 14
    view = open_view(BucketsView, SIZE)
    view.bucket_table.setCurrentIndex(view.buckets.index(1, 0))
    qtbot.keyClick(view.bucket_table, Qt.Key.Key_Return)
    assert explorer.row_filter.rows.tolist() == view.buckets.bucket(1).rows.tolist()


def test_ring_and_bucket_of_a_selected_photo_are_marked(open_view, ask, explorer):
    matches = ask(5)
    explorer.radius = 14
    view = open_view(BucketsView, SIZE)
    row = int(matches.rows[3])
    explorer.selection = Selection.of([row])
    distance = int(matches.all_distances[row])
    assert view.rings.marked == {distance}
    (line,) = view.buckets.marked
    assert row in view.buckets.bucket(line).rows
    assert text(view.rings, distance)[0] == f"● {distance}"
    assert view.rings.index(distance, 0).data(Qt.ItemDataRole.ForegroundRole) == theme().selection


def test_a_selected_photo_beyond_the_radius_marks_nothing(open_view, ask, explorer):
    matches = ask(5)
    explorer.radius = 0
    view = open_view(BucketsView, SIZE)
    explorer.selection = Selection.of([int(matches.rows[-1])])
    assert view.rings.marked == frozenset()
    assert view.buckets.marked == frozenset()


def test_an_unanswered_query_leaves_the_tables_pale_and_deaf(open_view, ask, explorer, workspace):
    ask(5)
    view = open_view(BucketsView, SIZE)
    explorer.query = workspace.query_row(6, codes=explorer.codes)
    assert not view.splitter.isEnabled()
    assert theme().dim.name() in view.line.styleSheet()


def test_an_error_stands_in_the_view_and_is_not_asked_for_again(
    open_view, ask, explorer, workspace, monkeypatch, settled
):
    asked = []

    def fails(query, **how):
        asked.append(query)
        raise SearchError("The codes are gone; open the library again.")

    monkeypatch.setattr(workspace, "buckets", fails)
    ask(5)
    view = open_view(BucketsView, SIZE)
    explorer.radius = 4
    settled()
    assert view.line.text() == "The codes are gone; open the library again."
    assert len(asked) == 1


def test_the_first_photos_of_a_bucket_are_drawn_in_its_line(open_view, ask, explorer, settled, thumbnails):
    ask(5)
    explorer.radius = 14
    view = open_view(BucketsView, SIZE)
    view.bucket_table.viewport().grab()
    settled()
    row = int(view.buckets.bucket(0).rows[0])
    pixmap = thumbnails.pixmap(row)
    cell = view.bucket_table.visualRect(view.buckets.index(0, 3))
    shot = view.bucket_table.viewport().grab().toImage()
    drawn = shot.pixelColor(cell.left() + 2 + 20, cell.center().y())
    there = pixmap.toImage().pixelColor(pixmap.width() * 20 // 28, pixmap.height() // 2)
    assert abs(drawn.red() - there.red()) + abs(drawn.green() - there.green()) < 24


def test_tables_lie_side_by_side_where_there_is_width(open_view, ask):
    ask(5)
    view = open_view(BucketsView, (900, 260))
    assert view.splitter.orientation() is Qt.Orientation.Horizontal
    view.resize(300, 500)
    assert view.splitter.orientation() is Qt.Orientation.Vertical


def test_hidden_it_counts_nothing(open_view, ask, tasks, explorer):
    view = open_view(BucketsView, SIZE, shown=False)
    ask(5)
    explorer.radius = 9
    assert not tasks.busy
    assert view.rings.rowCount() == 0


def test_the_line_that_the_grid_is_narrowed_to_stays_lit_until_it_is_not(qtbot, open_view, ask, explorer):
    ask(5)
    explorer.radius = 14
    view = open_view(BucketsView, SIZE)
    click(qtbot, view.ring_table, 0)
    assert view.ring_table.selectionModel().hasSelection()
    click(qtbot, view.bucket_table, 1)
    assert not view.ring_table.selectionModel().hasSelection()
    assert view.bucket_table.selectionModel().hasSelection()
    explorer.row_filter = None
    assert not view.bucket_table.selectionModel().hasSelection()
