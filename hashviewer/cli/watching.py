"""The progress bar on stderr, and Ctrl-C."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from hashviewer.cli.output import shown
from hashviewer.progress import Cancelled

BETWEEN = 0.1  # seconds between two drawings
WIDTH = 28  # signs of the bar


class Bar:
    """A progress bar on stderr; silent where stderr is no terminal."""

    def __init__(self) -> None:
        self._drawing = sys.stderr.isatty()
        self._drawn = 0.0
        self._stop = False

    def __call__(self, done: int, total: int | None = None, message: str = "") -> None:
        """Draw how far it is; raises `Cancelled` after Ctrl-C."""
        if self._stop:
            raise Cancelled
        now = time.monotonic()
        if self._drawing and now - self._drawn >= BETWEEN:
            self._drawn = now
            sys.stderr.write("\r\x1b[K" + line(done, total, message))
            sys.stderr.flush()

    def stop(self) -> None:
        """Make the next call raise `Cancelled`."""
        self._stop = True

    def clear(self) -> None:
        """Take the bar away."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def line(done: int, total: int | None, message: str) -> str:
    """The bar as text."""
    message = shown(message)
    if not total:
        return f"{done:,} {message}" if done else message
    filled = WIDTH * min(done, total) // total
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}] {done:,} of {total:,}  {message}"


@contextmanager
def watched() -> Iterator[Bar]:
    """A bar for a slow function. The first Ctrl-C asks it to stop, the second ends it at once."""
    bar = Bar()

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        bar.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stderr.write("\nStopping; Ctrl-C again stops at once.\n")

    if threading.current_thread() is not threading.main_thread():
        yield bar
        return
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield bar
    finally:
        signal.signal(signal.SIGINT, before)
        bar.clear()
