import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPixmap, QWheelEvent

from hashviewer.selection import Selection
from hashviewer.ui.theme import LIGHT
from hashviewer.ui.views import PhotoView
from hashviewer.ui.views import photo as photo_module
from hashviewer.ui.views.fact_table import FactTable
from hashviewer.ui.views.loupe import Loupe
from hashviewer.ui.views.photo import why_text
from hashviewer.ui.views.picture_loading import halved, load_pyramid
from hashviewer.workspace import Explanation

SIZE = (640, 260)


@pytest.fixture
def loupe(qtbot):
    shown = Loupe()
    qtbot.addWidget(shown)
    shown.resize(400, 300)
    shown.show()
    return shown


def image(width, height, color="teal"):
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    picture.fill(QColor(color))
    return picture


# The view


def test_without_anything_to_show_it_says_so(open_view):
    view = open_view(PhotoView, SIZE)
    assert view.empty.isVisible()


def test_it_shows_the_selected_photo_in_full(open_view, explorer, settled, workspace):
    view = open_view(PhotoView, SIZE)
    explorer.selection = Selection.of([8, 9], current=9)
    settled()
    assert view.loupe.is_full
    assert view.heading.text == workspace.library.path_of(9).split("/")[-1]


def test_it_tells_path_size_label(open_view, explorer, settled, workspace):
    explorer.selection = Selection.of([2])
    view = open_view(PhotoView, SIZE)
    record = workspace.library.photo(2)
    shown = view.facts.toPlainText()
    assert record.path in shown
    assert "24 × 24 px" in shown
    assert "<b>street</b>" in shown  # the label is text, never markup


def test_a_long_name_breaks_instead_of_being_cut(qtbot):
    table = FactTable()
    qtbot.addWidget(table)
    table.resize(120, 50)
    table.show()
    name = "x" * 200 + ".jpg"
    table.show_facts([("Path", name), ("Row", "7")])
    assert table.document().size().width() <= table.viewport().width()
    assert table.height() >= table.document().size().height()
    table.selectAll()
    assert name in table.textCursor().selectedText()


def test_metadata_can_be_selected_with_the_mouse(open_view):
    view = open_view(PhotoView, SIZE)
    for label in (view.facts, view.why):
        assert label.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse


def test_it_explains_where_a_result_is(open_view, ask, explorer, settled):
    matches = ask(5)
    explorer.selection = Selection.of([int(matches.rows[3])])
    view = open_view(PhotoView, SIZE)
    assert view.why.text().startswith(f"distance {matches.distances[3]} · rank 4 of {matches.total} · bit")


def test_it_explains_a_photo_that_is_not_among_the_results(open_view, ask, explorer, settled, workspace):
    from hashviewer.ui.explorer import Options, Results

    ask(5)
    few = workspace.search(explorer.query, k=3)
    explorer.results = Results(explorer.query, few, Options(k=3))
    row = int(np.argmax(np.where(few.all_distances <= few.bits, few.all_distances, 0)))
    assert row not in few.rows
    explorer.selection = Selection.of([row])
    view = open_view(PhotoView, SIZE)
    distance, rank = few.all_distances[row], few.rank_of(row) + 1
    assert view.why.text().startswith(f"distance {distance} · rank {rank} of {few.total} · bits ")


def test_a_photo_without_a_code_is_explained_in_words(open_view, ask, explorer, settled, made):
    ask(5)
    explorer.selection = Selection.of([made.bare])
    view = open_view(PhotoView, SIZE)
    assert "was not searched" in view.why.text()


def test_it_takes_the_colours_of_a_theme_chosen_while_it_was_hidden(
    open_view, ask, explorer, settled, light_theme
):
    ask(3)
    explorer.selection = Selection.of([5])
    view = open_view(PhotoView, SIZE)
    settled()
    view.hide()
    light_theme()
    view.show()
    settled()
    assert LIGHT.text.name() in view.why.styleSheet()
    assert LIGHT.muted.name() in view.facts.toHtml()
    assert LIGHT.muted.name() in view.zoom.styleSheet()


def test_a_differing_bit_can_be_put_in_focus(open_view, ask, explorer, settled):
    matches = ask(5)
    explorer.selection = Selection.of([int(matches.rows[3])])
    view = open_view(PhotoView, SIZE)
    view.why.linkActivated.emit("17")
    assert explorer.bit == 17


