import pytest
from PySide6.QtGui import QImage

from hashviewer.errors import HashViewerError
from hashviewer.ui.screenshot import take
from hashviewer.ui.theme import DARK, LIGHT


@pytest.mark.parametrize(("name", "colors"), [("dark", DARK), ("light", LIGHT)])
def test_the_window_is_drawn_with_its_answer(qapp, library_path, tmp_path, name, colors):
    output = tmp_path / "window.png"
    take(library_path, query="5", output=output, size=(1000, 700), theme=name)
    image = QImage(str(output))
    assert (image.width(), image.height()) == (1000, 700)
    seen = {image.pixelColor(x, y).name() for x in range(0, 1000, 3) for y in range(0, 700, 3)}
    assert {colors.background.name(), colors.surface.name(), colors.accent.name()} <= seen
    assert "#5a6e96" in seen  # the drawn city's ground: thumbnails are there


def test_a_query_that_is_none_is_refused_in_words(qapp, library_path, tmp_path):
    with pytest.raises(HashViewerError, match="neither a picture file nor a row"):
        take(library_path, query="nothing.jpg", output=tmp_path / "window.png")


def test_a_library_that_is_none_is_refused_in_words(qapp, tmp_path):
    with pytest.raises(HashViewerError, match="nothing at"):
        take(tmp_path / "gone", query=None, output=tmp_path / "window.png")
