"""Questions of several photos, parts of pictures, turnings and turned-over bits, as the window asks them."""

import numpy as np
import pytest
from library_making import draw_picture
from PySide6.QtCore import QPointF, Qt

from hashviewer import codes as packed
from hashviewer.selection import Selection
from hashviewer.ui.asking import Crop, Part, Question, make
from hashviewer.workspace import Workspace
from hashviewer.workspace.query import Query


def settle(qtbot, window):
    qtbot.waitUntil(lambda: not window.tasks.busy)


def answered(window):
    results = window.explorer.results
    return results is not None and results.query is window.explorer.query


def strip_of(window):
    return window.docks["query"].widget().strip


@pytest.fixture
def encoder(monkeypatch):
    """Encodes a picture by what it looks like, without a model: the mean colours of a grid of 4 by 4 fields."""
    from hashviewer.images import load_upright

    seen = []

    def encode(self, source, *, codes, title=""):
        pixels = load_upright(source)
        seen.append(pixels.shape[:2])
        fields = [block.mean() for row in np.array_split(pixels, 8) for block in np.array_split(row, 8, 1)]
        outputs = np.array(fields, dtype=np.float32) - np.float32(np.median(fields))
        return Query(title, None, None, packed.from_outputs(outputs), outputs, None, b"", codes)

    monkeypatch.setattr(Workspace, "query_image", encode)
    return seen


def test_clicking_a_bit_turns_it_over_and_the_grid_follows(qtbot, open_window, ask):
    window = open_window
    ask(window, 5)
    original = window.explorer.query.code
    strip = strip_of(window)
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=strip.cells().rect(17).center())
    settle(qtbot, window)
    assert answered(window)
    assert window.explorer.query.flipped == (17,)
    assert packed.differing_bits(window.explorer.query.code, original, 64) == (17,)
    assert window.explorer.results.matches.all_distances[5] == 1
    assert strip.strip.flipped == (17,)
    assert "turned over" in strip.describe(17)


def test_bits_clicked_faster_than_they_are_answered_all_count(qtbot, open_window, ask):
    ask(open_window, 5)
    for bit in (3, 9, 40, 9):
        open_window.explorer.bit_turned.emit(bit)
    settle(qtbot, open_window)
    assert open_window.explorer.query.flipped == (3, 40)


def test_all_turned_bits_are_one_step_from_which_back_leads_to_the_photo(qtbot, open_window, ask):
    window = open_window
    ask(window, 5)
    for bit in (3, 9):
        window.explorer.bit_turned.emit(bit)
        settle(qtbot, window)
    assert len(window.controller.history.steps) == 2
    window.actions_table["go_back"].trigger()
    settle(qtbot, window)
    assert window.explorer.query.flipped == ()
    assert window.explorer.results.matches.all_distances[5] == 0


def test_the_link_restores_the_code(qtbot, open_window, ask):
    window = open_window
    ask(window, 5)
    for bit in (3, 9):
        window.explorer.bit_turned.emit(bit)
    settle(qtbot, window)
    line = window.docks["query"].widget().edited_line
    assert line.text().startswith("2 bits turned over: 3 9")
    line.linkActivated.emit("code")
    settle(qtbot, window)
    assert window.explorer.query.flipped == ()
    assert not line.isVisible()


def test_ctrl_click_only_puts_a_bit_in_focus(qtbot, open_window, ask):
    ask(open_window, 5)
    strip = strip_of(open_window)
    spot = strip.cells().rect(17).center()
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, spot)
    settle(qtbot, open_window)
    assert open_window.explorer.bit == 17
    assert open_window.explorer.query.flipped == ()


def test_space_turns_the_bit_in_focus_over(qtbot, open_window, ask):
    ask(open_window, 5)
    open_window.explorer.bit = 12
    qtbot.keyClick(strip_of(open_window), Qt.Key.Key_Space)
    settle(qtbot, open_window)
    assert open_window.explorer.query.flipped == (12,)


def test_another_code_set_asks_the_photo_itself(qtbot, open_window, ask):
    ask(open_window, 5)
    open_window.explorer.bit_turned.emit(3)
    settle(qtbot, open_window)
    open_window.explorer.codes = "wide-128"
    settle(qtbot, open_window)
    assert (open_window.explorer.query.row, open_window.explorer.query.flipped) == (5, ())


def test_several_selected_photos_are_asked_together(qtbot, open_window):
    window = open_window
    window.explorer.selection = Selection.of([4, 9, 14])
    window.actions_table["ask_selected"].trigger()
    settle(qtbot, window)
    assert answered(window)
    assert window.explorer.query.title == "3 photos"
    assert sorted(window.explorer.results.matches.rows[:3].tolist()) == [4, 9, 14]
    assert window.explorer.results.matches.distances[:3].tolist() == [0, 0, 0]
    view = window.docks["query"].widget()
    assert [button.isVisible() for button in view.parts.buttons] == [True] * 3
    assert view.nearness.isVisible()


def test_near_to_all_ranks_by_the_mean_distance(qtbot, open_window):
    window = open_window
    window.explorer.rows_asked.emit([4, 9])
    settle(qtbot, window)
    window.docks["query"].widget().nearness.activated.emit(1)
    settle(qtbot, window)
    matches = window.explorer.results.matches
    codes, _ = window.explorer.workspace.library.codes("test-64")
    mean = (packed.hamming(codes[4], codes) + packed.hamming(codes[9], codes)) / 2
    assert matches.rows.tolist() == sorted(range(40), key=lambda row: (mean[row], row))


