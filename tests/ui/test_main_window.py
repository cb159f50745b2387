from pathlib import Path

import pytest
from library_making import draw_picture
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QPushButton

from hashviewer.selection import Selection
from hashviewer.ui.actions import plain
from hashviewer.ui.dialogs.keys import all_keys
from hashviewer.ui.dialogs.new_library import NewLibraryDialog
from hashviewer.ui.dialogs.problems import ProblemsDialog
from hashviewer.ui.file_urls import to_path, to_url
from hashviewer.ui.main_window import MainWindow
from hashviewer.ui.palette import Palette
from hashviewer.ui.settings import Settings
from hashviewer.ui.theme import LIGHT, Mode, theme
from hashviewer.ui.views import ALL

OF_AN_ANSWER = {view.key for view in ALL} - {"plan"}  # the planner is about the library; F4 shows it


def settle(qtbot, window):
    qtbot.waitUntil(lambda: not window.tasks.busy and window.thumbnails.settled)


def drop(window, data):
    event = QDropEvent(
        QPointF(QPoint(50, 50)),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier(0),
    )
    window.dropEvent(event)


def files(*paths):
    data = QMimeData()
    data.setUrls([to_url(path) for path in paths])
    return data


def dialog_of(qtbot, window, kind):
    found = []

    def is_there():
        found[:] = [d for d in window.findChildren(QDialog) if isinstance(d, kind) and d.isVisible()]
        return bool(found)

    qtbot.waitUntil(is_there)
    return found[0]


def test_the_first_start_shows_the_welcome_page(window):
    assert window.welcome.isVisible()
    assert window.welcome.folder.isVisible()
    assert window.welcome.sample.isVisible()
    assert not any(window.docks[view.key].isVisible() for view in ALL)


def test_opening_a_library_shows_its_photos_and_every_view_of_an_answer(open_window):
    assert open_window.grid_view.isVisible()
    assert {view.key for view in ALL if open_window.docks[view.key].isVisible()} == OF_AN_ANSWER
    assert open_window.windowTitle().startswith("drawn")
    assert open_window.toolbar.codes.currentText() == "64 bit · test-64"


def test_closing_the_library_leads_back_to_the_welcome_page_with_it_as_recent(
    qtbot, open_window, library_path
):
    open_window.commands.close_library()
    settle(qtbot, open_window)
    assert open_window.welcome.isVisible()
    assert open_window.settings.recent[0] == library_path


def test_what_does_not_exist_is_refused_in_words_and_leaves_the_library_open(qtbot, open_window, tmp_path):
    open_window.commands.open_path(tmp_path / "gone")
    qtbot.waitUntil(lambda: open_window.message_bar.isVisible())
    assert "There is nothing at" in open_window.message_bar.text
    assert open_window.message_bar.button.text() == "Open another…"
    assert open_window.explorer.workspace is not None


def test_a_strange_file_is_refused_in_words(qtbot, open_window, tmp_path):
    strange = tmp_path / "notes.txt"
    strange.write_text("hello")
    drop(open_window, files(strange))
    qtbot.waitUntil(lambda: open_window.message_bar.isVisible())
    assert "neither a picture" in open_window.message_bar.text


def test_a_file_that_only_claims_to_be_a_library_is_refused_in_words(qtbot, open_window, tmp_path):
    strange = tmp_path / "codes.h5"
    strange.write_bytes(b"nothing of that kind")
    drop(open_window, files(strange))
    qtbot.waitUntil(lambda: open_window.message_bar.isVisible())
    assert "Traceback" not in open_window.message_bar.text
    assert open_window.explorer.workspace is not None


def test_a_dropped_library_is_opened(qtbot, window, library_path):
    drop(window, files(library_path))
    qtbot.waitUntil(lambda: window.explorer.workspace is not None)
    settle(qtbot, window)


def test_a_dropped_folder_offers_a_new_library(qtbot, window, tmp_path):
    drop(window, files(tmp_path))
    dialog = dialog_of(qtbot, window, NewLibraryDialog)
    assert Path(dialog.folder.text()) == tmp_path
    dialog.close()


def test_a_dropped_picture_becomes_the_query(qtbot, open_window, tmp_path):
    picture = tmp_path / "outside.jpg"
    picture.write_bytes(draw_picture(1, 1))
    with qtbot.waitSignal(open_window.explorer.image_asked) as asked:
        drop(open_window, files(picture))
    assert asked.args == [picture, "outside.jpg"]
    settle(qtbot, open_window)


def test_a_picture_before_there_is_a_library_offers_the_sample(qtbot, window, tmp_path):
    picture = tmp_path / "outside.jpg"
    picture.write_bytes(draw_picture(1, 1))
    drop(window, files(picture))
    qtbot.waitUntil(lambda: window.message_bar.isVisible())
    assert window.message_bar.button.text() == "Open the sample"


