"""The real window under observation: when its views were painted, and how long it could not react.

The application is the program's own with `notify` observed, which sees every event that Qt delivers.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer, SignalInstance
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import getCppPointer

if TYPE_CHECKING:
    from hashviewer.ui.main_window import MainWindow

SIZE = (1600, 1000)  # px of the window
POLL_MS = 2
QUIET_LOOKS = 25  # looks at the window, one after the other, that must find it at rest
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Turn:
    """The longest event: how long the window could not react meanwhile.

    Attributes:
        seconds: Wall-clock time.
        cpu_seconds: Time that the thread itself computed; the rest it waited, also for other programs.
        what: Class of the receiver and kind of the event.
    """

    seconds: float
    cpu_seconds: float
    what: str


NO_TURN = Turn(0.0, 0.0, "")


@dataclass(frozen=True, slots=True)
class Paint:
    """A paint event of a widget that is followed.

    Attributes:
        name: What it was followed as.
        seconds: What the event itself took.
        ended: When the frame that it belongs to was complete, on the clock `perf_counter`.
    """

    name: str
    seconds: float
    ended: float


class WatchedApplication(QApplication):
    """Notes the longest event, and when the widgets followed were painted."""

    def __init__(self, arguments: list[str]) -> None:
        self._deep = False
        self._followed: dict[int, str] = {}
        self._painting: list[tuple[str, float]] = []
        self.paints: list[Paint] = []
        self.longest = NO_TURN
        super().__init__(arguments)

    def follow(self, widgets: dict[str, list[QWidget]]) -> None:
        """Note from now on when these widgets are painted, by name."""
        self._followed = {
            getCppPointer(widget)[0]: name for name, group in widgets.items() for widget in group
        }
        self.paints = []

    def forget_turns(self) -> None:
        """Look for the longest event anew."""
        self.longest = NO_TURN

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Deliver an event, and note how long that took and what it painted."""
        if self._deep:
            return self._notify_within(receiver, event)
        self._deep = True
        self._painting.clear()
        kind, name = event.type(), type(receiver).__name__
        begun, begun_cpu = perf_counter(), thread_time()
        try:
            return super().notify(receiver, event)
        finally:
            ended = perf_counter()
            self._deep = False
            if ended - begun > self.longest.seconds:
                self.longest = Turn(ended - begun, thread_time() - begun_cpu, f"{name} {kind.name}")
            self.paints += [Paint(followed, seconds, ended) for followed, seconds in self._painting]

    def _notify_within(self, receiver: QObject, event: QEvent) -> bool:
        if event.type() is not QEvent.Type.Paint or not isinstance(receiver, QWidget):
            return super().notify(receiver, event)
        followed = self._followed.get(getCppPointer(receiver)[0])
        if followed is None:
            return super().notify(receiver, event)
        begun = perf_counter()
        try:
            return super().notify(receiver, event)
        finally:
            self._painting.append((followed, perf_counter() - begun))


@contextmanager
def watched_window(library: Path) -> Iterator[tuple[WatchedApplication, "MainWindow"]]:
    """The main window on a library, every dock of the preset “all” in sight, settled."""
    from hashviewer.ui import app
    from hashviewer.ui.main_window import MainWindow
    from hashviewer.ui.settings import Settings

    app.QApplication = WatchedApplication  # type: ignore[misc]
    application = app.application()
    assert isinstance(application, WatchedApplication)
    with tempfile.TemporaryDirectory(prefix="hashviewer-benchmark-") as folder:
        window = MainWindow(Settings(Path(folder) / "window.ini"))
        window.resize(*SIZE)
        window.show()
        window.commands.open_path(library)
        wait(lambda: window.explorer.workspace is not None)
        settle(window)
        try:
            yield application, window
        finally:
            window.close()
            window.deleteLater()


def wait(until: Callable[[], bool]) -> None:
    """Let events pass until something holds.

    Raises:
        TimeoutError: It never does.
    """
    loop, deadline = QEventLoop(), perf_counter() + PATIENCE_SECONDS
    timer = QTimer(interval=POLL_MS)
    timer.timeout.connect(lambda: loop.quit() if until() or perf_counter() > deadline else None)
    timer.start()
    loop.exec()
    timer.stop()
    if perf_counter() > deadline:
        raise TimeoutError("The window did not come to rest.")


def pause(seconds: float) -> None:
    """Let events pass for a while."""
    end = perf_counter() + seconds
    wait(lambda: perf_counter() >= end)


def settle(window: "MainWindow") -> None:
    """Let events pass until no task runs, no thumbnail is wanted and nothing has happened for a while."""
    quiet = 0  # looks at the window, not time: a handler that blocks for long must not pass for rest

    def is_quiet() -> bool:
        nonlocal quiet
        at_rest = not window.tasks.busy and window.thumbnails.settled and not window.grid_view.grid.fading
        quiet = quiet + 1 if at_rest else 0
        return quiet > QUIET_LOOKS

    wait(is_quiet)


def views_of(window: "MainWindow") -> dict[str, list[QWidget]]:
    """The widgets of every view in sight, by its key."""
    from hashviewer.ui.views import View

    return {
        view.key: [view, *view.findChildren(QWidget)]
        for view in window.findChildren(View)
        if view.isVisible()
    }


def until_repainted(
    application: WatchedApplication, window: "MainWindow", ask: Callable[[], object]
) -> tuple[float, str]:
    """Ask a query; seconds until the last view has shown the answer, and which one that was.

    Of the grid and of the list of buckets the first frame with the answer counts: their thumbnails come later, which is
    measured with `grid`. Of everything else in sight the last frame counts.
    """
    from hashviewer.ui.views import BucketsView

    explorer, before = window.explorer, window.explorer.results
    buckets = window.findChild(BucketsView)
    listed = buckets.bucket_table.viewport()
    views = views_of(window)
    views["buckets"] = [widget for widget in views["buckets"] if widget is not listed]
    application.follow({**views, "grid": [window.grid_view.grid.viewport()], "listed": [listed]})
    answered = {"grid": 0.0, "listed": 0.0}
    with (
        noting(explorer.results_changed, answered, "grid"),
        noting(buckets.buckets.modelReset, answered, "listed"),
    ):
        begun = perf_counter()
        ask()
        wait(lambda: explorer.results is not before)
        settle(window)
    ends = {paint.name: paint.ended for paint in application.paints if paint.name not in answered}
    for name, since in answered.items():
        ends[name] = next(
            paint.ended for paint in application.paints if paint.name == name and paint.ended > since
        )
    view = max(ends, key=ends.__getitem__)
    return ends[view] - begun, view


@contextmanager
def noting(signal: SignalInstance, times: dict[str, float], name: str) -> Iterator[None]:
    """Note under a name when a signal was last emitted."""

    def note() -> None:
        times[name] = perf_counter()

    signal.connect(note)
    try:
        yield
    finally:
        signal.disconnect(note)
