"""A picture of the real main window, drawn offscreen once every view has settled."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from hashviewer.errors import ExportError, HashViewerError, SearchError

if TYPE_CHECKING:
    from hashviewer.ui.main_window import MainWindow

PATIENCE_SECONDS = 120.0
QUIET_SECONDS = 0.3  # nothing may have happened for so long


def take(
    library: Path,
    *,
    query: str | None,
    output: Path,
    size: tuple[int, int] = (1600, 1000),
    theme: str = "dark",
    scale: float = 1.0,
) -> None:
    """Save a PNG of the window on a library.

    Args:
        library: A library folder or a packed file.
        query: A picture's path or a row number; None shows the library without a query.
        output: The PNG to write.
        size: Width and height of the window, px before scaling.
        theme: "dark", "light" or "system".
        scale: Device pixels per px; takes effect when no window has been opened in this process yet.

    Raises:
        HashViewerError: The library or the query picture cannot be read, or the PNG not be written.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("QT_SCALE_FACTOR", str(scale))
    from hashviewer.ui.app import application
    from hashviewer.ui.main_window import MainWindow
    from hashviewer.ui.settings import Settings
    from hashviewer.ui.theme import Mode

    application()
    with tempfile.TemporaryDirectory(prefix="hashviewer-screenshot-") as folder:
        window = MainWindow(Settings(Path(folder) / "window.ini"))
        try:
            window.set_theme(Mode(theme))
            window.resize(*size)
            window.show()
            _show(window, library, query)
            if not window.grab().save(str(output), "PNG"):
                raise ExportError(
                    f"The picture could not be written to {output}: check the folder and its permissions."
                )
        finally:
            window.close()
            window.deleteLater()
            _turn()


def _show(window: "MainWindow", library: Path, query: str | None) -> None:
    """Open the library, ask, and wait until everything is drawn."""
    from hashviewer.ui.opening import from_anywhere

    window.commands.open_path(from_anywhere(library))
    _wait(lambda: window.explorer.workspace is not None or _has_failed(window), "the library to open")
    _raise_if_failed(window)
    if query is not None:
        _ask(window, query)
        _wait(lambda: _is_answered(window) or _has_failed(window), "the answer")
        _raise_if_failed(window)
    _wait(_Quiet(window), "the views to settle")
    _raise_if_failed(window)


def _ask(window: "MainWindow", query: str) -> None:
    workspace = window.explorer.workspace
    path = Path(query)
    if path.is_file():
        window.explorer.image_asked.emit(path.absolute(), path.name)
    elif query.isdecimal() and workspace is not None and int(query) < len(workspace.library):
        window.explorer.row_asked.emit(int(query))
    else:
        raise SearchError(f"“{query}” is neither a picture file nor a row of this library.")


class _Quiet:
    """Whether nothing has happened in a window for a while."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self._since: float | None = None

    def __call__(self) -> bool:
        window = self._window
        if window.tasks.busy or not window.thumbnails.settled or window.grid_view.grid.fading:
            self._since = None
            return False
        if self._since is None:
            self._since = monotonic()
        return monotonic() - self._since > QUIET_SECONDS


def _is_answered(window: "MainWindow") -> bool:
    results = window.explorer.results
    return results is not None and results.query is window.explorer.query


def _has_failed(window: "MainWindow") -> bool:
    return window.message_bar.isVisibleTo(window)


def _raise_if_failed(window: "MainWindow") -> None:
    if _has_failed(window):
        raise HashViewerError(window.message_bar.text)


def _wait(until: Callable[[], bool], what: str) -> None:
    start = monotonic()
    while not until():
        _turn()
        if monotonic() - start > PATIENCE_SECONDS:
            raise HashViewerError(f"Waiting for {what} took longer than {PATIENCE_SECONDS:.0f} s; try again.")


def _turn() -> None:
    from PySide6.QtCore import QCoreApplication, QEventLoop

    QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
    QCoreApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete: no loop runs that would do it
