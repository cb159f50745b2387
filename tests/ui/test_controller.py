import numpy as np
import pytest
from PySide6.QtTest import QTest

from hashviewer.search import rank
from hashviewer.ui.explorer import Options, RowFilter
from hashviewer.ui.suggesting import suggestion


def settle(qtbot, window):
    qtbot.waitUntil(lambda: not window.tasks.busy)


def test_asking_a_row_ranks_the_library(open_window, ask):
    ask(open_window, 5)
    matches = open_window.explorer.results.matches
    codes, _ = open_window.explorer.workspace.library.codes("test-64")
    expected = sorted(range(40), key=lambda row: (int(np.unpackbits(codes[row] ^ codes[5]).sum()), row))
    assert matches.rows.tolist() == expected


def test_k_limits_what_is_shown(qtbot, open_window, ask):
    ask(open_window, 5)
    open_window.explorer.options = Options(k=7)
    settle(qtbot, open_window)
    assert len(open_window.explorer.results.matches.rows) == 7


def test_reranking_orders_the_first_by_their_features(qtbot, open_window, ask):
    ask(open_window, 5)
    open_window.explorer.options = Options(k=40, rerank=40)
    settle(qtbot, open_window)
    assert open_window.explorer.results.matches.reranked == 40
    assert open_window.grid_view.grid.cells.cut is None


def test_a_radius_is_suggested_at_the_largest_gap(open_window, ask):
    ask(open_window, 5)
    matches = open_window.explorer.results.matches
    assert open_window.explorer.radius == suggestion(matches, open_window.explorer.query).radius
    assert matches.within(open_window.explorer.radius) == 10  # all of its kind
    assert matches.histogram[open_window.explorer.radius + 1] == 0


def test_a_radius_that_the_user_has_set_is_kept(open_window, ask):
    ask(open_window, 5)
    open_window.explorer.radius = 9
    ask(open_window, 6)
    assert open_window.explorer.radius == 9
    assert not open_window.actions_table["suggest_radius"].isChecked()


def test_the_radius_can_be_suggested_again(open_window, ask):
    ask(open_window, 5)
    suggested = open_window.explorer.radius
    open_window.explorer.radius = 20
    open_window.actions_table["suggest_radius"].setChecked(True)
    assert open_window.explorer.radius == suggested


def test_without_a_clear_gap_the_tenth_photo_sets_the_radius(open_window, ask):
    ask(open_window, 5)
    codes = np.packbits(np.tril(np.ones((24, 64), dtype=bool)), axis=1)  # distances 0, 1, 2 … without a gap
    matches = rank(codes[0], codes, 64, k=None)
    assert suggestion(matches, open_window.explorer.query).radius == 9


def test_a_library_of_the_query_alone_has_no_others(open_window, ask):
    ask(open_window, 5)
    codes = np.zeros((1, 8), dtype=np.uint8)
    suggested = suggestion(rank(codes[0], codes, 64, k=None), open_window.explorer.query)
    assert (suggested.radius, suggested.within) == (0, 1)
    assert suggested.gap is not None
    assert suggested.gap.next_distance is None


def test_back_and_forward_lead_along_the_queries(qtbot, open_window, ask):
    window = open_window
    for row in (5, 6, 7):
        ask(window, row)
    window.actions_table["go_back"].trigger()
    settle(qtbot, window)
    assert window.explorer.query.row == 6
    window.explorer.back_asked.emit()
    settle(qtbot, window)
    assert window.explorer.query.row == 5
    assert not window.actions_table["go_back"].isEnabled()
    window.explorer.forward_asked.emit()
    settle(qtbot, window)
    assert window.explorer.query.row == 6
    assert window.explorer.results.query is window.explorer.query


def test_only_the_newest_of_quick_questions_is_answered(qtbot, open_window):
    for row in range(10):
        open_window.explorer.row_asked.emit(row)
    settle(qtbot, open_window)
    assert open_window.explorer.query.row == 9
    assert len(open_window.controller.history.steps) == 1


