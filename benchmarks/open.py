"""From the start of the process to a window that shows the library and can be used."""

import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.figure import Figure
from benchmarks.libraries import MILLION, synthetic_library
from benchmarks.program import since_start, started

if TYPE_CHECKING:
    from hashviewer.ui.main_window import MainWindow

WATCHES_EVENTS = False  # the program starts as it is
ROUNDS = 7
WARM_UP = 1  # not counted: the system's cache is filled
SECONDS, MEBIBYTES = 1.0, 400.0
CODE_BYTES = 8  # of the synthetic library's 64-bit codes
SETTLED_SECONDS = 2.0  # until memory is looked at: by then everything has been made that the first view needs


def run() -> list[Figure]:
    """Measure with 100,000 and with 1,000,000 photos."""
    return [figure for rows in (100_000, MILLION) for figure in _measured(rows)]


def _measured(rows: int) -> list[Figure]:
    with synthetic_library(rows) as library:
        rounds = [started("open", str(library)) for _ in range(ROUNDS + WARM_UP)][WARM_UP:]
    usable, memory = median(found["usable"] for found in rounds), max(found["memory"] for found in rounds)
    torch = any(found["torch"] for found in rounds)
    most = MEBIBYTES + rows * CODE_BYTES / 2**20
    how = (
        f"median of {ROUNDS} starts, fastest {min(found['usable'] for found in rounds):.2f} s, CPU time until then "
        f"{median(found['computed'] for found in rounds):.2f} s; all thumbnails in sight after "
        f"{median(found['thumbnails'] for found in rounds):.2f} s"
    )
    size = f"{rows:,} rows"
    return [
        Figure(
            f"open: {size}, painted and usable", usable, "s", f"at most {SECONDS}", usable <= SECONDS, how
        ),
        Figure(
            f"open: {size}, resident memory",
            memory,
            "MiB",
            f"at most {MEBIBYTES:.0f} plus codes, without torch",
            memory <= most and not torch,
            f"{SETTLED_SECONDS:.0f} s after the start; torch was {'' if torch else 'not '}imported",
        ),
    ]


def watch(window: "MainWindow") -> None:
    """In the program: note when the grid has shown the library, then report and close."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    grid, found = window.grid_view.grid, {}

    class Painting(QObject):
        """Sees the grid's paint events; the frame is complete when the next event is handled."""

        def eventFilter(self, _widget: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
            if event.type() is QEvent.Type.Paint and len(grid.arrangement.rows) and not found:
                found["usable"] = 0.0
                QTimer.singleShot(0, note)
            return False

    def note() -> None:
        assert window.toolbar.isVisible()
        assert window.toolbar.isEnabled()
        found["usable"], found["computed"] = since_start(), time.process_time()
        looking.start()

    def look() -> None:
        rows = [int(grid.arrangement.rows[place]) for place in grid.visible_places()]
        if all(window.thumbnails.peek(row) is not None for row in rows):
            looking.stop()
            found["thumbnails"] = since_start()
            QTimer.singleShot(round(SETTLED_SECONDS * 1000), report)

    def report() -> None:
        found["memory"] = _resident_mebibytes()
        found["torch"] = float("torch" in sys.modules)
        print(json.dumps(found), flush=True)
        window.close()

    looking = QTimer(window, interval=2)
    looking.timeout.connect(look)
    painting = Painting(window)
    grid.viewport().installEventFilter(painting)


def _resident_mebibytes() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
