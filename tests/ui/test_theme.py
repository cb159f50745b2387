import pytest
from PySide6.QtGui import QColor, QPalette

from hashviewer.ui.resources import resource
from hashviewer.ui.theme import (
    DARK,
    LIGHT,
    Mode,
    contrast,
    icon,
    palette_of,
    style_sheet,
    theme,
    theme_watcher,
)


@pytest.fixture
def watcher(qapp):
    watcher = theme_watcher()
    before = watcher.mode
    yield watcher
    watcher.set_mode(before)


@pytest.mark.parametrize("chosen", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("ground", ["background", "surface"])
@pytest.mark.parametrize("text", ["text", "muted", "accent", "selection", "warning", "good"])
def test_text_is_legible(chosen, ground, text):
    assert contrast(getattr(chosen, text), getattr(chosen, ground)) >= 4.5


@pytest.mark.parametrize("chosen", [DARK, LIGHT], ids=["dark", "light"])
def test_text_is_legible_on_buttons_and_when_highlighted(chosen):
    assert contrast(chosen.text, chosen.raised) >= 4.5
    assert contrast(chosen.muted, chosen.raised) >= 4.5
    palette = palette_of(chosen)
    highlighted = palette.color(QPalette.ColorRole.HighlightedText)
    assert contrast(highlighted, palette.color(QPalette.ColorRole.Highlight)) >= 4.5


def test_contrast_is_that_of_the_web_guidelines():
    assert contrast(QColor("white"), QColor("black")) == pytest.approx(21.0)
    assert contrast(QColor("#777777"), QColor("white")) == pytest.approx(4.48, abs=0.01)


def test_choosing_a_theme_tells_once(qtbot, watcher):
    watcher.set_mode(Mode.DARK)
    with qtbot.waitSignal(watcher.changed):
        watcher.set_mode(Mode.LIGHT)
    assert theme() is LIGHT
    with qtbot.assertNotEmitted(watcher.changed):
        watcher.set_mode(Mode.LIGHT)


@pytest.mark.parametrize("chosen", [DARK, LIGHT], ids=["dark", "light"])
def test_no_placeholder_is_left_in_the_style_sheet(chosen):
    assert "@" not in style_sheet(chosen)


def test_every_icon_is_drawn_in_the_colour_asked_for(qapp):
    for path in sorted(resource("icons").glob("*.svg")):
        if path.stem == "hashviewer":
            continue
        image = icon(path.stem, QColor("#ff0000")).pixmap(32, 32).toImage()
        pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        inked = [pixel for pixel in pixels if pixel.alpha() > 200]
        assert inked, path.stem
        assert all(pixel.red() > 200 and pixel.green() < 60 for pixel in inked), path.stem