def test_what_is_like_a_rejected_photo_is_left_out(qtbot, open_window, ask):
    window = open_window
    ask(window, 5)
    window.explorer.selection = Selection.of([6])
    window.actions_table["leave_out_selected"].trigger()
    settle(qtbot, window)
    codes, _ = window.explorer.workspace.library.codes("test-64")
    kept = np.flatnonzero(packed.hamming(codes[5], codes) <= packed.hamming(codes[6], codes))
    assert sorted(window.explorer.results.matches.rows.tolist()) == kept.tolist()
    assert len(kept) < 40
    assert window.explorer.query.row == 5


def test_clicking_a_part_asks_without_it(qtbot, open_window, ask):
    window = open_window
    ask(window, 5)
    window.explorer.rows_unwanted.emit([6, 7])
    settle(qtbot, window)
    window.docks["query"].widget().parts.buttons[1].click()
    settle(qtbot, window)
    assert [part.row for part in window.explorer.query.unwanted] == [7]
    window.docks["query"].widget().parts.buttons[1].click()
    settle(qtbot, window)
    assert window.explorer.query.unwanted == ()
    assert not window.docks["query"].widget().parts.isVisible()


def test_without_the_last_wanted_photo_the_whole_library_is_shown(qtbot, open_window, ask):
    ask(open_window, 5)
    open_window.explorer.part_unasked.emit(0)
    settle(qtbot, open_window)
    assert open_window.explorer.query is None


@pytest.mark.parametrize("slot", ["ask_selected", "leave_out_selected"])
def test_without_a_selection_it_says_what_to_do(open_window, slot):
    open_window.actions_table[slot].trigger()
    assert "Select the photos first" in open_window.message_bar.text


def test_rejecting_before_asking_says_what_to_do(qtbot, open_window):
    open_window.explorer.selection = Selection.of([6])
    open_window.actions_table["leave_out_selected"].trigger()
    assert "Ask with a photo first" in open_window.message_bar.text


def test_a_picture_is_asked_in_eight_turnings_and_the_nearest_counts(qtbot, open_window, encoder, tmp_path):
    window = open_window
    picture = tmp_path / "query.jpg"
    picture.write_bytes(draw_picture(3, 1))
    window.explorer.image_asked.emit(picture, "query.jpg")
    settle(qtbot, window)
    assert len(encoder) == 1
    window.actions_table["ask_turned"].trigger()
    settle(qtbot, window)
    query = window.explorer.query
    assert query.turned.shape == (7, 8)
    codes, _ = window.explorer.workspace.library.codes("test-64")
    nearest = np.min([packed.hamming(code, codes) for code in query.wanted_codes], axis=0)
    assert window.explorer.results.matches.all_distances.tolist() == nearest.tolist()
    assert len(encoder) == 8  # the picture itself is not encoded again
    window.actions_table["ask_turned"].trigger()
    settle(qtbot, window)
    assert window.explorer.query.turned is None
    assert len(encoder) == 8


def test_a_photo_whose_file_has_gone_is_turned_by_its_thumbnail(open_window, encoder, monkeypatch):
    workspace = open_window.explorer.workspace
    monkeypatch.setattr(workspace.library, "full_path", lambda row: None)
    step = make(workspace, "test-64", Question((Part(5),)), {}, turned=True)
    assert step.query.turned.shape == (7, 8)
    assert set(encoder) == {(90, 120), (120, 90)}


def test_dragging_with_shift_in_the_photo_asks_with_that_part(qtbot, open_window, encoder, ask):
    window = open_window
    ask(window, 5)
    view = window.docks["photo"].widget()
    qtbot.waitUntil(lambda: view.loupe.is_full and not window.tasks.busy)
    place = view.loupe.picture_rect()
    start = place.topLeft() + QPointF(place.width() * 0.25, place.height() * 0.5)
    end = place.topLeft() + QPointF(place.width() * 0.75, place.height() * 1.0)
    shift, left = Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton
    qtbot.mousePress(view.loupe, left, shift, start.toPoint())
    qtbot.mouseMove(view.loupe, end.toPoint())
    assert view.loupe.frame is not None
    qtbot.mouseRelease(view.loupe, left, shift, end.toPoint())
    settle(qtbot, window)
    assert view.loupe.frame is None
    height, width = encoder[-1]
    assert abs(width - 60) <= 2
    assert abs(height - 45) <= 2
    assert window.explorer.query.title == "Part of photo-0005.jpg"


def test_the_part_in_sight_is_asked_by_key(qtbot, open_window, encoder, ask):
    window = open_window
    ask(window, 5)
    view = window.docks["photo"].widget()
    qtbot.waitUntil(lambda: view.loupe.is_full and not window.tasks.busy)
    view.loupe.zoom_to(4 * view.loupe.scale)
    part = view.loupe.in_sight
    assert part.width() < 1
    window.actions_table["ask_part"].trigger()
    settle(qtbot, window)
    height, width = encoder[-1]
    assert abs(width - 120 * part.width()) <= 1
    assert abs(height - 90 * part.height()) <= 1


def test_a_part_too_small_to_show_anything_is_refused_in_words(qtbot, open_window, encoder, tmp_path):
    picture = tmp_path / "query.jpg"
    picture.write_bytes(draw_picture(3, 1))
    with qtbot.waitSignal(open_window.tasks.failed) as told:
        open_window.explorer.image_asked.emit(Crop(picture, (0.5, 0.5, 0.51, 0.9)), "Part")
    assert "draw a larger one" in told.args[0]


def test_how_several_photos_are_asked_is_remembered(settings):
    from dataclasses import replace

    from hashviewer.ui.explorer import Options

    chosen = replace(
        Options(), by_mean=True, turned=True, mode="multi", tables=6, reach=3, distance="weighted"
    )
    settings.options = chosen
    assert settings.options == chosen
    settings._store.setValue("search/mode", "telepathy")
    assert settings.options.mode == "rank"
