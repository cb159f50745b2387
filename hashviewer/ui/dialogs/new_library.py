"""File > New library from folder: which photos, where the library goes, which model encodes."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from hashviewer.ui.indexing import DEFAULT_MODEL
from hashviewer.workspace import locate_library

WIDTH = 560  # px


class NewLibraryDialog(QDialog):
    """Asks for a folder of photos; the indexing runs in the window, which stays usable.

    Signals:
        started: The folder of photos, the library's place and the model's name or path.
    """

    started = Signal(object, object, str)

    def __init__(self, parent: QWidget | None, models: list[Path], *, folder: Path | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New library from folder")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(WIDTH)
        self.folder = QLineEdit(placeholderText="Folder with photos, its sub-folders included")
        self.place = QLineEdit(placeholderText="In your user data")
        self.model = QComboBox()
        self.notice = QLabel(wordWrap=True)
        self.notice.setObjectName("muted")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = self.buttons.addButton("Read the photos", QDialogButtonBox.ButtonRole.AcceptRole)
        self._build(models)
        self.folder.textChanged.connect(self._check)
        self.place.textChanged.connect(self._check)
        self.buttons.accepted.connect(self._on_start)
        self.buttons.rejected.connect(self.reject)
        self.folder.setText("" if folder is None else str(folder))
        self._check()

    def _build(self, models: list[Path]) -> None:
        for path in models:
            self.model.addItem(path.stem, str(path))
        self.model.setCurrentIndex(max(0, self.model.findText(DEFAULT_MODEL)))
        form = QFormLayout()
        form.addRow("&Photos in", _with_button(self.folder, "Choose…", self._choose_folder))
        form.addRow("&Library at", _with_button(self.place, "Choose…", self._choose_place))
        form.addRow("&Model", self.model)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.notice)
        layout.addWidget(self.buttons)

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder with photos", self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def _choose_place(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "An empty folder for the library", self.place.text())
        if chosen:
            self.place.setText(chosen)

    def _check(self) -> None:
        text = self.folder.text().strip()
        fits = bool(text) and Path(text).is_dir()
        self.start.setEnabled(fits and self.model.count() > 0)
        if text and not fits:
            self.notice.setText("There is no such folder.")
        elif self.model.count() == 0:
            self.notice.setText("No model is installed, so photos cannot be encoded. Put one into models/.")
        else:
            self.notice.setText(
                "The photos stay where they are and are never changed. Their codes and thumbnails go into the library."
            )

    def _on_start(self) -> None:
        folder = Path(self.folder.text().strip()).absolute()
        place = self.place.text().strip()
        self.started.emit(
            folder, Path(place).absolute() if place else locate_library(folder), self.model.currentData()
        )
        self.accept()


def _with_button(field: QLineEdit, text: str, do: object) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(field)
    button = QPushButton(text, autoDefault=False)
    button.clicked.connect(do)
    layout.addWidget(button)
    return holder
