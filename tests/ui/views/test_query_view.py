from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QGuiApplication, QImage

from hashviewer import codes as packed
from hashviewer.selection import Selection
from hashviewer.ui.theme import theme
from hashviewer.ui.views import QueryView
from hashviewer.ui.views.reading import signed

SIZE = (280, 620)


def drop(view, data):
    event = QDropEvent(
        QPointF(20, 20), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )  # fmt: skip
    view.dropEvent(event)


@pytest.fixture
def asked_images(explorer):
    seen = []
    explorer.image_asked.connect(lambda source, title: seen.append((source, title)))
    return seen


def test_without_a_query_it_offers_to_open_a_picture(open_view):
    view = open_view(QueryView, SIZE)
    assert view.empty.isVisible()
    assert "drop a picture here" in view.empty.sentence
    assert view.empty.button.isVisible()
    assert not view.content.isVisible()


def test_it_shows_title_picture_and_code_of_the_query(open_view, ask, explorer):
    ask(5)
    view = open_view(QueryView, SIZE)
    assert view.heading.text == explorer.query.title
    assert not view.picture.pixmap.isNull()
    assert view.strip.strip.ones.tolist() == packed.unpack(explorer.query.code, 36).tolist()
    assert view.strip.strip.outputs is explorer.query.outputs


