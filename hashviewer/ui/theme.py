"""The colours of the window, dark and light, and what follows from them: palette, style sheet, icons."""

from dataclasses import dataclass
from enum import Enum
from functools import cache

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from hashviewer.ui.resources import resource

STEP = 4  # px; every distance in the window is a multiple of it

# Okabe and Ito: eight colours that the colour-blind tell apart.
OKABE_ITO = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999")


class Mode(Enum):
    """Which theme the user wants."""

    SYSTEM = "system"
    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one theme.

    Attributes:
        background: Behind everything; the photo grid and plots stand on it.
        surface: Panels, tool bar, status bar.
        raised: Buttons, fields, menus.
        border: Lines between panes and the light grid of plots.
        text: Primary text.
        muted: Secondary text; contrast >= 4.5 on background, surface and raised.
        accent: The query and all that derives from it; legible as text.
        selection: What is selected; legible as text.
        dim: Beyond the radius, unselected, stale: lines and bars.
        warning: Something needs a look; legible as text.
        good: Relevant hits, success; legible as text.
        labels: Eight colours for labels.
        is_dark: Whether light text stands on a dark ground.
    """

    background: QColor
    surface: QColor
    raised: QColor
    border: QColor
    text: QColor
    muted: QColor
    accent: QColor
    selection: QColor
    dim: QColor
    warning: QColor
    good: QColor
    labels: tuple[QColor, ...]
    is_dark: bool


DARK = Theme(
    background=QColor("#17181a"),
    surface=QColor("#202124"),
    raised=QColor("#2c2e32"),
    border=QColor("#3b3e44"),
    text=QColor("#e8e9eb"),
    muted=QColor("#a6a9b0"),
    accent=QColor("#f5a524"),
    selection=QColor("#5aa9ff"),
    dim=QColor("#5b5f67"),
    warning=QColor("#ff8a75"),
    good=QColor("#54c98f"),
    labels=tuple(map(QColor, OKABE_ITO)),
    is_dark=True,
)
LIGHT = Theme(
    background=QColor("#ffffff"),
    surface=QColor("#f3f4f5"),
    raised=QColor("#e6e8eb"),
    border=QColor("#cdd0d5"),
    text=QColor("#1b1c1f"),
    muted=QColor("#565a62"),
    accent=QColor("#9a4f00"),
    selection=QColor("#0a58b8"),
    dim=QColor("#b4b8bf"),
    warning=QColor("#b02a1a"),
    good=QColor("#0c6b40"),
    labels=tuple(map(QColor, OKABE_ITO)),
    is_dark=False,
)


class ThemeWatcher(QObject):
    """Holds the present theme; follows the system unless the user chose one.

    Signals:
        changed: The theme is another one: draw again.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.mode = Mode.SYSTEM
        self.present = DARK
        self._worn: Theme | None = None
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow)

    def set_mode(self, mode: Mode) -> None:
        """Choose a theme, or follow the system."""
        self.mode = mode
        self._follow()

    def _follow(self) -> None:
        chosen = _wanted(self.mode)
        if chosen is not self._worn:  # a style sheet makes every widget anew
            self._worn = chosen
            dress(chosen)
        if chosen is not self.present:
            self.present = chosen
            self.changed.emit()


def _wanted(mode: Mode) -> Theme:
    if mode is Mode.SYSTEM:
        light = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Light
        return LIGHT if light else DARK
    return DARK if mode is Mode.DARK else LIGHT


_watchers: list[ThemeWatcher] = []


def theme_watcher() -> ThemeWatcher:
    """The one watcher of the application; needs a QApplication."""
    if not _watchers:
        _watchers.append(ThemeWatcher())
    return _watchers[0]


def theme() -> Theme:
    """The present theme."""
    return theme_watcher().present


def dress(chosen: Theme) -> None:
    """Give the application the palette and the style sheet of a theme."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        return
    application.setPalette(palette_of(chosen))
    application.setStyleSheet(style_sheet(chosen))


def palette_of(chosen: Theme) -> QPalette:
    """The Qt palette of a theme."""
    role = QPalette.ColorRole
    palette = QPalette()
    for roles, color in (
        ((role.Window, role.ToolTipBase), chosen.surface),
        ((role.Base,), chosen.background),
        ((role.Button, role.AlternateBase), chosen.raised),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText), chosen.text),
        ((role.PlaceholderText,), chosen.muted),
        ((role.Highlight, role.Link, role.Accent), chosen.selection),
        ((role.HighlightedText,), chosen.background),
        ((role.Mid, role.Midlight, role.Light), chosen.border),
        ((role.Dark, role.Shadow), chosen.border),
    ):
        for one in roles:
            palette.setColor(one, color)
    for one in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, one, chosen.dim)
    return palette


def style_sheet(chosen: Theme) -> str:
    """resources/styles/window.qss with the theme's colours put in for @name, and the file of its tick."""
    sheet = resource("styles", "window.qss").read_text(encoding="utf-8")
    for name in (
        "background",
        "surface",
        "raised",
        "border",
        "text",
        "muted",
        "accent",
        "selection",
        "dim",
        "warning",
    ):
        color: QColor = getattr(chosen, name)
        sheet = sheet.replace(f"@{name}", color.name())
    tick = resource("styles", f"check-{'dark' if chosen.is_dark else 'light'}.svg")
    return sheet.replace("@check", f'"{tick.as_posix()}"')


def tabular(font: QFont) -> QFont:
    """The font with figures of one width, for numbers that stand below one another."""
    tabular_font = QFont(font)
    tabular_font.setFeature(QFont.Tag("tnum"), 1)
    return tabular_font


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio of two opaque colours, 1 to 21, as WCAG 2 defines it."""
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(color: QColor) -> float:
    channels = (color.redF(), color.greenF(), color.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def icon(name: str, color: QColor | None = None) -> QIcon:
    """A line icon of resources/icons in the theme's text colour, or in `color`; take it anew when the theme changes."""
    present = theme()
    return _icon(name, (color or present.text).name(), present.dim.name())


@cache
def _icon(name: str, color: str, disabled: str) -> QIcon:
    drawn = QIcon()
    for edge in (16, 20, 24, 32, 48, 64):
        drawn.addPixmap(_draw_icon(name, color, edge), QIcon.Mode.Normal)
        drawn.addPixmap(_draw_icon(name, disabled, edge), QIcon.Mode.Disabled)
    return drawn


def _draw_icon(name: str, color: str, edge: int) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    drawing = resource("icons", f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", color)
    pixmap = QPixmap(edge, edge)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(0, 0, edge, edge))
    painter.end()
    return pixmap
