"""The list of keys (?), made from the table of actions."""

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from hashviewer.ui.actions import MENUS, plain
from hashviewer.ui.views import ALL

SIZE = (520, 600)  # px
IN_THE_GRID = (
    ("Arrows", "Move the current photo"),
    ("Page Up, Page Down, Home, End", "Move by a page, to the first, to the last"),
    ("Shift + arrows", "Select from where you started"),
    ("Enter", "Look at the photo closely"),
    ("Space, double-click", "More like this: make it the query"),
    ("Ctrl + click, Shift + click", "Add to the selection; select a range"),
    ("Drag beside pictures, Shift + drag", "Rubber band"),
    ("Drag a picture", "Hand the file to another program"),
    ("Ctrl + wheel", "Larger and smaller photos"),
)


class KeysDialog(QDialog):
    """All keys, by menu."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self.text = QTextBrowser()
        self.text.setHtml(all_keys())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)


def all_keys() -> str:
    """The keys as HTML tables: the grid, the menus, the views."""
    parts = [_table("Photos", list(IN_THE_GRID))]
    for title, rows in MENUS:
        pairs = [
            (row.keys.replace("; ", ", "), plain(row.text)) for row in rows if row is not None and row.keys
        ]
        if pairs:
            parts.append(_table(plain(title), pairs))
    parts += [_table(view.title, list(view.keys)) for view in ALL if view.keys]
    return "".join(parts)


def _table(title: str, pairs: list[tuple[str, str]]) -> str:
    lines = "".join(
        f"<tr><td width='45%' style='padding: 2px 24px 2px 0'><b>{escape(keys)}</b></td><td>{escape(text)}</td></tr>"
        for keys, text in pairs
    )
    return f"<h4>{escape(title)}</h4><table width='100%'>{lines}</table>"
