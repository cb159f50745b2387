"""A child process that reports on its standard output and stops when its standard input ends."""

import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Generic, Self, TypeVar

from hashviewer.encoding.child import environment

MessageT = TypeVar("MessageT")
_TICK = 0.1  # s; how soon a stop is noticed
_LAST_BYTES = 8000  # of standard error that are kept


class AttendedChild(Generic[MessageT]):
    """A running child; `with`, or `end`, sees to it that it is gone afterwards.

    Attributes:
        said: The end of its standard error, once it is gone.
    """

    def __init__(
        self, words: Sequence[str], *, read: Callable[[IO[bytes]], Iterable[MessageT]], farewell: float
    ) -> None:
        """Start it.

        Args:
            words: Its command line.
            read: The messages of its output, to the last; an end by OSError or ValueError is one like any other.
            farewell: Seconds that it may take to stop before it is killed.

        Raises:
            OSError: It cannot be started.
        """
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        try:
            self._process = subprocess.Popen(
                list(words),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment(),
            )
        except OSError:
            self._errors.close()
            raise
        assert self._process.stdin is not None, "a pipe"
        assert self._process.stdout is not None, "a pipe"
        self._input, self._output = self._process.stdin, self._process.stdout
        self._messages_of = read
        self._farewell = farewell
        self._queue: queue.Queue[MessageT | None] = queue.Queue()
        self._told_to_stop: float | None = None
        self._ending = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="child-messages", daemon=True)
        self._reader.start()
        self.said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def status(self) -> int | None:
        """The exit status, below 0 the signal that ended it; None while it runs."""
        return self._process.poll()

    @property
    def killed_by(self) -> str:
        """Name of the signal that ended it; "" if none did."""
        status = self.status
        if status is None or status >= 0:
            return ""
        try:
            return signal.Signals(-status).name
        except ValueError:
            return f"signal {-status}"

    def say(self, line: str) -> None:
        """Send a line; one that has died is noticed when its answer does not come."""
        with suppress(OSError, ValueError):
            self._input.write(line.encode() + b"\n")
            self._input.flush()

    def stop(self) -> None:
        """Tell it to stop and to keep what is done."""
        if self._told_to_stop is None:
            self._told_to_stop = time.monotonic()
        with suppress(OSError):
            self._input.close()

    def messages(self) -> Iterator[MessageT | None]:
        """Its messages to the last; None ten times a second while there is none."""
        while True:
            try:
                message = self._queue.get(timeout=_TICK)
            except queue.Empty:
                if self._told_to_stop is not None and time.monotonic() - self._told_to_stop > self._farewell:
                    self._process.kill()
                yield None
                continue
            if message is None:
                self._queue.put(None)  # whoever asks next is to know, too
                return
            yield message

    def end(self, *, at_once: bool = False) -> None:
        """See to it that it is gone; from any thread, and more than once."""
        with self._ending:
            if self._errors.closed:
                return
            self.stop()
            if at_once:
                self._process.kill()
            try:
                self._process.wait(self._farewell)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._reader.join()
            self._output.close()
            self._errors.seek(0)
            self.said = self._errors.read().decode(errors="replace")[-_LAST_BYTES:]
            self._errors.close()

    def _read(self) -> None:
        with suppress(ValueError, OSError):  # half a message from a child that died
            for message in self._messages_of(self._output):
                self._queue.put(message)
        self._queue.put(None)
