"""From a double-click on a photo among 1,000,000 to the last view repainted."""

import random
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from benchmarks.figure import Figure
from benchmarks.libraries import MILLION, synthetic_library
from benchmarks.watching import WatchedApplication, until_repainted, views_of, watched_window

if TYPE_CHECKING:
    from hashviewer.ui.main_window import MainWindow

QUERIES = 60
FIRST = 3  # not counted: the plots are made with the first answer
MEDIAN_MS, SLOW_MS = 50.0, 100.0


def run() -> list[Figure]:
    """Ask by double-clicks and by rows, in turn."""
    chosen = random.Random(0)
    seconds, busy, last = [], [], []
    with synthetic_library(MILLION) as library, watched_window(library) as (application, window):
        for number in range(QUERIES + FIRST):
            before = process_time()
            taken, view = _ask(application, window, chosen, click=number % 2 == 0)
            if number >= FIRST:
                seconds.append(taken * 1000)
                busy.append((process_time() - before) * 1000)
                last.append(view)
        shown = ", ".join(views_of(window))
    p50, p95 = np.percentile(seconds, [50, 95])
    slowest = max(set(last), key=last.count)
    how = (
        f"{QUERIES} queries at {MILLION:,} rows, half by double-click; in sight: grid, {shown}; fastest {min(seconds):.0f} ms, "
        f"most often last: {slowest}; CPU time of the process until rest {np.median(busy):.0f} ms"
    )
    return [
        _figure("query: click to the last view repainted, p50", float(p50), MEDIAN_MS, how),
        _figure("query: click to the last view repainted, p95", float(p95), SLOW_MS, how),
    ]


def _figure(name: str, value: float, most: float, how: str) -> Figure:
    return Figure(name=name, value=value, unit="ms", goal=f"at most {most:.0f}", ok=value <= most, how=how)


def _ask(
    application: WatchedApplication, window: "MainWindow", chosen: random.Random, *, click: bool
) -> tuple[float, str]:
    """Seconds until the last view was repainted, and which one that was."""
    grid = window.grid_view.grid
    if not click:
        row = chosen.randrange(MILLION)
        return until_repainted(application, window, lambda: window.explorer.row_asked.emit(row))
    middle = grid.rect_of(chosen.choice(grid.visible_places())).center()
    return until_repainted(
        application,
        window,
        lambda: QTest.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=middle),
    )
