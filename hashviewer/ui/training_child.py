"""The processes behind the Train dialog: the adviser that answers questions, and the training itself.

Both are this program's own command line. They print lines of JSON and end when their standard input does, so neither
outlives the window; both are called from worker threads.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Literal

from hashviewer.encoding.attended import AttendedChild
from hashviewer.errors import TrainingError
from hashviewer.progress import Cancelled, Progress

STOPPED = 130  # exit status after Ctrl-C, which a terminal sends to the child as well
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
        self._child: AttendedChild[Message] | None = None
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

    def _running(self) -> AttendedChild[Message]:
        with self._guard:
            if self._closed:
                raise Cancelled
            if self._child is None:
                self._child = _started(["-m", "hashviewer.cli.train_adviser"])
            return self._child

    def _next(self, child: AttendedChild[Message], progress: Progress) -> Message:
        for message in child.messages():
            if message is not None:
                return message
            try:
                progress(0)
            except Cancelled:
                self.close()
                raise
        self.close()
        raise TrainingError(f"The process that checks the settings has ended. {_last_words(child)}")


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
    child = _started(["-m", "hashviewer", *words, "--json", "--attended"])
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
    return Outcome("failed", _last_words(child))


def _started(words: Sequence[str]) -> AttendedChild[Message]:
    try:
        return AttendedChild([sys.executable, *words], read=_messages, farewell=_FAREWELL)
    except OSError as error:
        raise TrainingError(f"The process cannot start: {error.strerror or error}.") from error


def _messages(stream: IO[bytes]) -> Iterator[Message]:
    """Of its lines those that are messages; the rest is what a library printed."""
    for line in stream:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and "event" in message:
            yield message


def _last_words(child: AttendedChild[Message]) -> str:
    """Why it ended, in a sentence: its own, or the signal that ended it."""
    if child.killed_by:
        return (
            f"The process was ended from outside ({child.killed_by}). If memory was short, close other programs, or "
            "choose fewer images or a smaller backbone."
        )
    lines = [line.strip() for line in child.said.splitlines() if line.strip()]
    if len(lines) > 1 and lines[-1].startswith("This is a mistake in HashViewer"):
        return " ".join(lines[-2:])
    return lines[-1].removeprefix("Error: ") if lines else f"It ended with exit status {child.status}."
