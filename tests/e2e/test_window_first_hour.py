"""One sitting with the real window, the shipped model and the encoder's processes."""

import csv

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent

from hashviewer.networks import find_model
from hashviewer.ui.app import application
from hashviewer.ui.dialogs.export import ExportDialog
from hashviewer.ui.dialogs.new_library import NewLibraryDialog
from hashviewer.ui.file_urls import to_url
from hashviewer.ui.main_window import MainWindow
from hashviewer.ui.settings import Settings

START_MS = 120_000  # the network is exported once on a fresh machine


@pytest.fixture(scope="session")
def qapp():
    return application()


@pytest.fixture(scope="module")
def model():
    return find_model("photos-64")


def draw(kind, number):
    random = np.random.default_rng(number + 100 * kind)
    picture = Image.new("RGB", (320, 240), (120, 170, 220) if kind else (40, 30, 30))
    pen = ImageDraw.Draw(picture)
    if kind:  # a green hill under the sky
        pen.polygon([(0, 240), (0, 170), (160 + 4 * number, 110), (320, 180), (320, 240)], fill=(60, 130, 50))
        pen.ellipse((240, 20, 280, 60), fill=(255, 240, 150))
    else:  # a town by night
        for x in range(0, 320, 40):
            top = int(random.integers(40, 160))
            pen.rectangle((x, top, x + 34, 240), fill=(60, 60, 70))
            for y in range(top + 8, 232, 18):
                pen.rectangle((x + 8, y, x + 14, y + 8), fill=(250, 220, 120))
    return picture.filter(ImageFilter.GaussianBlur(1))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for kind, name in enumerate(("town", "hill")):
        (folder / name).mkdir()
        for number in range(8):
            draw(kind, number).save(folder / name / f"{name}-{number}.jpg", quality=88)
    (folder / "hill" / "torn.jpg").write_bytes((folder / "hill" / "hill-1.jpg").read_bytes()[:2000])
    return folder


@pytest.fixture
def window(qtbot, tmp_path):
    window = MainWindow(Settings(tmp_path / "window.ini"))
    window.resize(1600, 1000)
    window.show()
    yield window
    window.close()
    window.deleteLater()


def drop(window, path):
    data = QMimeData()
    data.setUrls([to_url(path)])
    window.dropEvent(
        QDropEvent(
            QPointF(QPoint(80, 80)),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier(0),
        )
    )


def settled(qtbot, window, timeout=START_MS):
    qtbot.waitUntil(lambda: not window.tasks.busy and window.thumbnails.settled, timeout=timeout)