def test_the_explanation_names_the_first_bits_and_counts_the_rest():
    few = Explanation(row=1, distance=2, rank=5, differing_bits=(3, 17), total=84310)
    assert why_text(few) == (
        'distance 2 · rank 6 of 84,310 · bits <a href="3">3</a> <a href="17">17</a> differ'
    )
    many = Explanation(row=1, distance=40, rank=5311, differing_bits=tuple(range(40)), total=84310)
    assert "and 16 more differ" in why_text(many)
    one = Explanation(row=1, distance=1, rank=1, differing_bits=(4,), total=10)
    assert why_text(one).endswith('bit <a href="4">4</a> differs')


def test_the_previous_picture_is_never_shown(open_view, explorer, settled, monkeypatch):
    explorer.selection = Selection.of([8])
    view = open_view(PhotoView, SIZE)
    assert view.loupe.is_full
    release = threading.Event()
    load = photo_module.load_pyramid
    monkeypatch.setattr(
        photo_module, "load_pyramid", lambda file, edge: (release.wait(5), load(file, edge))[1]
    )
    explorer.selection = Selection.of([9])
    assert not view.loupe.is_full
    assert view.heading.text == ""
    assert view.facts.text() == ""
    release.set()
    settled()
    assert view.loupe.is_full


def test_a_slow_picture_does_not_replace_the_one_chosen_after_it(
    open_view, explorer, settled, workspace, monkeypatch
):
    view = open_view(PhotoView, SIZE)
    release = threading.Event()
    load = photo_module.load_pyramid
    slow = workspace.library.full_path(8)
    monkeypatch.setattr(
        photo_module,
        "load_pyramid",
        lambda file, edge: (release.wait(5) if file == slow else None, load(file, edge))[1],
    )
    explorer.selection = Selection.of([8])
    explorer.selection = Selection.of([9])
    settled()
    shown = view.loupe._pyramid
    release.set()
    settled()
    assert view.loupe._pyramid is shown
    expected = load(workspace.library.full_path(9)).levels[0]
    assert shown.levels[0] == expected


def test_the_thumbnail_of_the_right_photo_stands_in_at_once(
    open_view, explorer, settled, thumbnails, monkeypatch
):
    thumbnails.prefetch([9])
    settled()
    view = open_view(PhotoView, SIZE)
    monkeypatch.setattr(photo_module, "load_pyramid", lambda file, edge: pytest.fail("not needed here"))
    explorer.selection = Selection.of([9])
    assert view.loupe.placeholder.cacheKey() == thumbnails.pixmap(9).cacheKey()


def test_a_vanished_file_leaves_its_thumbnail_and_says_so(open_view, explorer, settled, made):
    explorer.selection = Selection.of([made.gone])
    view = open_view(PhotoView, SIZE)
    assert not view.loupe.is_full
    assert not view.loupe.placeholder.isNull()
    assert "gone" in view.loupe.message
    assert "missing" in view.facts.text()


def test_a_broken_file_says_why(open_view, explorer, settled, monkeypatch):
    from hashviewer.errors import ImageError

    def fails(file, edge):
        raise ImageError("The file is cut short.")

    monkeypatch.setattr(photo_module, "load_pyramid", fails)
    explorer.selection = Selection.of([8])
    view = open_view(PhotoView, SIZE)
    assert view.loupe.message == "The file is cut short."


def test_without_a_selection_it_shows_the_query(open_view, ask, settled):
    ask(5)
    view = open_view(PhotoView, SIZE)
    assert view.loupe.is_full
    assert view.why.text().startswith("The query itself · distance 0")


def test_a_query_from_outside_is_shown_too(open_view, explorer, settled, workspace, tmp_path):
    from dataclasses import replace

    file = tmp_path / "outside.png"
    Image.new("RGB", (40, 30), (200, 10, 10)).save(file)
    explorer.query = replace(
        workspace.query_row(5, codes=explorer.codes), row=None, path=str(file), title="outside.png"
    )
    view = open_view(PhotoView, SIZE)
    assert view.loupe.is_full
    assert view.loupe._pyramid.width == 40
    assert view.heading.text == "outside.png"


def test_hidden_it_opens_nothing(open_view, explorer, tasks):
    view = open_view(PhotoView, SIZE, shown=False)
    explorer.selection = Selection.of([8])
    assert not tasks.busy
    assert view.heading.text == ""


def test_a_large_picture_is_read_at_the_size_shown_and_finer_as_one_zooms_in(
    open_view, explorer, settled, tmp_path, ask
):
    file = tmp_path / "large.jpg"
    Image.new("RGB", (2400, 1600), "teal").save(file)
    ask(5)
    explorer.query = replace(explorer.query, row=None, path=str(file))
    explorer.results = None
    view = open_view(PhotoView, SIZE)
    settled()
    first = view.loupe._pyramid
    assert (first.width, first.height) == (2400, 1600)
    assert view.loupe.drawn_edge <= first.edge <= 2 * SIZE[0]
    place = view.loupe.picture_rect()
    view.loupe.zoom_to(view.loupe.scale * 1.25)
    settled()
    assert view.loupe._pyramid is first
    view.loupe.zoom_to(1.0)
    assert view.loupe.scale == 1.0
    settled()
    assert view.loupe._pyramid.levels[0].size() == QSize(2400, 1600)
    assert view.loupe.scale == 1.0
    view.loupe.fit()
    assert view.loupe.picture_rect() == place