def test_switching_the_code_set_asks_again_there(qtbot, open_window, ask):
    ask(open_window, 5)
    open_window.explorer.codes = "wide-128"
    settle(qtbot, open_window)
    assert open_window.explorer.query.codes == "wide-128"
    assert open_window.explorer.query.row == 5
    assert open_window.explorer.results.matches.bits == 128
    assert len(open_window.controller.history.steps) == 1


def test_filter_words_narrow_the_photos_without_a_query(qtbot, open_window):
    QTest.keyClicks(open_window.toolbar.filter, "FLOWER photo-00")
    qtbot.waitUntil(lambda: open_window.explorer.row_filter is not None and not open_window.tasks.busy)
    assert open_window.grid_view.grid.arrangement.rows.tolist() == list(range(2, 40, 4))


def test_filter_words_narrow_what_is_searched(qtbot, open_window, ask):
    ask(open_window, 5)
    open_window.controller.filter_by("night")
    settle(qtbot, open_window)
    matches = open_window.explorer.results.matches
    assert sorted(matches.rows.tolist()) == list(range(3, 40, 4))
    assert matches.total == 10
    open_window.controller.filter_by("")
    settle(qtbot, open_window)
    assert open_window.explorer.results.matches.total == 40


def test_a_bucket_shows_its_photos_and_keeps_the_answer(qtbot, open_window, ask):
    ask(open_window, 5)
    answer = open_window.explorer.results
    open_window.explorer.row_filter = RowFilter("bucket", np.array([5, 30, 31]))
    settle(qtbot, open_window)
    assert open_window.explorer.results is answer
    assert sorted(open_window.grid_view.grid.arrangement.rows.tolist()) == [5, 30, 31]
    assert open_window.grid_view.grid.arrangement.rows[0] == 5


def test_nothing_found_says_so_and_offers_all(qtbot, open_window):
    open_window.controller.filter_by("unheard of")
    settle(qtbot, open_window)
    empty = open_window.grid_view.empty
    assert empty.isVisible()
    assert "unheard of" in empty.sentence
    empty.button.click()
    assert len(open_window.grid_view.grid.arrangement.rows) == 40


def test_escape_goes_one_step_back_each_time(qtbot, open_window, ask):
    window = open_window
    ask(window, 5)
    window.explorer.select([3])
    window.controller.filter_by("city")
    settle(qtbot, window)
    window.tell("Something.")
    back = window.actions_table["step_back"]
    back.trigger()
    assert not window.message_bar.isVisible()
    back.trigger()
    assert window.explorer.row_filter is None
    assert window.explorer.selection.rows
    back.trigger()
    assert not window.explorer.selection.rows
    assert window.explorer.query is not None
    back.trigger()
    assert window.explorer.query is None
    settle(qtbot, window)
    assert len(window.grid_view.grid.arrangement.rows) == 40


def test_a_picture_without_a_model_to_encode_it_is_refused_in_words(qtbot, open_window, tmp_path):
    from library_making import draw_picture

    picture = tmp_path / "query.jpg"
    picture.write_bytes(draw_picture(3, 1))
    with qtbot.waitSignal(open_window.tasks.failed) as told:
        open_window.explorer.image_asked.emit(picture, picture.name)
    assert "test-64" in told.args[0]
    assert open_window.message_bar.isVisible()
    assert open_window.explorer.query is None


def test_a_question_without_a_library_is_refused_in_words(window):
    window.explorer.row_asked.emit(3)
    assert window.message_bar.text.startswith("Open a library first")


@pytest.mark.parametrize("key", ["shrink_radius", "grow_radius"])
def test_the_radius_moves_by_keys(open_window, ask, key):
    ask(open_window, 5)
    before = open_window.explorer.radius
    open_window.actions_table[key].trigger()
    assert open_window.explorer.radius == before + (1 if key == "grow_radius" else -1)