def test_index_ask_narrow_select_and_export(qtbot, window, model, photos, tmp_path):
    explorer = window.explorer

    # a folder is indexed from the dialog, and the window is usable meanwhile
    window.commands.new_library(photos)
    dialog = window.findChild(NewLibraryDialog)
    dialog.place.setText(str(tmp_path / "library"))
    dialog.start.click()
    qtbot.waitUntil(lambda: explorer.workspace is not None)
    qtbot.waitUntil(lambda: not window.indexing.running, timeout=START_MS)
    settled(qtbot, window)
    assert int(explorer.workspace.library.alive.sum()) == 16
    assert window.grid_view.grid.cells.count == 16
    assert window.status.problems.text() == "1 problem"
    assert explorer.codes == "photos-64"

    # a picture from outside is dropped: its kind comes first
    outside = tmp_path / "outside.png"
    draw(1, 3).resize((300, 225)).save(outside)
    drop(window, outside)
    qtbot.waitUntil(lambda: explorer.results is not None, timeout=START_MS)
    settled(qtbot, window)
    matches = explorer.results.matches
    labels = [explorer.workspace.library.photo(int(row)).label for row in matches.rows[:8]]
    assert labels == ["hill"] * 8
    assert matches.distances[0] < matches.distances[8]

    # the radius line is dragged: grid and buckets follow
    radius_view = window.docks["radius"].widget()
    radius = int(matches.distances[5])
    radius_view.plot.line.setValue(radius + 0.5)
    assert explorer.radius == radius
    within = matches.within(radius)
    assert window.grid_view.grid.cells.cut == within
    settled(qtbot, window)

    # a click on a bucket shows its photos alone
    buckets = window.docks["buckets"].widget()
    bucket = buckets.buckets.bucket(0)
    table = buckets.bucket_table
    qtbot.mouseClick(
        table.viewport(),
        Qt.MouseButton.LeftButton,
        pos=table.visualRect(buckets.buckets.index(0, 0)).center(),
    )
    settled(qtbot, window)
    assert sorted(window.grid_view.grid.arrangement.rows.tolist()) == bucket.rows.tolist()
    window.commands.clear_filter()
    settled(qtbot, window)

    # a photo selected in the grid is shown by the others
    grid = window.grid_view.grid
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.rect_of(2).center())
    row = int(grid.arrangement.rows[2])
    assert explorer.selection.rows == (row,)
    settled(qtbot, window)
    photo_view = window.docks["photo"].widget()
    assert explorer.workspace.library.path_of(row).endswith(photo_view.heading.text)

    # what lies within the radius is exported
    window.commands.export_results()
    export = window.findChild(ExportDialog)
    export.part.setCurrentIndex(1)
    export.output.setText(str(tmp_path / "near.csv"))
    export.export.click()
    qtbot.waitUntil(lambda: (tmp_path / "near.csv").exists() and not window.tasks.busy)
    with (tmp_path / "near.csv").open(newline="", encoding="utf-8-sig") as file:
        lines = [line for line in csv.reader(file) if line and not line[0].startswith("#")]
    assert len(lines) == 1 + within


def test_cancelling_keeps_what_is_done_and_the_next_run_goes_on(qtbot, window, model, photos, tmp_path):
    window.indexing.open_folder(photos, place=tmp_path / "library")
    qtbot.waitUntil(lambda: window.indexing.running)
    qtbot.waitUntil(lambda: window.status.cancel_button.isVisible(), timeout=START_MS)
    window.status.cancel_button.click()
    qtbot.waitUntil(lambda: not window.indexing.running, timeout=START_MS)
    settled(qtbot, window)
    assert window.statusBar().currentMessage().startswith(("Stopped", "Done"))
    window.commands.refresh_library()
    qtbot.waitUntil(lambda: not window.indexing.running, timeout=START_MS)
    settled(qtbot, window)
    assert int(window.explorer.workspace.library.alive.sum()) == 16


def test_another_model_adds_a_code_set_that_the_tool_bar_switches_to(qtbot, window, model, photos, tmp_path):
    window.indexing.open_folder(photos, place=tmp_path / "library")
    qtbot.waitUntil(lambda: window.explorer.codes == "photos-64", timeout=START_MS)
    qtbot.waitUntil(lambda: not window.indexing.running, timeout=START_MS)
    settled(qtbot, window)
    other = find_model("photos-128")
    from hashviewer.ui.dialogs.model_card import ModelCardDialog

    drop(window, other)
    qtbot.waitUntil(lambda: window.findChild(ModelCardDialog) is not None, timeout=START_MS)
    card = window.findChild(ModelCardDialog)
    assert "can be encoded" in card.offer.text()
    card.encode.click()
    qtbot.waitUntil(lambda: len(window.explorer.workspace.code_sets) == 2, timeout=START_MS)
    qtbot.waitUntil(lambda: not window.indexing.running, timeout=START_MS)
    settled(qtbot, window)
    codes = window.toolbar.codes
    assert [codes.itemText(index) for index in range(codes.count())] == [
        "128 bit · photos-128",
        "64 bit · photos-64",
    ]
    codes.activated.emit(0)
    window.explorer.row_asked.emit(3)
    qtbot.waitUntil(lambda: window.explorer.results is not None, timeout=START_MS)
    assert window.explorer.results.matches.bits == 128
    settled(qtbot, window)
