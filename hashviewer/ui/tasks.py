"""Long work beside the window: keyed tasks whose results come back in the GUI thread.

Workers never touch Qt objects. They leave what happened in a plain queue and wake the `TaskQueue`, which lives
in the GUI thread, by a signal without arguments.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from hashviewer.errors import HashViewerError
from hashviewer.progress import Cancelled

T = TypeVar("T")
WORKERS = 6
REPORT_INTERVAL_MS = 50

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Report:
    done: int
    total: int | None
    message: str


@dataclass(slots=True, eq=False)
class _Task:
    key: str
    label: str
    on_done: Callable[[Any], None] | None
    on_error: Callable[[Exception], None] | None
    on_progress: Callable[[int, int | None, str], None] | None
    stop: Event = field(default_factory=Event)
    dropped: bool = False
    in_background: bool = False
    report: _Report | None = None
    future: Future[None] | None = None

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """The `Progress` a worker calls: notes the state, raises `Cancelled` when a stop was asked for."""
        if self.stop.is_set():
            raise Cancelled
        self.report = _Report(done, total, message)


class TaskQueue(QObject):
    """Runs functions in worker threads, one at a time per key; the newest under a key wins.

    Signals:
        started: Key and label of a task that has been handed to the workers.
        progressed: Key, steps done, all steps (None: unknown), message; at most 20 a second.
        finished: Key of a task that is over, whether done, failed or cancelled, after its callback.
        failed: The sentence of an error that no `on_error` took.
        idle: No task is left that anybody waits for.
    """

    started = Signal(str, str)
    progressed = Signal(str, int, object, str)
    finished = Signal(str)
    failed = Signal(str)
    idle = Signal()
    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="task")
        self._tasks: dict[str, _Task] = {}
        self._outcomes: SimpleQueue[tuple[_Task, Any, Exception | None]] = SimpleQueue()
        self._closed = False
        self._reporter = QTimer(self)
        self._reporter.setInterval(REPORT_INTERVAL_MS)
        self._reporter.timeout.connect(self._pass_reports_on)
        self._woken.connect(self._take_outcomes)

    def run(
        self,
        key: str,
        function: Callable[..., T],
        *args: object,
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
        on_progress: Callable[[int, int | None, str], None] | None = None,
        pass_progress: bool = False,
        label: str = "",
        in_background: bool = False,
    ) -> None:
        """Call ``function(*args)`` in a worker; callbacks run in the GUI thread.

        A task that runs under the same key is cancelled and its late result dropped.

        Args:
            key: What the task is for, such as "search".
            function: What to call; options that are keywords go through `functools.partial`.
            *args: Its positional arguments.
            on_done: Gets the result.
            on_error: Gets the exception instead of the `failed` signal.
            on_progress: Gets done, total and message, at most 20 times a second.
            pass_progress: Whether the function takes the keyword ``progress``.
            label: What is being done, for the user, such as "Searching".
            in_background: Whether nobody waits for it, as for work of hours: the queue counts as idle beside it.
        """
        if self._closed:
            return
        self._drop(key)
        task = _Task(key, label, on_done, on_error, on_progress, in_background=in_background)
        self._tasks[key] = task
        self.started.emit(key, label)
        task.future = self._pool.submit(self._work, task, function, args, pass_progress=pass_progress)
        if pass_progress:
            self._reporter.start()

    def cancel(self, key: str) -> None:
        """Stop the task under `key` and drop its result."""
        if self._drop(key):
            self._tell_when_idle()

    def stop(self, key: str) -> None:
        """Ask the task under `key` to stop, and still deliver what it returns: the part that is done."""
        task = self._tasks.get(key)
        if task is not None:
            task.stop.set()

    def cancel_all(self) -> None:
        """Stop every task and drop the results."""
        for key in list(self._tasks):
            self.cancel(key)

    def shutdown(self) -> None:
        """Cancel everything and wait until no worker is left; later calls of `run` do nothing."""
        self._closed = True
        self.cancel_all()
        self._reporter.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def busy(self) -> bool:
        """Whether any task is under way that somebody waits for."""
        return any(not task.in_background for task in self._tasks.values())

    def runs(self, key: str) -> bool:
        """Whether a task under `key` is under way."""
        return key in self._tasks

    def _work(
        self, task: _Task, function: Callable[..., object], args: tuple[object, ...], *, pass_progress: bool
    ) -> None:
        """In a worker: call, and leave the outcome for the GUI thread."""
        result: object = None
        error: Exception | None = None
        try:
            result = function(*args, progress=task.progress) if pass_progress else function(*args)
        except Exception as exception:  # noqa: BLE001 - whatever it is, the user is told in the GUI thread
            error = exception
        if not task.dropped:
            self._outcomes.put((task, result, error))
            self._woken.emit()

    def _take_outcomes(self) -> None:
        while True:
            try:
                task, result, error = self._outcomes.get_nowait()
            except Empty:
                return
            if task.dropped:
                continue
            self._pass_report_on(task)
            del self._tasks[task.key]
            self._deliver(task, result, error)
            self.finished.emit(task.key)
            self._tell_when_idle()

    def _deliver(self, task: _Task, result: object, error: Exception | None) -> None:
        if error is None:
            if task.on_done is not None:
                task.on_done(result)
        elif isinstance(error, Cancelled):
            _log.info("%s was stopped", task.label or task.key)
        elif task.on_error is not None:
            _log.info("%s failed", task.label or task.key, exc_info=error)
            task.on_error(error)
        else:
            _log.error("%s failed", task.label or task.key, exc_info=error)
            self.failed.emit(sentence(error, doing=task.label))

    def _drop(self, key: str) -> bool:
        """Stop the task under `key`, if there is one, and see to it that its result is never delivered."""
        task = self._tasks.pop(key, None)
        if task is None:
            return False
        task.dropped = True
        task.stop.set()
        if task.future is not None:
            task.future.cancel()
        self.finished.emit(key)
        return True

    def _tell_when_idle(self) -> None:
        if not self._tasks:
            self._reporter.stop()
        if not self.busy:
            self.idle.emit()

    def _pass_reports_on(self) -> None:
        for task in list(self._tasks.values()):
            self._pass_report_on(task)

    def _pass_report_on(self, task: _Task) -> None:
        report, task.report = task.report, None
        if report is None:
            return
        self.progressed.emit(task.key, report.done, report.total, report.message)
        if task.on_progress is not None:
            task.on_progress(report.done, report.total, report.message)


def sentence(error: Exception, *, doing: str = "") -> str:
    """What the user reads about an error: our own errors say it themselves, others are put into words."""
    if isinstance(error, HashViewerError):
        return str(error)
    what = f"{doing} did not work" if doing else "Something went wrong"
    return f"{what}: {type(error).__name__}: {error}. The details are in the log file."