# The loupe


def test_a_picture_fits_at_first(loupe):
    loupe.show_pyramid(halved(image(1600, 600)))
    assert loupe.fits
    assert loupe.picture_rect().width() == pytest.approx(400)
    assert loupe.picture_rect().center() == QPointF(200, 150)


@pytest.mark.parametrize("way", ["key", "double click"])
def test_z_and_double_click_show_every_pixel_and_all_again(qtbot, loupe, way):
    loupe.show_pyramid(halved(image(1600, 1200)))

    def toggle():
        if way == "key":
            qtbot.keyClick(loupe, Qt.Key.Key_Z)
        else:
            qtbot.mouseDClick(loupe, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))

    toggle()
    assert loupe.scale == 1
    toggle()
    assert loupe.fits


def test_the_wheel_zooms_about_the_pointer(loupe):
    loupe.show_pyramid(halved(image(1600, 1200)))
    spot = QPointF(120, 90)
    before = loupe.to_picture(spot)
    loupe.wheelEvent(
        QWheelEvent(
            spot, loupe.mapToGlobal(spot), QPoint(0, 0), QPoint(0, 360), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )
    )  # fmt: skip
    after = loupe.to_picture(spot)
    assert loupe.scale > 0.25
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()))


def test_dragging_pans_and_leaves_no_gap(loupe, qtbot, move_mouse):
    loupe.show_pyramid(halved(image(1600, 1200)))
    loupe.zoom_to(1.0)
    before = loupe.picture_rect()
    qtbot.mousePress(loupe, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    move_mouse(loupe, QPoint(230, 170), Qt.MouseButton.LeftButton)
    moved = loupe.picture_rect()
    assert (moved.x() - before.x(), moved.y() - before.y()) == pytest.approx((30, 20))
    move_mouse(loupe, QPoint(3000, 3000), Qt.MouseButton.LeftButton)
    qtbot.mouseRelease(loupe, Qt.MouseButton.LeftButton, pos=QPoint(300, 300))
    assert (loupe.picture_rect().x(), loupe.picture_rect().y()) == pytest.approx((0, 0))


def test_zoom_keys(qtbot, loupe):
    loupe.show_pyramid(halved(image(1600, 1200)))
    qtbot.keyClick(loupe, Qt.Key.Key_Plus)
    assert loupe.scale == pytest.approx(0.25 * 1.25)
    qtbot.keyClick(loupe, Qt.Key.Key_Minus)
    qtbot.keyClick(loupe, Qt.Key.Key_0)
    assert loupe.fits


def test_the_placeholder_stands_where_the_picture_will(loupe):
    small = QPixmap(64, 48)
    small.fill(QColor("teal"))
    loupe.show_placeholder(small, QSize(1600, 1200))
    place = loupe.picture_rect()
    shot = loupe.grab().toImage()
    assert shot.pixelColor(200, 150) == QColor("teal")
    loupe.show_pyramid(halved(image(1600, 1200)))
    assert loupe.picture_rect() == place


def test_another_photo_begins_fitted_and_without_the_one_before(loupe):
    loupe.show_pyramid(halved(image(1600, 1200, "red")))
    loupe.zoom_to(2.0)
    loupe.show_placeholder(QPixmap(), QSize(800, 600))
    assert loupe.fits
    assert loupe.grab().toImage().pixelColor(200, 150) != QColor("red")


def test_a_pyramid_halves_down_to_a_small_picture():
    pyramid = halved(image(2100, 1000))
    assert [level.width() for level in pyramid.levels] == [2100, 1050, 525, 262]
    assert pyramid.level_for(0.2).width() == 525
    assert pyramid.level_for(0.5).width() == 1050
    assert pyramid.level_for(3.0).width() == 2100


def test_a_turned_photo_is_loaded_upright(tmp_path):
    file = tmp_path / "turned.jpg"
    picture = Image.new("RGB", (60, 40), (10, 20, 200))
    exif = picture.getexif()
    exif[274] = 6
    picture.save(file, exif=exif)
    pyramid = load_pyramid(file)
    assert (pyramid.width, pyramid.height) == (40, 60)
