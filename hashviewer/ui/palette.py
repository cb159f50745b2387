"""The command palette (Ctrl+K): every action by a few letters of its name."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QPixmap
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from hashviewer.ui.actions import plain

SIZE = (480, 360)  # px


class Palette(QDialog):
    """A field and the actions that fit it; Enter runs the chosen one."""

    def __init__(self, actions: list[QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Command palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self._offered = [action for action in actions if action.isEnabled()]
        self.field = QLineEdit(placeholderText="What do you want to do?")
        self.field.setAccessibleName("Command")
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.setIconSize(QSize(16, 16))
        self.list.setUniformItemSizes(True)
        self._no_icon = QPixmap(16, 16)
        self._no_icon.fill(Qt.GlobalColor.transparent)
        layout = QVBoxLayout(self)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.list.itemActivated.connect(self._run)
        self.list.itemClicked.connect(self._run)
        self._fill("")

    def _fill(self, typed: str) -> None:
        self.list.clear()
        fitting = [action for action in self._offered if fits(typed, plain(action.text()))]
        for action in fitting:
            keys = action.shortcut().toString()
            item = QListWidgetItem(plain(action.text()) + (f"    {keys}" if keys else ""))
            item.setIcon(self._no_icon if action.icon().isNull() else action.icon())
            item.setToolTip(action.statusTip())
            item.setData(Qt.ItemDataRole.UserRole, self._offered.index(action))
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _run(self, item: QListWidgetItem) -> None:
        action = self._offered[item.data(Qt.ItemDataRole.UserRole)]
        self.accept()
        action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            row, count = self.list.currentRow(), self.list.count()
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up) and count:
                self.list.setCurrentRow((row + (1 if event.key() == Qt.Key.Key_Down else -1)) % count)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                item = self.list.currentItem()
                if item is not None:
                    self._run(item)
                return True
        return super().eventFilter(watched, event)


def fits(typed: str, name: str) -> bool:
    """Whether all typed words occur in the name, whatever the case."""
    return all(word in name.casefold() for word in typed.casefold().split())
