import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent

from hashviewer.search import rank
from hashviewer.selection import Selection
from hashviewer.statistics import binomial_histogram
from hashviewer.ui.explorer import Options, Results
from hashviewer.ui.suggesting import suggestion
from hashviewer.ui.theme import theme
from hashviewer.ui.views import RadiusView

SIZE = (420, 320)


def place_of(view, x, y):
    """Where a place in the plot lies in its viewport."""
    plot = view.plot
    return plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(x, y)))


def click(qtbot, view, distance, modifiers=Qt.KeyboardModifier.NoModifier):
    spot = place_of(view, distance, 0.0)
    qtbot.mouseClick(view.plot.viewport(), Qt.MouseButton.LeftButton, modifiers, spot)


def test_without_an_answer_it_says_what_would_fill_it(open_view):
    view = open_view(RadiusView, SIZE)
    assert view.empty.isVisible()
    assert not view.content.isVisible()


def test_bars_are_the_log_of_the_histogram(open_view, ask):
    matches = ask(5)
    view = open_view(RadiusView, SIZE)
    tops = np.fmax(view.plot.within.tops, view.plot.beyond.tops)
    for distance, count in enumerate(matches.histogram.tolist()):
        if count:
            assert tops[distance] == pytest.approx(np.log10(count))
        else:
            assert np.isnan(tops[distance])


def test_the_radius_parts_the_bars(open_view, ask, explorer):
    ask(5)
    view = open_view(RadiusView, SIZE)
    explorer.radius = 12
    assert np.isnan(view.plot.within.tops[13:]).all()
    assert np.isnan(view.plot.beyond.tops[:13]).all()
    assert view.plot.within.color == theme().accent
    assert view.plot.beyond.color == theme().dim
    assert view.plot.line.value() == 12.5


def test_random_codes_stand_behind_as_a_binomial(open_view, ask):
    matches = ask(5)
    view = open_view(RadiusView, SIZE)
    expected = binomial_histogram(matches.bits, matches.total)
    x, y = view.plot.random._item.getData()
    assert len(x) == matches.bits + 1
    peak = int(np.argmax(expected))
    assert y[peak] == pytest.approx(np.log10(expected[peak]))


def test_dragging_the_line_sets_the_radius_while_it_moves(
    qtbot, open_view, ask, explorer, move_mouse, monkeypatch
):
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", -1)  # the test moves faster than a hand
    ask(5)
    explorer.radius = 4
    view = open_view(RadiusView, SIZE)
    port, left = view.plot.viewport(), Qt.MouseButton.LeftButton
    seen = []
    explorer.radius_changed.connect(lambda: seen.append(explorer.radius))
    start = place_of(view, 4.5, 0.3)
    move_mouse(port, start)
    qtbot.mousePress(port, left, pos=start)
    for x in (6.5, 9.5, 14.6):
        move_mouse(port, place_of(view, x, 0.3), left)
    assert len(seen) >= 2  # before the button is let go
    qtbot.mouseRelease(port, left, pos=place_of(view, 14.6, 0.3))
    assert explorer.radius == 14
    assert view.plot.line.value() == 14.5
    assert view.within_line.text().startswith("Radius 14:")


def test_the_line_stays_within_the_code(open_view, ask, explorer):
    matches = ask(5)
    view = open_view(RadiusView, SIZE)
    view.plot.line.setPos(500.0)
    assert explorer.radius == matches.bits
    view.plot.line.setPos(-9.0)
    assert explorer.radius == 0


@pytest.mark.parametrize(
    ("key", "modifier", "radius"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 11),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 9),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, 18),
    ],
)
def test_arrow_keys_move_the_radius(qtbot, open_view, ask, explorer, key, modifier, radius):
    ask(5)
    explorer.radius = 10
    view = open_view(RadiusView, SIZE)
    qtbot.keyClick(view.plot, key, modifier)
    assert explorer.radius == radius


def test_clicking_a_bar_selects_its_photos(qtbot, open_view, ask, explorer, occupied):
    matches = ask(5)
    view = open_view(RadiusView, SIZE)
    distance = occupied(matches)[3]
    click(qtbot, view, distance)
    assert explorer.selection.rows == tuple(np.flatnonzero(matches.all_distances == distance))
    assert len(explorer.selection) == matches.histogram[distance]


def test_ctrl_and_shift_add_to_the_selection(qtbot, open_view, ask, explorer, occupied):
    matches = ask(5)
    view = open_view(RadiusView, SIZE)
    first, second = occupied(matches)[2:4]
    click(qtbot, view, first)
    click(qtbot, view, second, Qt.KeyboardModifier.ShiftModifier)
    assert len(explorer.selection) == matches.histogram[first] + matches.histogram[second]
    click(qtbot, view, second, Qt.KeyboardModifier.ControlModifier)
    assert len(explorer.selection) == matches.histogram[first]


def test_selected_photos_are_overlaid_at_their_distances(open_view, ask, explorer):
    matches = ask(5)
    view = open_view(RadiusView, SIZE)
    rows = [int(row) for row in matches.rows[3:9]]
    explorer.selection = Selection.of(rows)
    counts = np.zeros(matches.bits + 1)
    for row in rows:
        counts[matches.all_distances[row]] += 1
    shown = view.plot.selected.tops
    assert np.isnan(shown[counts == 0]).all()
    assert shown[counts > 0] == pytest.approx(np.log10(counts[counts > 0]))
    assert view.plot.selected.color == theme().selection


