"""What every view is: connect, draw, gestures to the explorer."""

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from hashviewer.ui.explorer import Explorer
from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.thumbnails import Thumbnails


class View(QWidget):
    """A linked view of the explorer's state; the window makes a dock and a menu entry for each.

    A subclass names itself with `key` and `title`, builds its widgets in its constructor, lists in `redraw_on`
    the explorer's signals after which it is stale, and draws in `draw`. A hidden view only marks itself stale
    and draws when it is shown.
    """

    key: ClassVar[str] = ""
    title: ClassVar[str] = ""
    area: ClassVar[Qt.DockWidgetArea] = Qt.DockWidgetArea.RightDockWidgetArea
    redraw_on: ClassVar[tuple[str, ...]] = ()
    keys: ClassVar[
        tuple[tuple[str, str], ...]
    ] = ()  # keys and gestures, and what they do, for the list of keys

    def __init__(self, explorer: Explorer, tasks: TaskQueue, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.explorer = explorer
        self.tasks = tasks
        self.thumbnails = thumbnails
        self._stale = True
        for name in self.redraw_on:
            getattr(explorer, name).connect(self.refresh)
        explorer.settled.connect(self._catch_up)

    def refresh(self) -> None:
        """Draw now when visible, else when shown next; once after changes that belong together."""
        self._stale = True
        if not self.explorer.changing:
            self._catch_up()

    def _catch_up(self) -> None:
        if self._stale and self.isVisible():
            self._stale = False
            self.draw()

    def draw(self) -> None:
        """Show the explorer's present state; reads only what is in memory, the rest comes by `tasks`."""
        raise NotImplementedError(f"{type(self).__name__} does not draw")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._stale = False
            self.draw()
