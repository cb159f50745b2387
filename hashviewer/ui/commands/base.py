"""What all commands know: the window."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashviewer.ui.main_window import MainWindow


class WindowPart:
    """Commands of a window."""

    def __init__(self, window: "MainWindow") -> None:
        self.window = window
        self.explorer = window.explorer
        self.tasks = window.tasks
