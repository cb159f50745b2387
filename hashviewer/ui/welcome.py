"""The first page: open a folder, open the sample, recent libraries."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCommandLinkButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from hashviewer.ui.opening import in_words
from hashviewer.ui.theme import icon, theme_watcher

WIDTH = 480  # px
BUTTON_HEIGHT = 52  # px, of two lines with an icon


class WelcomePage(QWidget):
    """What is seen when no library is open.

    Signals:
        folder_wanted: A folder of photos is to be chosen.
        open_wanted: A library is to be chosen.
        sample_wanted: The sample library is to be opened.
        recent_wanted: This library is to be opened.
    """

    folder_wanted = Signal()
    open_wanted = Signal()
    sample_wanted = Signal()
    recent_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        title = QLabel("HashViewer")
        title.setObjectName("welcomeTitle")
        sentence = QLabel(
            "Browse photos by similarity: every photo becomes a short binary code, and similar photos have codes "
            "that differ in few bits. Photos and codes stay on this computer.",
            wordWrap=True,
        )
        sentence.setObjectName("muted")
        self.folder = QCommandLinkButton(
            "Open a folder of photos", "Reads the photos once; they stay where they are"
        )
        self.sample = QCommandLinkButton("Open the sample", "A small rendered library to look around in")
        self.library = QCommandLinkButton("Open a library", "A library folder, or one .h5 file")
        for button in (self.folder, self.sample, self.library):
            button.setMinimumHeight(
                BUTTON_HEIGHT
            )  # a style sheet's is unknown to the layout, which would squeeze the rest
        self.folder.clicked.connect(self.folder_wanted)
        self.sample.clicked.connect(self.sample_wanted)
        self.library.clicked.connect(self.open_wanted)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(4)
        column = QFrame()
        column.setFixedWidth(WIDTH)
        layout = QVBoxLayout(column)
        layout.setSpacing(8)
        for widget in (title, sentence, self.folder, self.sample, self.library):
            layout.addWidget(widget)
        layout.addLayout(self._recent)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        outer.addLayout(_centred(column))
        outer.addStretch(2)
        theme_watcher().changed.connect(self._dress)
        self._dress()

    def show_recent(self, paths: list[Path]) -> None:
        """List the libraries opened last."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        if not paths:
            return
        heading = QLabel("RECENT")
        heading.setObjectName("paneTitle")
        self._recent.addWidget(heading)
        for path in paths:
            button = QPushButton(_shortened(path), flat=True, toolTip=in_words(path))
            button.setObjectName("recent")
            button.clicked.connect(lambda _checked=False, path=path: self.recent_wanted.emit(path))
            self._recent.addWidget(button)

    def _dress(self) -> None:
        self.folder.setIcon(icon("folder-plus"))
        self.sample.setIcon(icon("sample"))
        self.library.setIcon(icon("library"))


def _centred(column: QWidget) -> QHBoxLayout:
    """In the middle of the line; an alignment would let the height be reckoned for the whole width."""
    line = QHBoxLayout()
    line.addStretch(1)
    line.addWidget(column)
    line.addStretch(1)
    return line


def _shortened(path: Path) -> str:
    text = in_words(path)
    return text if len(text) <= 60 else f"{text[:20]}…{text[-38:]}"
