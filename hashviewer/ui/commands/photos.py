"""Commands on the selected photos: copy, select, show elsewhere."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMenu

from hashviewer.library import Library
from hashviewer.selection import Selection
from hashviewer.ui.clipboard import load_picture, put_on_clipboard
from hashviewer.ui.commands.base import WindowPart
from hashviewer.ui.file_manager import reveal
from hashviewer.ui.file_urls import to_url

COPY_LIMIT = 5_000  # paths put on the clipboard at once


class PhotoCommands(WindowPart):
    """What is done with the photos selected, or else with the current one."""

    def copy(self) -> None:
        """Put the photos on the clipboard: files and paths, and of a single one the picture."""
        rows, workspace = self._rows(), self.explorer.workspace
        if not rows or workspace is None:
            return
        paths = self._paths(rows)
        if len(rows) > 1:
            put_on_clipboard(paths, None)
            return
        self.tasks.run(
            "copy",
            load_picture,
            workspace,
            rows[0],
            on_done=partial(put_on_clipboard, paths),
            label="Copying the picture",
        )

    def copy_path(self) -> None:
        """Put the paths on the clipboard as text."""
        rows, workspace = self._rows(), self.explorer.workspace
        places = [] if workspace is None else [place_of(workspace.library, row) for row in rows]
        if any(places):
            QGuiApplication.clipboard().setText("\n".join(filter(None, places)))

    def paste(self) -> None:
        """Search with what is on the clipboard."""
        self.window.take_incoming(QGuiApplication.clipboard().mimeData(), pasted=True)

    def select_all(self) -> None:
        """Select every photo shown."""
        grid = self.window.grid_view.grid
        rows = grid.arrangement.rows.tolist()
        grid.select(Selection.of(rows, current=self.explorer.selection.current))

    def show_in_file_manager(self) -> None:
        """Highlight the file of the current photo in its folder."""
        paths = self._paths(self._rows()[:1])
        if paths:
            self.show_file(paths[0])
        else:
            self._say_where_it_is()

    def open_in_viewer(self) -> None:
        """Open the current photo in the program that the system has for it."""
        paths = self._paths(self._rows()[:1])
        if not paths:
            self._say_where_it_is()
        elif not QDesktopServices.openUrl(to_url(paths[0])):
            self.window.tell(f"No program was found that opens {paths[0]}.")

    def show_file(self, path: Path) -> None:
        """Highlight a file in its folder; where the file is gone or the desktop cannot, open the folder."""
        if path.exists():
            reveal(path, otherwise=partial(self._open_folder_of, path))
        else:
            self._open_folder_of(path)

    def _say_where_it_is(self) -> None:
        """Of a photo that is in a store, where it is."""
        rows, workspace = self._rows(), self.explorer.workspace
        if rows and workspace is not None and workspace.library.url:
            place = place_of(workspace.library, rows[0])
            self.window.tell(
                f"This photo is not on this machine but at {place}. The library has its thumbnail."
            )

    def _open_folder_of(self, path: Path) -> None:
        if not QDesktopServices.openUrl(to_url(path.parent)):
            self.window.tell(f"No file manager was found. The file is {path}.")

    def show_photo_menu(self, position: QPoint) -> None:
        """The context menu of the photos, at a global point."""
        menu = QMenu(self.window)
        for slots in (
            ("ask_current", "ask_selected", "leave_out_selected"),
            ("copy", "copy_path"),
            ("show_in_file_manager", "open_in_viewer"),
            ("export_results", "select_all"),
        ):
            for slot in slots:
                menu.addAction(self.window.actions_table[slot])
            menu.addSeparator()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position)

    def _rows(self) -> tuple[int, ...]:
        """The rows selected, the current one first; else the query's own."""
        selection, query = self.explorer.selection, self.explorer.query
        if selection.current is not None:
            return (selection.current, *(row for row in selection.rows if row != selection.current))[
                :COPY_LIMIT
            ]
        return (query.row,) if query is not None and query.row is not None else ()

    def _paths(self, rows: tuple[int, ...]) -> list[Path]:
        workspace = self.explorer.workspace
        if workspace is None:
            return []
        return [path for path in map(workspace.library.full_path, rows) if path is not None]


def place_of(library: Library, row: int) -> str:
    """Where a photo is, as text: its whole path, its URL in a store, or "" where neither is known."""
    file, path = library.full_path(row), library.path_of(row)
    if file is not None:
        return str(file)
    return f"{library.url}/{path}" if library.url and path else ""
