"""A training that another program watches: told step by step, and stopped when that program goes."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hashviewer.cli.output import print_json
from hashviewer.cli.watching import Bar

BETWEEN = 0.2  # seconds between two lines about steps
_INPUT = 0  # file descriptor


class ToldSteps:
    """Progress that prints a line of JSON several times a second."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._told = 0.0

    def __call__(self, done: int, total: int | None = None, message: str = "") -> None:
        """Tell how far it is; raises `Cancelled` after a stop."""
        self._bar(done, total, message)
        now = time.monotonic()
        if now - self._told >= BETWEEN or done == total:
            self._told = now
            print_json({"event": "progress", "done": done, "total": total, "message": message})


@contextmanager
def stopped_with_input(bar: Bar) -> Iterator[None]:
    """Stop at the next step once standard input ends: the program at its other end said so, or is gone."""
    threading.Thread(target=_wait_for_the_end, args=(bar,), name="standard input", daemon=True).start()
    yield


def _wait_for_the_end(bar: Bar) -> None:
    # not through sys.stdin, whose lock would be held when the program ends
    while os.read(_INPUT, 4096):
        pass
    bar.stop()
