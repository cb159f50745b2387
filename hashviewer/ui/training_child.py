"""The processes behind the Train dialog: the adviser that answers questions, and the training itself.

Both are this program's own command line. They print lines of JSON and end when their standard input does, so neither
outlives the window; both are called from worker threads.
"""

import json
import logging
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from hashviewer.encoding.child import environment
from hashviewer.errors import TrainingError
from hashviewer.progress import Cancelled, Progress

STOPPED = 130  # exit status after Ctrl-C, which a terminal sends to the child as well
_TICK = 0.1  # s; how soon a stop is noticed
_FAREWELL = 15.0  # s; whole epochs are in files, so what takes longer to stop is ended

Message = dict[str, Any]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended.

    Attributes:
        kind: "done", "stopped" by the user, or "failed".
        sentence: Why it failed.
    """

    kind: Literal["done", "stopped", "failed"]
    sentence: str = ""


class Adviser:
    """Answers whether the parts of a training fit together, one question at a time; started by the first."""

    def __init__(self) -> None:
        self._guard = threading.Lock()  # guards the attributes below
        self._child: _Child | None = None
        self._closed = False
        self._said: Message | None = None

    def describe(self, *, progress: Progress) -> Message:
        """What can be chosen; takes seconds. A stop by `progress` ends the process.

        Raises:
            TrainingError: The process cannot start, or has died.
        """
        if self._said is None:
            self._said = self._next(self._running(), progress)
        return self._said

    def ask(self, words: Sequence[str], *, progress: Progress) -> Message:
        """The answer about a command; errors as in `describe`."""
        self.describe(progress=progress)
        child = self._running()
        child.say(json.dumps(list(words)))
        return self._next(child, progress)

    def close(self) -> None:
        """End the process, from any thread; a question under way fails."""
        with self._guard:
            self._closed = True
            if self._child is not None:
                self._child.end(at_once=True)

    def _running(self) -> "_Child":
        with self._guard:
            if self._closed:
                raise Cancelled
            if self._child is None:
                self._child = _Child(["-m", "hashviewer.cli.train_adviser"])
            return self._child

    def _next(self, child: "_Child", progress: Progress) -> Message:
        for message in child.messages():
            if message is not None:
                return message
            try:
                progress(0)
            except Cancelled:
                self.close()
                raise
        self.close()
        raise TrainingError(f"The process that checks the settings has ended. {child.last_words()}")


def run_training(
    words: Sequence[str], *, on_message: Callable[[Message], None], progress: Progress
) -> Outcome:
    """Run ``hashviewer`` with `words` until it ends; a stop by `progress` keeps every whole epoch.

    Args:
        words: Of `TrainingPlan.words`.
        on_message: Is given every message, in this thread.
        progress: Told steps, ten times a second.

    Raises:
        TrainingError: The process cannot start.
    """
    child = _Child(["-m", "hashviewer", *words, "--json", "--attended"])
    state: tuple[int, int | None, str] = (0, None, "starting")
    stopped = False
    try:
        for message in child.messages():
            if message is not None:
                on_message(message)
                if message["event"] == "progress":
                    state = (message["done"], message["total"], message["message"])
            with suppress(Cancelled):
                progress(*state)
                continue
            stopped = True
            child.stop()
    finally:
        child.end()
    if child.status == 0:
        return Outcome("done")
    if stopped or child.status == STOPPED:
        return Outcome("stopped")
    _log.warning("the training ended with status %s:\n%s", child.status, child.said)
    return Outcome("failed", child.last_words())


class _Child:
    """A process of this program whose standard output is lines of JSON."""

    def __init__(self, words: Sequence[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        try:
            self._process = subprocess.Popen(
                [sys.executable, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment(),
            )
        except OSError as error:
            self._errors.close()
            raise TrainingError(f"The process cannot start: {error.strerror or error}.") from error
        self._queue: queue.Queue[Message | None] = queue.Queue()
        self._told_to_stop: float | None = None
        self._ending = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="training-messages", daemon=True)
        self._reader.start()
        self.said = ""

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.poll()

    def say(self, line: str) -> None:
        """Send a line; one that has died is noticed when its answer does not come."""
        assert self._process.stdin is not None, "a pipe"
        with suppress(OSError, ValueError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def stop(self) -> None:
        """Tell it to stop."""
        assert self._process.stdin is not None, "a pipe"
        if self._told_to_stop is None:
            self._told_to_stop = time.monotonic()
        with suppress(OSError):
            self._process.stdin.close()

    def messages(self) -> Iterator[Message | None]:
        """Its messages to the last; None ten times a second while there is none."""
        while True:
            try:
                message = self._queue.get(timeout=_TICK)
            except queue.Empty:
                if self._told_to_stop is not None and time.monotonic() - self._told_to_stop > _FAREWELL:
                    self._process.kill()
                yield None
                continue
            if message is None:
                self._queue.put(None)  # whoever asks next is to know, too
                return
            yield message

    def end(self, *, at_once: bool = False) -> None:
        """See to it that it is gone."""
        with self._ending:
            if self._errors.closed:
                return
            self.stop()
            if at_once:
                self._process.kill()
            try:
                self._process.wait(_FAREWELL)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._reader.join()
            assert self._process.stdout is not None, "a pipe"
            self._process.stdout.close()
            self._errors.seek(0)
            self.said = self._errors.read().decode(errors="replace")[-8000:]
            self._errors.close()

    def last_words(self) -> str:
        """Why it ended, in a sentence: its own, or the signal that ended it."""
        status = self._process.returncode
        if status is not None and status < 0:
            name = f"signal {-status}"
            with suppress(ValueError):
                name = signal.Signals(-status).name
            return (
                f"The process was ended from outside ({name}). If memory was short, close other programs, or choose "
                "fewer images or a smaller backbone."
            )
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        if len(lines) > 1 and lines[-1].startswith("This is a mistake in HashViewer"):
            return " ".join(lines[-2:])
        return lines[-1].removeprefix("Error: ") if lines else f"It ended with exit status {status}."

    def _read(self) -> None:
        assert self._process.stdout is not None, "a pipe"
        for line in self._process.stdout:
            with suppress(ValueError):  # what a library printed
                message = json.loads(line)
                if isinstance(message, dict) and "event" in message:
                    self._queue.put(message)
        self._queue.put(None)
