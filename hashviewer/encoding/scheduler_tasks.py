"""Tasks given to the workers of a cluster, and their outcomes taken back in order."""

import queue
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hashviewer.encoding.journal import Precautions, read_precautions
from hashviewer.encoding.pipeline import Outcome
from hashviewer.encoding.scheduler_connecting import Crew, lost, no_workers
from hashviewer.encoding.scheduler_parts import read_part
from hashviewer.encoding.scheduler_worker import Task, encode_part
from hashviewer.errors import EncodingError, HashViewerError

if TYPE_CHECKING:
    from distributed import Future

_TICK = 0.1  # s
_LOOK = 2.0  # s between two looks at the workers
_ALONE = 60.0  # s without a worker until the run is given up
_RETRIES = 2  # of a task that failed in words
_DAMAGED = 3  # times that a part's file may be damaged
_APPEAR = 60.0  # s until a finished part's file is to be seen: network drives remember that there was none
_QUEUED = 3  # tasks that wait for each thread of the workers


@dataclass(slots=True)
class TaskRun:
    """Keeps the workers busy; use `outcomes` once.

    Attributes:
        crew: The workers.
        tasks: In the order in which outcomes are wanted.
    """

    crew: Crew
    tasks: Sequence[Task]
    _events: "queue.Queue[tuple[int, Future]]" = field(default_factory=queue.Queue)
    _flying: "dict[int, Future]" = field(default_factory=dict)
    _ready: set[int] = field(default_factory=set)
    _taught: dict[int, Precautions] = field(default_factory=dict)
    _damaged: dict[int, int] = field(default_factory=dict)
    _given: int = 0
    _threads: int = 1
    _looked: float = 0.0
    _peopled: float = 0.0

    def outcomes(self) -> Generator[list[Outcome] | None, None, None]:
        """The outcomes of each task in order; None ten times a second while there are none.

        Whatever ends the iteration, no task is left on the cluster.

        Raises:
            HashViewerError: The workers cannot do the work, or they are gone.
        """
        self._peopled = time.monotonic()
        try:
            for number, task in enumerate(self.tasks):
                found = None
                while found is None:
                    self._look()
                    self._give()
                    if number in self._ready:
                        self._ready.discard(number)
                        found = self._read(number, task)
                    elif not self._settle():
                        yield None
                yield found
        finally:
            self._abandon()

    def _give(self) -> None:
        """Give out tasks until the workers have enough; those whose file is there need none."""
        while self._given < len(self.tasks) and len(self._flying) < self._threads * (1 + _QUEUED):
            if self.tasks[self._given].file.exists():
                self._ready.add(self._given)
            else:
                self._submit(self._given)
            self._given += 1

    def _submit(self, number: int) -> None:
        task = self.tasks[number]
        future = self.crew.client.submit(encode_part, task, pure=False, retries=_RETRIES)
        self._flying[number] = future
        future.add_done_callback(partial(self._note, number))

    def _note(self, number: int, future: "Future") -> None:
        self._events.put((number, future))

    def _settle(self) -> bool:
        """Take in what has become of a task; False if there is nothing new."""
        try:
            number, future = self._events.get(timeout=_TICK)
        except queue.Empty:
            return False
        if number not in self._flying or self._flying[number] is not future:
            return True
        del self._flying[number]
        if future.status == "finished":
            self._ready.add(number)
        elif future.status in ("cancelled", "lost"):
            raise lost()
        else:
            self._take_failure(number, future.exception())
        return True

    def _take_failure(self, number: int, error: BaseException | None) -> None:
        from distributed import KilledWorker

        if isinstance(error, HashViewerError):
            raise error
        if not isinstance(error, KilledWorker):
            raise EncodingError(
                f"A worker failed: {type(error).__name__}: {error}. Its log has the details. What is done is kept: run the "
                "same command again."
            ) from error
        taught = self._lesson(number)
        if taught == self._taught.get(number, Precautions()):
            raise EncodingError(
                "The workers died again and again over the same photos. What is done is kept. See in their logs whether "
                "memory was short, then run the same command again."
            ) from error
        self._taught[number] = taught
        self._submit(number)

    def _lesson(self, number: int) -> Precautions:
        with suppress(OSError, ValueError, KeyError):
            return read_precautions(self.tasks[number].precautions)
        return Precautions()

    def _read(self, number: int, task: Task) -> list[Outcome] | None:
        """The outcomes of a task; None if its file was damaged and is made once more."""
        _await_file(task.file)
        try:
            return read_part(task.file, task.part)
        except (OSError, ValueError, LookupError, TypeError) as error:
            self._damaged[number] = self._damaged.get(number, 0) + 1
            if self._damaged[number] >= _DAMAGED:
                raise EncodingError(
                    f"The file {task.file} that a worker has left cannot be read ({error}). Check that all machines see the "
                    "same folder, then run the same command again: what is done is kept."
                ) from error
            task.file.unlink(missing_ok=True)
            self._submit(number)
            return None

    def _look(self) -> None:
        """See now and then whether there are workers, and how many."""
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked = now
        workers = self.crew.workers()
        if workers:
            self._peopled = now
            self._threads = sum(workers.values())
        elif now - self._peopled > _ALONE:
            raise no_workers()

    def _abandon(self) -> None:
        flying, self._flying = list(self._flying.values()), {}
        if flying and self.crew.client.status == "running":
            with suppress(OSError, TimeoutError):
                self.crew.client.cancel(flying, force=True)


def _await_file(file: Path) -> None:
    """Wait for a file that another machine says it has written; listing the folder makes network drives look anew."""
    until = time.monotonic() + _APPEAR
    while not file.exists() and time.monotonic() < until:
        any(True for _ in file.parent.iterdir())
        time.sleep(_TICK)
