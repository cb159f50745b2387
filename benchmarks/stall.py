"""How long the window could not react at 1,000,000 rows, at the worst, while it was used and while the library grew."""

import random
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from benchmarks.figure import Figure
from benchmarks.libraries import MILLION, synthetic_library
from benchmarks.synthetic import grow_library
from benchmarks.watching import Turn, WatchedApplication, pause, settle, wait, watched_window

if TYPE_CHECKING:
    from hashviewer.ui.main_window import MainWindow

TIMES = 10
STEP_SECONDS = 0.02  # between two moves of the radius
ADDED = 500  # photos that the library grows by
STALL_MS = 16.0


def run() -> list[Figure]:
    """The longest event of each gesture; the first query is not counted, it makes the plots."""
    with synthetic_library(MILLION) as library, watched_window(library) as (application, window):
        _query(window, random.Random(0), 1)
        chosen = random.Random(1)
        figures = [
            _figure("query", _longest(application, window, partial(_query, window, chosen, TIMES))),
            _figure("radius drag", _longest(application, window, partial(_drag_radius, window))),
            _figure("jump", _longest(application, window, partial(_jump, window, chosen))),
            _figure(
                "growing, with an answer", _longest(application, window, partial(_grow, window, library))
            ),
        ]
        window.controller.forget_query()
        settle(window)
        figures.append(
            _figure("growing, whole library", _longest(application, window, partial(_grow, window, library)))
        )
    return figures


def _figure(gesture: str, turn: Turn) -> Figure:
    value = turn.seconds * 1000
    how = (
        f"the longest event at {MILLION:,} rows was {turn.what}; it computed for {turn.cpu_seconds * 1000:.1f} ms, the rest "
        "it waited"
    )
    return Figure(f"gui-stall: {gesture}", value, "ms", f"at most {STALL_MS:.0f}", value <= STALL_MS, how)


def _longest(application: WatchedApplication, window: "MainWindow", use: Callable[[], None]) -> Turn:
    settle(window)
    application.forget_turns()
    use()
    return application.longest


def _within_an_event(do: Callable[[], object]) -> None:
    """As a gesture does it: from the event loop, where it is measured."""
    done: list[bool] = []
    QTimer.singleShot(0, lambda: (do(), done.append(True)))
    wait(lambda: bool(done))


def _query(window: "MainWindow", chosen: random.Random, times: int) -> None:
    for _ in range(times):
        row = chosen.randrange(MILLION)
        _within_an_event(lambda row=row: window.explorer.row_asked.emit(row))
        settle(window)


def _drag_radius(window: "MainWindow") -> None:
    for radius in (*range(24), *range(24, 4, -1)):
        _within_an_event(lambda radius=radius: setattr(window.explorer, "radius", radius))
        pause(STEP_SECONDS)
    settle(window)


def _jump(window: "MainWindow", chosen: random.Random) -> None:
    window.controller.forget_query()
    settle(window)
    bar = window.grid_view.grid.verticalScrollBar()
    for _ in range(TIMES):
        place = chosen.randint(0, bar.maximum())
        _within_an_event(lambda place=place: bar.setValue(place))
        settle(window)
    _query(window, chosen, 1)


def _grow(window: "MainWindow", library: Path) -> None:
    """Another process adds photos; the window takes them in as it does while an index runs."""
    workspace = window.explorer.workspace
    assert workspace is not None
    rows = len(workspace.library)
    subprocess.run([sys.executable, "-m", "benchmarks.stall", str(library)], check=True)
    window.tasks.run("grow", workspace.refresh, on_done=lambda _: window.explorer.library_grew.emit())
    wait(lambda: len(workspace.library) == rows + ADDED)
    settle(window)


if __name__ == "__main__":
    grow_library(Path(sys.argv[1]), ADDED)