def test_the_picture_stands_in_the_accents_frame(open_view, ask):
    ask(5)
    view = open_view(QueryView, SIZE)
    shot = view.picture.grab().toImage()
    edge = [shot.pixelColor(x, shot.height() // 2) for x in range(shot.width())]
    assert theme().accent.name() in {QColor(color).name() for color in edge}


def test_clicking_a_bit_puts_it_in_focus(qtbot, open_view, ask, explorer):
    ask(5)
    view = open_view(QueryView, SIZE)
    qtbot.mouseClick(view.strip, Qt.MouseButton.LeftButton, pos=view.strip.cells().rect(17).center())
    assert explorer.bit == 17
    assert view.strip.bit == 17
    assert view.bit_line.text().startswith("bit 17:")


def test_a_bit_is_described_with_its_output_and_margin(open_view, ask, explorer):
    ask(5)
    view = open_view(QueryView, SIZE)
    outputs = explorer.query.outputs
    margin = abs(outputs[4]) / np.median(np.abs(outputs))
    assert (
        view.strip.describe(4)
        == f"bit 4: {int(outputs[4] >= 0)}, output {signed(outputs[4])} (margin {margin:.1f} × median)"
    )


def test_hovering_a_bit_describes_it_and_leaving_restores_the_bit_in_focus(
    open_view, ask, explorer, move_mouse
):
    ask(5)
    explorer.bit = 3
    view = open_view(QueryView, SIZE)
    move_mouse(view.strip, view.strip.cells().rect(20).center())
    assert view.bit_line.text().startswith("bit 20:")
    view.strip.bit_pointed.emit(None)
    assert view.bit_line.text().startswith("bit 3:")


def test_bits_in_which_the_selected_photo_differs_are_marked(open_view, ask, explorer, workspace):
    matches = ask(5)
    view = open_view(QueryView, SIZE)
    assert view.strip.strip.differing == ()
    other = int(matches.rows[7])
    explorer.selection = Selection.of([other])
    expected = [
        bit
        for bit, (a, b) in enumerate(
            zip(
                packed.unpack(explorer.query.code, 36),
                packed.unpack(workspace.code_of(other, explorer.codes), 36),
                strict=True,
            )
        )
        if a != b
    ]
    assert list(view.strip.strip.differing) == expected
    assert len(expected) == matches.distances[7]
    assert view.compared_line.text() == f"● {len(expected)} bits differ from the selected photo"
    assert "differs ●" in view.strip.describe(expected[0])


def test_a_mark_is_drawn_in_the_selections_colour(open_view, ask, explorer):
    matches = ask(5)
    view = open_view(QueryView, SIZE)
    explorer.selection = Selection.of([int(matches.rows[7])])
    bit = view.strip.strip.differing[0]
    shot = view.strip.grab().toImage()
    assert shot.pixelColor(view.strip.cells().rect(bit).center()) == theme().selection
    same = next(bit for bit in range(36) if bit not in view.strip.strip.differing)
    assert shot.pixelColor(view.strip.cells().rect(same).center()) != theme().selection


def test_the_query_itself_is_not_compared_with_itself(open_view, ask, explorer):
    ask(5)
    view = open_view(QueryView, SIZE)
    explorer.selection = Selection.of([5])
    assert view.compared_line.text() == ""


def test_a_photo_without_a_code_marks_nothing(open_view, ask, explorer, made):
    ask(5)
    view = open_view(QueryView, SIZE)
    explorer.selection = Selection.of([made.bare])
    assert view.strip.strip.differing == ()


@pytest.mark.parametrize(
    ("key", "bit"),
    [(Qt.Key.Key_Right, 11), (Qt.Key.Key_Left, 9), (Qt.Key.Key_Down, 26)],
)
def test_arrow_keys_move_the_bit_in_focus(qtbot, open_view, ask, explorer, key, bit):
    ask(5)
    explorer.bit = 10
    view = open_view(QueryView, SIZE)
    assert view.strip.cells().columns == 16
    qtbot.keyClick(view.strip, key)
    assert explorer.bit == bit


def test_arrow_keys_stop_at_the_ends(qtbot, open_view, ask, explorer):
    ask(5)
    explorer.bit = 35
    view = open_view(QueryView, SIZE)
    qtbot.keyClick(view.strip, Qt.Key.Key_Right)
    assert explorer.bit == 35


def test_back_and_forward_are_asked_for_where_there_is_something(qtbot, open_view, ask, explorer):
    ask(5)
    view = open_view(QueryView, SIZE)
    assert not view.back.isEnabled()
    explorer.can_go_back = True
    explorer.can_go_forward = True
    with qtbot.waitSignals([explorer.back_asked, explorer.forward_asked], timeout=1000):
        qtbot.mouseClick(view.back, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(view.forward, Qt.MouseButton.LeftButton)


def test_a_dropped_file_is_asked(open_view, asked_images, tmp_path):
    file = tmp_path / "drop me.jpg"
    file.write_bytes(b"not read here")
    view = open_view(QueryView, SIZE)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    drop(view, data)
    assert asked_images == [(file, "drop me.jpg")]


def test_a_dropped_folder_is_left_to_the_window(open_view, asked_images, tmp_path):
    view = open_view(QueryView, SIZE)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    drop(view, data)
    assert asked_images == []


def test_a_pasted_picture_is_asked_as_png(qtbot, open_view, ask, asked_images):
    ask(5)
    view = open_view(QueryView, SIZE)
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(QColor("teal"))
    QGuiApplication.clipboard().setImage(image)
    qtbot.mouseClick(view.paste, Qt.MouseButton.LeftButton)
    data, title = asked_images[0]
    assert data.startswith(b"\x89PNG")
    assert QImage.fromData(data).pixelColor(3, 3) == QColor("teal")
    assert title == "Pasted picture"


def test_pasting_nothing_says_so(qtbot, open_view, ask, explorer, asked_images):
    ask(5)
    view = open_view(QueryView, SIZE)
    QGuiApplication.clipboard().clear()
    with qtbot.waitSignal(explorer.failed) as said:
        view.paste.click()
    assert "no picture" in said.args[0]
    assert asked_images == []


def test_the_open_button_asks_with_the_chosen_file(open_view, asked_images, tmp_path, monkeypatch):
    view = open_view(QueryView, SIZE)
    monkeypatch.setattr("hashviewer.ui.views.query.choose_picture", lambda parent: tmp_path / "a.png")
    view.empty.button.click()
    assert asked_images == [(tmp_path / "a.png", "a.png")]
    monkeypatch.setattr("hashviewer.ui.views.query.choose_picture", lambda parent: None)
    view.empty.button.click()
    assert len(asked_images) == 1


@pytest.mark.parametrize("bits", [1, 12, 36, 64, 128, 512, 4096])
@pytest.mark.parametrize("width", [140, 260, 600])
def test_every_bit_has_a_cell_of_its_own_in_any_width(qtbot, bits, width):
    from hashviewer.ui.views.code_strip import CodeStrip, Strip

    strip = CodeStrip()
    qtbot.addWidget(strip)
    strip.show_strip(Strip(ones=np.arange(bits) % 3 == 0), bit=None, stale=False)
    strip.resize(width, strip.heightForWidth(width))
    cells = strip.cells()
    for bit in range(bits):
        cell = cells.rect(bit)
        assert cells.at(cell.center()) == bit
        assert strip.rect().contains(cell) or width == 140
    assert cells.at(QPoint(0, 0)) is None


def test_it_is_drawn_only_when_shown(open_view, ask):
    view = open_view(QueryView, SIZE, shown=False)
    ask(5)
    assert view.strip.strip is None
    view.show()
    assert view.strip.strip is not None


def test_a_large_view_loads_the_picture_itself_to_be_sharp(open_view, explorer, workspace, settled, tmp_path):
    file = tmp_path / "large.png"
    Image.new("RGB", (900, 600), (10, 160, 90)).save(file)
    explorer.query = replace(workspace.query_row(5, codes=explorer.codes), row=None, path=str(file))
    view = open_view(QueryView, (700, 620))
    assert view.picture.pixmap.width() > 600  # its thumbnail has 24 px


def test_a_picture_that_is_gone_leaves_its_thumbnail(open_view, explorer, workspace, settled, tmp_path):
    explorer.query = replace(
        workspace.query_row(5, codes=explorer.codes), row=None, path=str(tmp_path / "gone.png")
    )
    view = open_view(QueryView, (700, 620))
    assert view.picture.pixmap.width() == 24


def test_a_photo_dragged_within_the_window_is_asked_as_a_row(
    qtbot, open_view, ask, explorer, asked_images, monkeypatch
):
    ask(5)
    view = open_view(QueryView, SIZE)
    explorer.selection = Selection.of([8])
    monkeypatch.setattr(QDropEvent, "source", lambda event: view, raising=False)
    with qtbot.waitSignal(explorer.row_asked) as asked:
        drop(view, QMimeData())
    assert asked.args == [8]
    assert asked_images == []
