import pytest
from PySide6.QtGui import QGuiApplication, QImage

from hashviewer.ui.snapshot import picture_menu, picture_of, save_png, save_svg
from hashviewer.ui.views import RadiusView


@pytest.fixture
def plot(open_view, ask):
    ask(5)
    return open_view(RadiusView, (400, 300)).plot


def test_a_png_has_twice_the_size_of_the_widget(plot, tmp_path):
    save_png(plot, tmp_path / "plot.png")
    image = QImage(str(tmp_path / "plot.png"))
    assert image.size() == plot.size() * 2
    assert len({image.pixelColor(x, image.height() // 2).name() for x in range(0, image.width(), 3)}) > 2


def test_an_svg_holds_the_axis_text(plot, tmp_path):
    save_svg(plot, tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert "<svg" in text
    assert "distance to the query" in text


def test_copying_puts_the_picture_on_the_clipboard(plot):
    menu = picture_menu(plot)
    menu.actions()[0].trigger()
    assert QGuiApplication.clipboard().image().size() == picture_of(plot).size()


@pytest.mark.parametrize("save", [save_png, save_svg])
def test_a_place_that_cannot_be_written_is_an_error(plot, tmp_path, save):
    with pytest.raises(OSError, match="cannot be written"):
        save(plot, tmp_path / "none" / "plot.out")


def test_the_plots_menu_is_ours(plot, monkeypatch):
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QContextMenuEvent
    from PySide6.QtWidgets import QMenu

    seen = []
    monkeypatch.setattr(
        QMenu, "popup", lambda menu, place: seen.append([action.text() for action in menu.actions()])
    )
    plot.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(50, 50), QPoint(50, 50)))
    assert seen == [["Copy picture", "Save as PNG…", "Save as SVG…", "", "Show all"]]