def test_pasted_pixels_become_the_query(qtbot, open_window):
    image = QImage(20, 10, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    QGuiApplication.clipboard().setImage(image)
    with qtbot.waitSignal(open_window.explorer.image_asked) as asked:
        open_window.actions_table["paste"].trigger()
    source, title = asked.args
    assert QImage.fromData(source).size() == image.size()
    assert title == "Pasted picture"
    settle(qtbot, open_window)


def test_names_that_are_no_text_survive_as_urls():
    path = Path("/photos/caf\udce9 #1?.jpg")
    assert to_path(to_url(path)) == path


def test_copy_offers_picture_path_and_file(qtbot, open_window):
    open_window.explorer.select([6])
    open_window.actions_table["copy"].trigger()
    settle(qtbot, open_window)
    data = QGuiApplication.clipboard().mimeData()
    path = open_window.explorer.workspace.library.full_path(6)
    assert data.text() == str(path)
    assert to_path(data.urls()[0]) == path
    assert QGuiApplication.clipboard().image().width() == 120


def test_select_all_selects_what_is_shown(qtbot, open_window):
    open_window.controller.filter_by("beach")
    settle(qtbot, open_window)
    open_window.actions_table["select_all"].trigger()
    assert open_window.explorer.selection.rows == tuple(range(0, 40, 4))


def test_the_problem_count_opens_the_list_with_reasons(qtbot, open_window, qtmodeltester):
    button = open_window.status.problems
    assert button.text() == "1 problem"
    button.click()
    dialog = dialog_of(qtbot, open_window, ProblemsDialog)
    qtmodeltester.check(dialog.model)
    cells = [dialog.model.index(0, column).data() for column in range(2)]
    assert cells == ["broken.jpg", "The file ends too early."]
    dialog.close()


def test_the_palette_runs_what_is_typed(qtbot, open_window):
    open_window.actions_table["show_palette"].trigger()
    palette = dialog_of(qtbot, open_window, Palette)
    QTest.keyClicks(palette.field, "sort date")
    assert palette.list.count() == 1
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    settle(qtbot, open_window)
    assert open_window.explorer.order.value == "date"


def test_the_list_of_keys_names_every_shortcut(window):
    text = all_keys()
    for row, _action in window.actions_table.all():
        if row.keys:
            assert plain(row.text).replace("&", "&amp;") in text


def test_no_two_actions_share_a_shortcut(window):
    keys = [key.toString() for _row, action in window.actions_table.all() for key in action.shortcuts()]
    assert len(keys) == len(set(keys))


def test_every_action_does_something_without_a_library(window, monkeypatch):
    for row, action in window.actions_table.all():
        assert action.isEnabled() == (not row.needs_library), row.slot


@pytest.mark.parametrize(
    ("preset", "shown"),
    [
        ("preset_browse", {"query", "radius", "photo"}),
        ("preset_bits", {"query", "bits", "buckets"}),
        ("preset_all", OF_AN_ANSWER),
        ("preset_plan", {"query", "plan"}),
    ],
)
def test_a_preset_shows_its_views(open_window, preset, shown):
    open_window.actions_table[preset].trigger()
    assert {view.key for view in ALL if open_window.docks[view.key].isVisible()} == shown


def test_layout_and_choices_are_remembered(qtbot, open_window, settings, library_path, ask):
    ask(open_window, 5)
    open_window.explorer.radius = 9
    open_window.grid_view.grid.set_cell_size(96)
    open_window.toolbar.neighbours.setValue(33)
    open_window.actions_table["preset_bits"].trigger()
    open_window.close()
    again = MainWindow(settings)
    qtbot.addWidget(again)
    again.show()
    again.commands.open_path(library_path)
    qtbot.waitUntil(lambda: again.explorer.workspace is not None and not again.tasks.busy)
    assert {view.key for view in ALL if again.docks[view.key].isVisible()} == {"query", "bits", "buckets"}
    assert again.grid_view.grid.cell_size == 96
    assert again.explorer.options.k == 33
    assert again.explorer.radius == 9
    assert not again.controller.suggesting
    again.close()


def test_a_theme_chosen_is_worn_and_remembered(window):
    window.actions_table["theme_light"].trigger()
    assert theme() is LIGHT
    assert Settings(Path(window.settings._store.fileName())).theme is Mode.LIGHT
    window.actions_table["theme_dark"].trigger()


def test_the_tool_bar_switches_the_code_set(qtbot, open_window):
    toolbar = open_window.toolbar
    toolbar.codes.setCurrentIndex(1)
    toolbar.codes.activated.emit(1)
    assert open_window.explorer.codes == "wide-128"
    settle(qtbot, open_window)


def test_slash_leads_to_the_filter(open_window):
    open_window.actions_table["focus_filter"].trigger()
    assert QApplication.focusWidget() is open_window.toolbar.filter


def test_damaged_settings_fall_back_to_the_usual(tmp_path):
    path = tmp_path / "window.ini"
    path.write_text("[General]\ntheme=plaid\nk=many\nrecent=[1, {\nradius=-3\n")
    settings = Settings(path)
    assert settings.theme is Mode.SYSTEM
    assert settings.options.k == 200
    assert settings.recent == []
    assert settings.radius == 0


def test_recent_libraries_are_listed_latest_first_without_doubles(settings):
    for name in ("a", "b", "a"):
        settings.add_recent(Path("/libraries") / name)
    assert settings.recent == [Path("/libraries/a"), Path("/libraries/b")]


def test_closing_waits_for_the_workers(qtbot, open_window):
    open_window.explorer.row_asked.emit(3)
    open_window.close()
    assert not open_window.tasks.busy


def test_while_something_is_opened_at_the_start_the_page_says_so(qtbot, window, library_path):
    window.show_opening("drawn")
    window.commands.open_path(library_path)
    assert not window.welcome.isVisible()
    qtbot.waitUntil(lambda: window.grid_view.isVisible() and not window.tasks.busy)


def test_the_opening_page_says_how_far_the_work_is(window, qtbot):
    window.show_opening("drawn")
    window.tasks.started.emit("sample", "Making the sample library, once")
    qtbot.waitUntil(lambda: window.status.activity != "")
    window.tasks.progressed.emit("sample", 230, 720, "")
    assert window._opening.sentence == "Making the sample library, once · 230 of 720"


def test_the_window_leaves_room_for_its_frame_on_the_screen(qtbot, settings):
    window = MainWindow(settings)
    qtbot.addWidget(window)
    room, least = window.screen().availableSize(), window.minimumSizeHint()
    assert window.width() <= max(0.95 * room.width(), least.width())
    assert window.height() <= max(0.95 * room.height(), least.height())


def test_when_nothing_comes_of_it_the_welcome_page_is_back(qtbot, window, tmp_path):
    window.show_opening("gone")
    window.commands.open_path(tmp_path / "gone")
    qtbot.waitUntil(lambda: window.welcome.isVisible())
    assert window.message_bar.isVisible()


def test_a_folder_given_at_the_start_is_indexed_without_asking(qtbot, window, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(type(window.indexing), "open_folder", lambda _self, folder, **_: asked.append(folder))
    window.commands.open_path(tmp_path, index_at_once=True)
    qtbot.waitUntil(lambda: asked == [tmp_path])


def test_enter_leads_into_the_photo_where_arrows_still_move_and_escape_leads_back(qtbot, open_window):
    grid, loupe = open_window.grid_view.grid, open_window.docks["photo"].widget().loupe
    open_window.activateWindow()
    grid.setFocus()
    open_window.explorer.selection = Selection.of([3])
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert open_window.focusWidget() is loupe
    qtbot.keyClick(loupe, Qt.Key.Key_Right)
    assert open_window.explorer.selection.current == 4
    open_window.commands.step_back()
    assert open_window.focusWidget() is grid
    assert open_window.explorer.selection.current == 4
    open_window.commands.step_back()
    assert open_window.explorer.selection.current is None


def test_the_outcome_of_the_work_before_is_not_left_beside_new_work(open_window):
    open_window.status.showMessage("Stopped; kept: 3 added.")
    open_window.tasks.started.emit("index", "Reading photos")
    assert open_window.status.currentMessage() == ""
    open_window.tasks.finished.emit("index")


def test_tab_stops_at_sentences_only_where_they_hold_a_link(open_window):
    radius = open_window.docks["radius"].widget()
    assert not radius.within_line.focusPolicy() & Qt.FocusPolicy.TabFocus
    radius.gap_line.show_text('10 within 9 · <a href="gap">cut there</a>', stale=False)
    assert radius.gap_line.focusPolicy() & Qt.FocusPolicy.TabFocus
    radius.gap_line.show_text("10 within 9", stale=False)
    assert not radius.gap_line.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_recent_libraries_are_shown_in_full_height_below_the_buttons(qtbot, window, settings):
    for number in range(5):
        settings.add_recent(Path(f"/library-{number}"))
    window.show_recent()
    window.message_bar.say("Something went wrong.", way_out="", do=None, is_error=True)
    qtbot.waitUntil(lambda: len(window.welcome.findChildren(QPushButton, "recent")) == 5)
    QApplication.processEvents()
    for button in window.welcome.findChildren(QPushButton, "recent"):
        assert button.height() >= button.sizeHint().height()


def test_the_first_photos_take_the_keyboard(qtbot, open_window):
    open_window.activateWindow()
    open_window.controller.filter_by("no photo has these words")
    qtbot.waitUntil(lambda: open_window.grid_view.empty.isVisible())
    open_window.grid_view._order.setFocus()
    open_window.explorer.row_filter = None
    qtbot.waitUntil(lambda: open_window.grid_view.grid.isVisible())
    assert open_window.focusWidget() is open_window.grid_view.grid
