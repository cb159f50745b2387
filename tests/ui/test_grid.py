import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from hashviewer.selection import Selection
from hashviewer.ui.arrangement import Arrangement
from hashviewer.ui.explorer import Order
from hashviewer.ui.grid_looks import CellLooks
from hashviewer.ui.grid_painting import BEYOND, STALE, UNSELECTED

Left = Qt.MouseButton.LeftButton
Control = Qt.KeyboardModifier.ControlModifier
Shift = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def grid(open_window):
    grid = open_window.grid_view.grid
    grid.setFocus()
    return grid


def middle(grid, place):
    return grid.rect_of(place).center()


def click(grid, place, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.mouseClick(grid.viewport(), Left, modifiers, middle(grid, place))


def press(grid, key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(grid, key, modifiers)


def look(grid, place):
    return CellLooks(grid).look(place, int(grid.arrangement.rows[place]))


def test_the_whole_library_is_shown_in_order(grid):
    assert grid.arrangement.rows.tolist() == list(range(40))


def test_a_click_selects_one_photo(grid):
    click(grid, 2)
    click(grid, 5)
    assert grid.explorer.selection == Selection((5,), 5)


def test_control_click_adds_and_removes(grid):
    click(grid, 2)
    click(grid, 5, Control)
    assert grid.explorer.selection.rows == (2, 5)
    click(grid, 2, Control)
    assert grid.explorer.selection.rows == (5,)


def test_shift_click_selects_the_range_from_the_anchor(grid):
    click(grid, 5)
    click(grid, 2, Shift)
    assert grid.explorer.selection.rows == (2, 3, 4, 5)
    click(grid, 7, Shift)
    assert grid.explorer.selection.rows == (5, 6, 7)


def test_a_click_on_one_of_several_selected_selects_it_alone(grid):
    click(grid, 2)
    click(grid, 5, Shift)
    click(grid, 3)
    assert grid.explorer.selection.rows == (3,)


def test_a_rubber_band_beside_the_pictures_selects_what_it_touches(grid):
    start, end = QPoint(2, 2), grid.rect_of(1).center()
    QTest.mousePress(grid.viewport(), Left, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(grid.viewport(), start + QPoint(20, 20))
    QTest.mouseMove(grid.viewport(), end)
    QTest.mouseRelease(grid.viewport(), Left, Qt.KeyboardModifier.NoModifier, end)
    assert grid.explorer.selection.rows == (0, 1)


def test_a_click_between_the_photos_clears_the_selection(grid):
    click(grid, 2)
    QTest.mouseClick(grid.viewport(), Left, Qt.KeyboardModifier.NoModifier, QPoint(2, 2))
    assert not grid.explorer.selection.rows


def test_arrows_move_the_current_photo(grid):
    press(grid, Qt.Key.Key_Right)
    assert grid.explorer.selection.current == 0
    press(grid, Qt.Key.Key_Right)
    press(grid, Qt.Key.Key_Down)
    assert grid.explorer.selection.current == 1 + grid.cells.columns
    press(grid, Qt.Key.Key_Up)
    press(grid, Qt.Key.Key_Left)
    assert grid.explorer.selection.current == 0


def test_home_and_end_lead_to_the_first_and_last_and_show_them(grid):
    press(grid, Qt.Key.Key_End)
    assert grid.explorer.selection.current == 39
    assert 39 in grid.visible_places()
    press(grid, Qt.Key.Key_Home)
    assert grid.explorer.selection.current == 0
    assert grid.scrolled < 16


def test_shift_and_arrows_extend_the_selection(grid):
    click(grid, 3)
    press(grid, Qt.Key.Key_Right, Shift)
    press(grid, Qt.Key.Key_Right, Shift)
    assert grid.explorer.selection == Selection((3, 4, 5), 5)
    press(grid, Qt.Key.Key_Left, Shift)
    assert grid.explorer.selection.rows == (3, 4)


def test_page_down_moves_by_what_is_visible(grid):
    click(grid, 0)
    press(grid, Qt.Key.Key_PageDown)
    rows = max(1, grid.viewport().height() // grid.cells.pitch)
    assert grid.explorer.selection.current == min(39, rows * grid.cells.columns)


def test_space_and_double_click_make_a_photo_the_query(qtbot, grid):
    click(grid, 4)
    with qtbot.waitSignal(grid.explorer.row_asked) as asked:
        press(grid, Qt.Key.Key_Space)
    assert asked.args == [4]
    with qtbot.waitSignal(grid.explorer.row_asked) as asked:
        QTest.mouseDClick(grid.viewport(), Left, Qt.KeyboardModifier.NoModifier, middle(grid, 6))
    assert asked.args == [6]


def test_enter_opens_the_photo_view(qtbot, open_window, grid):
    open_window.docks["photo"].hide()
    click(grid, 4)
    with qtbot.waitSignal(grid.opened) as opened:
        press(grid, Qt.Key.Key_Return)
    assert opened.args == [4]
    assert open_window.docks["photo"].isVisible()


def test_hovering_tells_the_other_views(qtbot, grid):
    with qtbot.waitSignal(grid.explorer.hover_changed):
        QTest.mouseMove(grid.viewport(), middle(grid, 3))
    assert grid.explorer.hover == 3


def test_control_and_wheel_change_the_size_and_keep_the_top(qtbot, grid):
    before = grid.cell_size
    grid.set_cell_size(before + 16)
    grid.verticalScrollBar().setValue(grid.cells.rect(20).y)
    top = grid.visible_places().start
    grid.set_cell_size(before + 48)
    assert top in grid.visible_places()


def test_a_selection_from_another_view_greys_the_rest_and_is_shown(grid):
    grid.explorer.selection = Selection.of([39])
    assert 39 in grid.visible_places()
    assert look(grid, 38).opacity == UNSELECTED
    assert look(grid, 39).selected
    assert look(grid, 39).opacity == 1.0


def test_a_click_in_the_grid_greys_nothing(grid):
    click(grid, 1)
    grid._fading.clear()
    assert look(grid, 2).opacity == 1.0


def test_with_a_query_the_nearest_come_first_with_their_distances(open_window, grid, ask):
    ask(open_window, 5)
    distances = grid.arrangement.distances
    assert grid.arrangement.rows[0] == 5
    assert distances[0] == 0
    assert np.all(np.diff(distances) >= 0)
    assert look(grid, 1).badge == str(distances[1])


def test_photos_beyond_the_radius_stand_below_the_line_and_are_dimmed(open_window, grid, ask):
    ask(open_window, 5)
    open_window.explorer.radius = 3
    cut = grid.cells.cut
    assert cut == int((grid.arrangement.distances <= 3).sum())
    assert grid.cells.rect(cut).y > grid.cells.cut_y
    grid._fading.clear()
    assert look(grid, cut).opacity == BEYOND
    assert look(grid, cut - 1).opacity == 1.0


def test_the_query_is_marked_and_hits_with_its_label_are_ticked(open_window, grid, ask):
    ask(open_window, 5)
    looks = [look(grid, place) for place in range(40)]
    assert [place for place, one in enumerate(looks) if one.is_query] == [0]
    ticked = {int(grid.arrangement.rows[place]) for place, one in enumerate(looks) if one.relevant}
    assert ticked == {row for row in range(40) if row % 4 == 1 and row != 5}


def test_sorting_by_date_and_name_keeps_the_set(qtbot, open_window, grid, ask):
    ask(open_window, 5)
    shown = set(grid.arrangement.rows.tolist())
    open_window.explorer.order = Order.DATE
    assert grid.arrangement.rows.tolist() == sorted(shown, reverse=True)  # the drawn dates go backwards
    open_window.explorer.order = Order.NAME
    paths = [open_window.explorer.workspace.library.path_of(row) for row in grid.arrangement.rows]
    assert paths == sorted(paths)
    assert set(grid.arrangement.rows.tolist()) == shown
    assert grid.cells.cut is None


def test_sorting_the_whole_library_by_name_is_left_to_a_worker(qtbot, open_window, grid):
    open_window.explorer.order = Order.NAME
    assert grid.stale
    qtbot.waitUntil(lambda: not open_window.tasks.busy)
    assert not grid.stale
    paths = [open_window.explorer.workspace.library.path_of(row) for row in grid.arrangement.rows]
    assert paths == sorted(paths)


def test_a_new_question_dims_the_old_answer_at_once(qtbot, open_window, grid, ask):
    ask(open_window, 5)
    qtbot.waitUntil(lambda: not grid.fading)  # a thumbnail that fades in is fainter still
    open_window.explorer.row_asked.emit(6)
    assert grid.stale
    assert look(grid, 1).opacity == STALE
    qtbot.waitUntil(lambda: not open_window.tasks.busy)
    assert not grid.stale


def test_the_tool_tip_says_path_label_distance_and_rank(open_window, grid, ask):
    from hashviewer.ui.photo_text import describe

    ask(open_window, 5)
    text = describe(open_window.explorer, 5)
    assert "city/photo-0005.jpg" in text
    assert "label: city" in text
    assert "distance 0 of 64 bits · rank 1" in text


def test_screen_readers_hear_the_current_photo(grid):
    click(grid, 2)
    assert "photo-0002.jpg" in grid.accessibleDescription()


def test_thumbnails_arrive_for_what_is_visible(qtbot, open_window, grid):
    qtbot.waitUntil(lambda: open_window.thumbnails.settled)
    for place in grid.visible_places():
        assert open_window.thumbnails.peek(int(grid.arrangement.rows[place])) is not None


def test_thumbnails_fade_in_within_a_tenth_of_a_second(qtbot, open_window, grid):
    qtbot.waitUntil(lambda: open_window.thumbnails.settled and not grid.fading, timeout=3000)
    assert not grid._fader.isActive()


def test_a_million_photos_can_be_jumped_through(grid):
    rows = np.arange(1_000_000, dtype=np.int64) % 40
    grid.show_arrangement(Arrangement(rows, total=1_000_000), keep_scroll=False)
    press(grid, Qt.Key.Key_End)
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum())
    assert grid.visible_places().stop == 1_000_000


def test_dragging_a_picture_hands_its_file_over(qtbot, open_window, grid, monkeypatch):
    from PySide6.QtGui import QDrag

    from hashviewer.ui.file_urls import to_path

    handed = []
    monkeypatch.setattr(QDrag, "exec", lambda self, *_: handed.append(self.mimeData()))
    qtbot.waitUntil(lambda: open_window.thumbnails.settled)
    click(grid, 3)
    start = middle(grid, 3)
    QTest.mousePress(grid.viewport(), Left, Qt.KeyboardModifier.NoModifier, start)
    for step in (8, 16, 24):
        QTest.mouseMove(grid.viewport(), start + QPoint(step, step))
    QTest.mouseRelease(grid.viewport(), Left, Qt.KeyboardModifier.NoModifier, start + QPoint(24, 24))
    path = open_window.explorer.workspace.library.full_path(3)
    assert [[to_path(url) for url in data.urls()] for data in handed] == [[path]]
    assert handed[0].text() == str(path)


def test_a_filter_shows_its_answer_from_the_top(qtbot, open_window, grid, ask):
    ask(open_window, 5)
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum())
    open_window.controller.filter_by("city")
    qtbot.waitUntil(lambda: not open_window.tasks.busy)
    assert grid.scrolled == 0


def test_more_neighbours_keep_the_scroll(qtbot, open_window, grid, ask):
    from hashviewer.ui.explorer import Options

    open_window.explorer.options = Options(k=30)
    ask(open_window, 5)
    grid.set_cell_size(200)
    grid.verticalScrollBar().setValue(120)
    open_window.explorer.options = Options(k=40)
    qtbot.waitUntil(lambda: not open_window.tasks.busy)
    assert grid.cells.count == 40
    assert grid.scrolled == 120


def test_the_context_menu_selects_the_photo_under_the_pointer(qtbot, open_window, grid, monkeypatch):
    from PySide6.QtGui import QContextMenuEvent
    from PySide6.QtWidgets import QMenu

    offered = []
    monkeypatch.setattr(QMenu, "popup", lambda self, _at: offered.extend(self.actions()))
    spot = middle(grid, 4)
    grid.contextMenuEvent(
        QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, grid.viewport().mapToGlobal(spot))
    )
    assert grid.explorer.selection.rows == (4,)
    assert offered[0] is open_window.actions_table["ask_current"]
    assert open_window.actions_table["copy"] in offered
