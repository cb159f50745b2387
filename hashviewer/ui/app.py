"""Starting the window."""

import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QWidget

from hashviewer.ui.resources import resource

SPARE_MS = 200  # how often Python gets a turn, so that Ctrl-C in the terminal is heard


def application() -> QApplication:
    """The one QApplication, made at the first call, in the style that both themes are drawn for."""
    present = QApplication.instance()
    if isinstance(present, QApplication):
        return present
    made = QApplication(sys.argv[:1])
    made.setApplicationName("hashviewer")
    made.setApplicationDisplayName("HashViewer")
    made.setDesktopFileName("hashviewer")
    made.setStyle("Fusion")
    made.setWindowIcon(QIcon(str(resource("icons", "hashviewer.svg"))))
    return made


def run(path: Path | None, *, sample: bool = False) -> int:
    """Open the window and stay until it is closed.

    Args:
        path: A library, a packed store, an engine's address, a folder of photos (it is indexed), a picture or a model;
            None for the welcome page.
        sample: Open the sample library, with a first query answered.

    Returns:
        The exit code.
    """
    qt = application()
    from hashviewer.ui.logs import catch_unforeseen, log_file, write_log
    from hashviewer.ui.main_window import MainWindow
    from hashviewer.ui.opening import from_anywhere
    from hashviewer.ui.settings import Settings

    write_log(log_file())
    window = MainWindow(Settings())
    catch_unforeseen(window.tell)
    if path is not None:
        window.show_opening(path.name)
        window.commands.open_path(from_anywhere(path), index_at_once=True)
    elif sample:
        window.show_opening("the sample library")
        window.commands.open_sample()
    window.show()
    heartbeat = QTimer(interval=SPARE_MS)
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start()
    _close_on_interrupt(window)
    return qt.exec()


def _close_on_interrupt(window: QWidget) -> None:
    import signal

    signal.signal(signal.SIGINT, lambda *_: window.close())
    signal.signal(signal.SIGTERM, lambda *_: window.close())