def test_rows_that_were_not_searched_are_not_counted(open_view, ask, explorer, made):
    ask(5)
    view = open_view(RadiusView, SIZE)
    explorer.selection = Selection.of([made.bare])
    assert np.isnan(view.plot.selected.tops).all()


def test_sentences_say_what_lies_within_and_where_the_gap_is(open_view, ask, explorer):
    ask(5)
    distances = np.r_[np.arange(7), np.full(5, 14)]  # in bits
    codes = np.packbits(np.arange(64) < distances[:, None], axis=1)
    explorer.results = Results(explorer.query, rank(codes[0], codes, 64, k=None), Options())
    explorer.radius = 9
    view = open_view(RadiusView, SIZE)
    assert view.within_line.text() == "Radius 9: 7 of 12 photos"
    assert view.gap_line.text() == '7 within 6; the next is at 14 · <a href="gap">cut there</a>'


def test_where_no_gap_stands_out_the_tenth_photo_is_offered(open_view, ask, explorer):
    ask(5)
    codes = np.packbits(np.tril(np.ones((24, 64), dtype=bool)), axis=1)  # distances 0, 1, 2 … without a gap
    explorer.results = Results(explorer.query, rank(codes[0], codes, 64, k=None), Options())
    explorer.radius = 3
    view = open_view(RadiusView, SIZE)
    assert view.gap_line.text() == '10 within 9; no gap stands out · <a href="gap">cut there</a>'
    view.gap_line.linkActivated.emit("gap")
    assert explorer.radius == 9


def test_the_gap_can_be_taken_as_the_radius(open_view, ask, explorer):
    matches = ask(5)
    gap = suggestion(matches, explorer.query)
    explorer.radius = gap.radius + 1
    view = open_view(RadiusView, SIZE)
    view.gap_line.linkActivated.emit("gap")
    assert explorer.radius == gap.radius
    assert "<a" not in view.gap_line.text()


def test_hovering_reads_out_counts(open_view, ask, occupied, move_mouse):
    matches = ask(5)
    view = open_view(RadiusView, SIZE)
    distance = occupied(matches)[4]
    move_mouse(view.plot.viewport(), place_of(view, distance, 0.0))
    assert view.plot.readout.startswith(f"distance {distance}: {matches.histogram[distance]} photo")


def test_an_unanswered_query_dims_what_is_shown_and_takes_no_clicks(
    qtbot, open_view, ask, explorer, workspace, occupied
):
    matches = ask(5)
    explorer.radius = 12
    view = open_view(RadiusView, SIZE)
    explorer.query = workspace.query_row(6, codes=explorer.codes)
    assert view.plot.within.color == theme().dim
    click(qtbot, view, occupied(matches)[3])
    assert len(explorer.selection) == 0
    explorer.results = Results(explorer.query, workspace.search(explorer.query), Options())
    assert view.plot.within.color == theme().accent


def test_a_hidden_view_does_not_draw_until_it_is_shown(open_view, ask, explorer):
    view = open_view(RadiusView, SIZE, shown=False)
    ask(5)
    explorer.radius = 7
    assert view.plot is None
    view.show()
    assert view.plot is not None
    assert view.within_line.text().startswith("Radius 7:")


def test_the_wheel_zooms_and_a_double_click_shows_all(qtbot, open_view, ask):
    ask(5)
    view = open_view(RadiusView, SIZE)
    box, port = view.plot.getViewBox(), view.plot.viewport()
    whole = box.viewRange()[0]
    spot = place_of(view, 10, 0.2)
    event = QWheelEvent(
        QPointF(spot), port.mapToGlobal(QPointF(spot)), QPoint(0, 0), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    view.plot.wheelEvent(event)
    zoomed = box.viewRange()[0]
    assert zoomed[1] - zoomed[0] < whole[1] - whole[0]
    qtbot.mouseDClick(port, Qt.MouseButton.LeftButton, pos=spot)
    assert box.viewRange()[0] == pytest.approx(whole)


def test_a_new_theme_is_taken_at_once(open_view, ask, explorer, light_theme):
    ask(5)
    view = open_view(RadiusView, SIZE)
    before = view.plot.within.color
    light_theme()
    assert view.plot.within.color == theme().accent != before
    assert view.plot.backgroundBrush().color() == theme().background


def test_the_photo_under_the_pointer_is_marked_at_its_distance(open_view, ask, explorer, made):
    matches = ask(5)
    view = open_view(RadiusView, SIZE)
    explorer.hover = int(matches.rows[6])
    assert view.plot.hovered.isVisible()
    assert view.plot.hovered.value() == matches.distances[6]
    explorer.hover = made.bare
    assert not view.plot.hovered.isVisible()
    explorer.hover = None
    assert not view.plot.hovered.isVisible()


def test_how_many_are_selected_is_said_even_when_the_grid_does_not_show_them(open_view, ask, explorer):
    matches = ask(5)
    view = open_view(RadiusView, SIZE)
    explorer.selection = Selection.of([int(row) for row in matches.rows[-3:]])
    assert view.within_line.text().endswith("photos · 3 selected")
