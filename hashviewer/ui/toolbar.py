"""The tool bar: library, code set, how queries are answered, filter, theme, palette."""

from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QSpinBox,
    QToolBar,
    QToolButton,
    QWidget,
)

from hashviewer.ui.explorer import Explorer
from hashviewer.ui.search_panel import SearchButton
from hashviewer.ui.theme import Mode, icon, tabular, theme_watcher

TYPING_MS = 150  # the filter follows when the keys have rested so long
MOST_NEIGHBOURS = 100_000
MODES = {
    Mode.SYSTEM: ("contrast", "Theme: as the system"),
    Mode.DARK: ("moon", "Theme: dark"),
    Mode.LIGHT: ("sun", "Theme: light"),
}


class Toolbar(QToolBar):
    """Shows and changes what the explorer holds.

    Signals:
        filter_typed: The words in the filter field, once typing has rested.
        theme_wanted: The next theme.
        palette_wanted: The command palette.
    """

    filter_typed = Signal(str)
    theme_wanted = Signal()
    palette_wanted = Signal()

    def __init__(self, explorer: Explorer, library_menu: QMenu) -> None:
        super().__init__("Tools")
        self.setObjectName("tools")
        self.setMovable(False)
        self.explorer = explorer
        self.library = QToolButton(text="Library", popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.library.setObjectName("library")
        self.library.setMenu(library_menu)
        self.codes = QComboBox(toolTip="The code set that is searched: length of the codes and the model")
        self.neighbours = QSpinBox(minimum=1, maximum=MOST_NEIGHBOURS, groupSeparatorShown=True)
        self.rerank = QSpinBox(minimum=0, maximum=MOST_NEIGHBOURS, specialValueText="off", singleStep=50)
        self.search = SearchButton(explorer)
        self.filter = QLineEdit(
            placeholderText="Filter: words in path or label  ( / )", clearButtonEnabled=True
        )
        self.theme = QToolButton()
        self.palette_button = QToolButton(toolTip="Command palette (Ctrl+K)")
        self._typing = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._build()
        self._connect()
        self._dress()
        self._show_workspace()

    def _build(self) -> None:
        for widget, name in (
            (self.library, "Library"),
            (self.codes, "Code set"),
            (self.neighbours, "Neighbours shown"),
            (self.rerank, "Photos re-ranked"),
            (self.filter, "Filter"),
            (self.theme, "Theme"),
            (self.palette_button, "Command palette"),
        ):
            widget.setAccessibleName(name)
        self.neighbours.setToolTip("k: how many ranked neighbours are shown")
        self.rerank.setToolTip(
            "How many of the nearest are re-ordered by what tells more than the code (Ctrl+H chooses)"
        )
        self.library.setToolButtonStyle(self.library.toolButtonStyle().ToolButtonTextBesideIcon)
        self.codes.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.filter.setMinimumWidth(120)
        self.filter.setMaximumWidth(480)
        self.filter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for spin in (self.neighbours, self.rerank):
            spin.setFont(tabular(spin.font()))
            spin.setKeyboardTracking(False)
        row: tuple[QWidget, ...] = (
            self.library,
            self.codes,
            _label("k", self.neighbours),
            self.neighbours,
            _label("re-rank", self.rerank),
            self.rerank,
            self.search,
            self.filter,
            _spacer(),
            self.theme,
            self.palette_button,
        )
        for part in row:
            self.addWidget(part)

    def _connect(self) -> None:
        explorer = self.explorer
        explorer.workspace_changed.connect(self._show_workspace)
        explorer.library_grew.connect(self._show_code_sets)
        explorer.codes_changed.connect(self._show_code_sets)
        explorer.options_changed.connect(self._show_options)
        explorer.row_filter_changed.connect(self._on_filter_changed)
        self.codes.activated.connect(self._on_codes_chosen)
        self.neighbours.valueChanged.connect(self._on_options_edited)
        self.rerank.valueChanged.connect(self._on_options_edited)
        self.filter.textEdited.connect(self._typing.start)
        self.filter.returnPressed.connect(self._on_typed)
        self._typing.timeout.connect(self._on_typed)
        self.theme.clicked.connect(self.theme_wanted)
        self.palette_button.clicked.connect(self.palette_wanted)
        theme_watcher().changed.connect(self._dress)

    def clear_filter(self) -> None:
        """Empty the field."""
        self._typing.stop()
        self.filter.clear()
        self.filter_typed.emit("")

    # Following the explorer

    def _show_workspace(self) -> None:
        workspace = self.explorer.workspace
        self.library.setText("Library" if workspace is None else _elided(workspace.name))
        self.library.setToolTip("" if workspace is None else workspace.place)
        for widget in (self.codes, self.neighbours, self.rerank, self.search, self.filter):
            widget.setEnabled(workspace is not None)
        self.filter.clear()
        self._show_code_sets()
        self._show_options()

    def _show_code_sets(self) -> None:
        workspace = self.explorer.workspace
        sets = () if workspace is None else workspace.code_sets
        known = [self.codes.itemData(index) for index in range(self.codes.count())]
        if known != [info.key for info in sets] or not known:
            self.codes.clear()
            for info in sets:
                self.codes.addItem(f"{info.bits} bit · {info.key}", info.key)
            if not sets:
                self.codes.addItem("no codes yet")
        self.codes.setEnabled(bool(sets))
        self.codes.setCurrentIndex(max(0, self.codes.findData(self.explorer.codes)))

    def _show_options(self) -> None:
        options = self.explorer.options
        self.neighbours.setValue(options.k)
        self.rerank.setValue(options.rerank)

    def _on_filter_changed(self) -> None:
        row_filter = self.explorer.row_filter
        if (row_filter is None or not row_filter.search) and not self._typing.isActive():
            self.filter.clear()

    # Gestures

    def _on_codes_chosen(self, index: int) -> None:
        key = self.codes.itemData(index)
        if key is not None:
            self.explorer.codes = key

    def _on_options_edited(self) -> None:
        self.explorer.options = replace(
            self.explorer.options, k=self.neighbours.value(), rerank=self.rerank.value()
        )

    def _on_typed(self) -> None:
        self._typing.stop()
        self.filter_typed.emit(self.filter.text())

    def _dress(self) -> None:
        self.library.setIcon(icon("library"))
        self.palette_button.setIcon(icon("command"))
        name, text = MODES[theme_watcher().mode]
        self.theme.setIcon(icon(name))
        self.theme.setToolTip(f"{text}. Click for the next.")

    def show_theme_mode(self) -> None:
        """The theme's mode is another one."""
        self._dress()


def _label(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy)
    label.setObjectName("muted")
    return label


def _spacer() -> QWidget:
    spacer = QWidget()
    spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return spacer


def _elided(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:27]}…"
