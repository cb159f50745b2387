import time
from collections import deque
from collections.abc import Callable

from hashviewer.progress import Progress

_WINDOW = 20.0  # s
_REPORT_EVERY = 0.1  # s


class Pace:
    """How fast photos go by and how long the rest takes, over the last 20 seconds.

    Args:
        total: All photos.
        clock: Seconds; replaced in tests.
    """

    def __init__(self, total: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = total
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque([(clock(), 0)])

    def message(self, done: int) -> str:
        """A few words such as "214 photos/s, 2 min left"; empty while there is nothing to say."""
        now = self._clock()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW:
            self._marks.popleft()
        since, before = self._marks[0]
        if done <= before or now <= since:
            return ""
        rate = (done - before) / (now - since)
        shown = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
        return f"{shown} photos/s, {_duration((self._total - done) / rate)} left"


class PacedProgress:
    """Passes progress on ten times a second, with the pace in words.

    Attributes:
        done: Photos done; counted up by the owner.
    """

    def __init__(self, progress: Progress, total: int) -> None:
        self.done = 0
        self._progress = progress
        self._total = total
        self._pace = Pace(total)
        self._last = 0.0

    def report(self) -> None:
        """Tell how far it is, if it is time; may raise `Cancelled`."""
        now = time.monotonic()
        if now - self._last >= _REPORT_EVERY or self.done == self._total:
            self._last = now
            self._progress(self.done, self._total, self._pace.message(self.done))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h" if seconds < 10 * 3600 else f"{round(seconds / 3600)} h"
