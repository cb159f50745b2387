"""The line at the bottom: how many photos and problems, and the long work under way."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar, QToolButton

from hashviewer.ui.explorer import Explorer
from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.theme import tabular

TRAINING = "train"
LONG_MS = 200  # what takes longer shows that it works
STOPPABLE = frozenset(
    {"index", "export", "pack", "sample", "train"}
)  # keys of tasks whose part that is done is kept


class StatusBar(QStatusBar):
    """Counts on the left, the present task on the right.

    Signals:
        problems_asked: The problem count was pressed.
        training_asked: The training under way is to be shown.
        told: What is said about the task under way, whenever it changes.
    """

    problems_asked = Signal()
    training_asked = Signal()
    told = Signal(str)

    def __init__(self, explorer: Explorer, tasks: TaskQueue) -> None:
        super().__init__()
        self.explorer = explorer
        self.tasks = tasks
        self._key = ""
        self._running: dict[str, str] = {}
        self._photos = QLabel()
        self._problems = QToolButton(
            autoRaise=True, visible=False, toolTip="List the files that could not be read"
        )
        self._label = QLabel(visible=False)
        self._bar = QProgressBar(visible=False, textVisible=False)
        self._cancel: QPushButton = QPushButton("Cancel", visible=False, toolTip="Stop; what is done is kept")
        self._show: QPushButton = QPushButton("Show", visible=False, toolTip="Show the training")
        self._delay = QTimer(self, interval=LONG_MS, singleShot=True)
        self._build()
        self._connect()

    def _build(self) -> None:
        for label in (self._photos, self._label):
            label.setFont(tabular(label.font()))
        self.setSizeGripEnabled(False)
        self.setContentsMargins(8, 0, 8, 0)
        self._bar.setFixedWidth(160)
        self._bar.setAccessibleName("Progress")
        self.addWidget(self._photos)
        self.addWidget(self._problems)
        for widget in (self._label, self._bar, self._show, self._cancel):
            self.addPermanentWidget(widget)

    def _connect(self) -> None:
        self.explorer.workspace_changed.connect(self.describe)
        self.explorer.library_grew.connect(self.describe)
        self.tasks.started.connect(self._on_started)
        self.tasks.progressed.connect(self._on_progressed)
        self.tasks.finished.connect(self._on_finished)
        self._problems.clicked.connect(self.problems_asked)
        self._cancel.clicked.connect(self._on_cancel)
        self._show.clicked.connect(self.training_asked)
        self._delay.timeout.connect(self._show_latest)

    def describe(self) -> None:
        """Write the counts anew."""
        workspace = self.explorer.workspace
        if workspace is None:
            self._photos.clear()
            self.show_problems(0)
            return
        alive = int(workspace.library.alive.sum())
        missing = int((workspace.library.missing & workspace.library.alive).sum())
        text = f"{alive:,} {'photo' if alive == 1 else 'photos'}"
        self._photos.setText(f"{text} · {missing:,} missing" if missing else text)

    def show_problems(self, count: int) -> None:
        """Write how many files could not be read."""
        self._problems.setText(f"{count:,} {'problem' if count == 1 else 'problems'}")
        self._problems.setVisible(count > 0)

    @property
    def problems(self) -> QToolButton:
        """The problem count, a button."""
        return self._problems

    @property
    def cancel_button(self) -> QPushButton:
        """Stops the task shown."""
        return self._cancel

    @property
    def activity(self) -> str:
        """What is said about the task shown; empty when nothing is."""
        return self._label.text() if self._label.isVisibleTo(self) else ""

    # Following the tasks

    def _on_started(self, key: str, label: str) -> None:
        if label:
            self._running[key] = label
            if key in STOPPABLE:
                self.clearMessage()  # what was said of the work before would be taken for this one's outcome
            self._delay.start()

    def _on_finished(self, key: str) -> None:
        self._running.pop(key, None)
        if key == self._key:
            self._show_latest()

    def _on_progressed(self, key: str, done: int, total: object, message: str) -> None:
        if key != self._key:
            return
        known = isinstance(total, int) and total > 0
        self._bar.setRange(0, total if isinstance(total, int) and known else 0)
        self._bar.setValue(done if known else -1)
        counted = f" · {done:,} of {total:,}" if known else f" · {done:,}" if done else ""
        self._say(f"{self._running.get(key, '')}{counted}{f' · {message}' if message else ''}")

    def _show_latest(self) -> None:
        stoppable = [key for key in self._running if key in STOPPABLE]
        shorter = [key for key in stoppable if key != TRAINING]  # a training may take hours
        self._key = next(iter(shorter or stoppable), next(reversed(self._running), ""))
        shown = bool(self._key)
        self._say(f"{self._running[self._key]}…" if shown else "")
        self._bar.setRange(0, 0)
        self._label.setVisible(shown)
        self._bar.setVisible(shown)
        self._cancel.setVisible(shown)
        self._show.setVisible(self._key == TRAINING)
        self._cancel.setEnabled(True)

    def _say(self, text: str) -> None:
        self._label.setText(text)
        if text:
            self.told.emit(text)

    def _on_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self._say(f"{self._label.text()} · stopping")
        if self._key in STOPPABLE:
            self.tasks.stop(self._key)
        else:
            self.tasks.cancel(self._key)
