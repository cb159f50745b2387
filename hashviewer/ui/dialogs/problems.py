"""The Problems view: files that could not be read, each with its reason."""

from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from hashviewer.library import Problem
from hashviewer.ui.file_urls import to_url

SIZE = (720, 420)  # px
COLUMNS = ("File", "Reason")
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


class ProblemModel(QAbstractTableModel):
    """The problems of a library, a row each."""

    def __init__(self, problems: list[Problem], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._problems = problems

    def problem(self, row: int) -> Problem:
        """The problem in a row of the table."""
        return self._problems[row]

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._problems)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        problem = self._problems[index.row()]
        return problem.path if index.column() == 0 else problem.reason

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None


class ProblemsDialog(QDialog):
    """Lists the problems; a double-click shows the file's folder."""

    def __init__(self, parent: QWidget | None, problems: list[Problem], root: Path | None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Problems")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self._root = root
        self.model = ProblemModel(problems, self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.setWordWrap(False)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setColumnWidth(0, SIZE[0] * 2 // 5)
        self.table.setAccessibleName("Files that could not be read")
        self.table.doubleClicked.connect(self._open_folder)
        sentence = QLabel(
            "These files were skipped; everything else was read. They are tried again once they change.",
            wordWrap=True,
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.open_folder = buttons.addButton("Open the folder", QDialogButtonBox.ButtonRole.ActionRole)
        self.open_folder.setEnabled(root is not None)
        self.open_folder.clicked.connect(lambda: self._open_folder(self.table.currentIndex()))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (sentence, self.table, buttons):
            layout.addWidget(widget)
        if problems:
            self.table.selectRow(0)

    def _open_folder(self, index: QModelIndex) -> None:
        if self._root is not None and index.isValid():
            path = self._root / self.model.problem(index.row()).path
            QDesktopServices.openUrl(to_url(path.parent))
