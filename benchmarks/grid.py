"""Moving through 1,000,000 photos: frames while jumping and scrolling, and how soon the thumbnails are there."""

import random
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from benchmarks.figure import Figure
from benchmarks.libraries import MILLION, synthetic_library
from benchmarks.watching import WatchedApplication, pause, settle, wait, watched_window

if TYPE_CHECKING:
    from hashviewer.ui.grid import PhotoGrid
    from hashviewer.ui.main_window import MainWindow

JUMPS, NOTCHES = 100, 200
NOTCH_SECONDS = 0.02  # between two turns of the wheel
FRAME_MS, THUMBNAILS_MS = 16.0, 150.0


def run() -> list[Figure]:
    """Jump to random places, and turn the wheel."""
    with synthetic_library(MILLION) as library, watched_window(library) as (application, window):
        grid = window.grid_view.grid
        application.follow({"grid": [grid.viewport()]})
        waits = _jump(window, grid)
        jumping = _frames(application)
        application.follow({"grid": [grid.viewport()]})
        _turn_wheel(grid)
        scrolling = _frames(application)
        shown = len(grid.visible_places())
    frames, late = float(np.percentile(jumping + scrolling, 95)), float(np.percentile(waits, 95))
    how = (
        f"{len(jumping)} frames of {JUMPS} jumps (p50 {np.median(jumping):.1f} ms), {len(scrolling)} of {NOTCHES} turns of the "
        f"wheel (p50 {np.median(scrolling):.1f} ms), {shown} of {MILLION:,} photos in sight; paint events of the grid"
    )
    how_late = (
        f"{JUMPS} jumps to random places; from the jump until the last of {shown} thumbnails has arrived; "
        f"p50 {np.median(waits):.0f} ms, fastest {min(waits):.0f} ms"
    )
    return [
        _figure("grid: frame while jumping and scrolling, p95", frames, FRAME_MS, how),
        _figure("grid: thumbnails there after a jump, p95", late, THUMBNAILS_MS, how_late),
    ]


def _figure(name: str, value: float, most: float, how: str) -> Figure:
    return Figure(name=name, value=value, unit="ms", goal=f"at most {most:.0f}", ok=value <= most, how=how)


def _jump(window: "MainWindow", grid: "PhotoGrid") -> list[float]:
    """Milliseconds from each jump until every photo in sight has its thumbnail."""
    chosen, bar, taken = random.Random(1), grid.verticalScrollBar(), []
    ready: list[float] = [0.0]

    def note(_row: int) -> None:
        ready[0] = perf_counter()

    window.thumbnails.ready.connect(note)
    for _ in range(JUMPS):
        begun = perf_counter()
        bar.setValue(chosen.randint(0, bar.maximum()))
        rows = grid.arrangement.rows[slice(*_bounds(grid.visible_places()))].tolist()
        arrived: list[float] = []

        def are_there(rows: list[int] = rows, arrived: list[float] = arrived) -> bool:
            if not arrived and all(window.thumbnails.peek(row) is not None for row in rows):
                arrived.append(ready[0])
            return bool(arrived)

        wait(are_there)
        taken.append(max(0.0, arrived[0] - begun) * 1000)  # 0: they were there before
        settle(window)
    window.thumbnails.ready.disconnect(note)
    return taken


def _bounds(places: range) -> tuple[int, int]:
    return places.start, places.stop


def _turn_wheel(grid: "PhotoGrid") -> None:
    """Scroll down from the middle of the library, one notch after the other."""
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum() // 2)
    for _ in range(NOTCHES):
        middle = QPointF(grid.viewport().rect().center())
        turn = QWheelEvent(
            middle,
            QPointF(grid.viewport().mapToGlobal(middle.toPoint())),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,  # noqa: FBT003 - inverted, in Qt's signature
        )
        QApplication.sendEvent(grid.viewport(), turn)
        pause(NOTCH_SECONDS)


def _frames(application: WatchedApplication) -> list[float]:
    return [paint.seconds * 1000 for paint in application.paints]
