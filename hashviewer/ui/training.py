"""The one training of the window: what can be chosen, whether a plan fits together, the run and how it went."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic

from PySide6.QtCore import QObject, Signal

from hashviewer.ui.tasks import TaskQueue, sentence
from hashviewer.ui.training_child import Adviser, Message, Outcome, run_training
from hashviewer.ui.training_choices import Choices, read_choices
from hashviewer.ui.training_plan import TrainingPlan
from hashviewer.ui.training_record import Epoch, Pace, read_epoch

RUN, ADVICE = "train", "advice"  # keys of tasks


class State(Enum):
    """Where the run is."""

    NONE = "none"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class FoundData:
    """What the data are.

    Attributes:
        name: For the user.
        items: Their number.
        classes: The number of labels.
        several: Whether an item has several labels.
        unlabelled: Items without any.
        feature_dim: Length of the features; 0 for images.
    """

    name: str
    items: int
    classes: int
    several: bool
    unlabelled: int
    feature_dim: int


@dataclass(frozen=True, slots=True)
class Advice:
    """Whether a plan fits together.

    Attributes:
        plan: The one asked about.
        data: What the data are; None if they could not be opened.
        where: What the problem is about: "settings", "data", "backbone" or "output".
        problem: Why it cannot begin; "" if it can.
        epochs_done: Of an unfinished run beside the output.
        goes_on: Whether the plan goes on with that run.
    """

    plan: TrainingPlan
    data: FoundData | None
    where: str
    problem: str
    epochs_done: int
    goes_on: bool


class Training(QObject):
    """Asks the adviser and runs one training at a time, under the task key "train".

    Attributes:
        choices: What can be chosen; None until `described`.
        plan: Of the run; None before the first.
        state: Of the run.
        epochs: Done so far, those of an earlier part of the run included.
        step: Steps done, all steps (None: unknown) and words about them.
        problem: Why the run failed.

    Signals:
        described: `choices` are there.
        advised: An `Advice` has come.
        silent: The adviser cannot be asked, for this reason.
        changed: Something of the run is other than before.
        ended: The run is over: stopped, failed or done.
    """

    described = Signal()
    advised = Signal(object)
    silent = Signal(str)
    changed = Signal()
    ended = Signal()

    def __init__(self, tasks: TaskQueue) -> None:
        super().__init__()
        self._tasks = tasks
        self._adviser: Adviser | None = None
        self._waiting: TrainingPlan | None = None
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._pace = Pace()
        self.choices: Choices | None = None
        self.plan: TrainingPlan | None = None
        self.state = State.NONE
        self.epochs: tuple[Epoch, ...] = ()
        self._epochs = 0
        self.step: tuple[int, int | None, str] = (0, None, "")
        self.problem = ""

    # Advice

    def describe(self) -> None:
        """Find out what can be chosen; `described` follows, at once if it is known."""
        if self.choices is not None:
            self.described.emit()
        elif not self._tasks.runs(ADVICE):
            self._ask(self._present_adviser().describe, on_done=self._on_described)

    def advise(self, plan: TrainingPlan) -> None:
        """Ask whether a plan fits together; of several asked at once the last is answered."""
        if self._tasks.runs(ADVICE):
            self._waiting = plan
            return
        self._waiting = None
        ask = partial(self._present_adviser().ask, plan.words()[1:])  # without "train"
        self._ask(ask, on_done=partial(self._on_answered, plan))

    def stop_advising(self) -> None:
        """End the adviser's process; the next question starts another."""
        self._waiting = None
        self._tasks.cancel(ADVICE)
        if self._adviser is not None:
            self._adviser.close()
            self._adviser = None

    def _present_adviser(self) -> Adviser:
        if self._adviser is None:
            self._adviser = Adviser()
        return self._adviser

    def _ask(self, ask: Callable[..., Message], *, on_done: Callable[[Message], None]) -> None:
        self._tasks.run(ADVICE, ask, on_done=on_done, on_error=self._on_silent, pass_progress=True)

    def _on_described(self, said: Message) -> None:
        self.choices = read_choices(said)
        self.described.emit()
        self._ask_waiting()

    def _on_answered(self, plan: TrainingPlan, said: Message) -> None:
        if self._waiting is None:
            data = None if said["data"] is None else FoundData(**said["data"])
            epochs, goes_on = said.get("epochs_done", 0), said.get("goes_on", False)
            self.advised.emit(Advice(plan, data, said["where"], said["problem"], epochs, goes_on))
        self._ask_waiting()

    def _on_silent(self, error: Exception) -> None:
        self._adviser, self._waiting = None, None
        self.silent.emit(sentence(error, doing="Checking the settings"))

    def _ask_waiting(self) -> None:
        if self._waiting is not None:
            self.advise(self._waiting)

    # The run

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.state in (State.RUNNING, State.STOPPING)

    @property
    def all_epochs(self) -> int:
        """How many epochs the run has; 0 while that is not known."""
        return self._epochs

    def start(self, plan: TrainingPlan, *, title: str) -> None:
        """Begin, or go on with the run that the same plan left unfinished."""
        if self.running:
            return
        self.plan, self.state, self.problem = plan, State.RUNNING, ""
        self.epochs, self.step, self._epochs = (), (0, None, "starting"), 0
        self._pace, self._messages = Pace(), SimpleQueue()
        self._tasks.run(
            RUN,
            partial(run_training, plan.words(), on_message=self._messages.put),
            on_done=self._on_ended,
            on_error=self._on_broken,
            on_progress=self._on_progress,
            pass_progress=True,
            label=f"Training {title}",
            in_background=True,
        )
        self.changed.emit()

    def stop(self) -> None:
        """Stop at the next step; whole epochs are kept."""
        if self.state is State.RUNNING:
            self.state = State.STOPPING
            self._tasks.stop(RUN)
            self.changed.emit()

    def forget(self) -> None:
        """Put a run that is over away."""
        if not self.running:
            self.state = State.NONE
            self.changed.emit()

    def seconds_left(self) -> float | None:
        """How long the present work will take; None while nobody can tell."""
        total = self.step[1]
        return None if total is None or not self.running else self._pace.left(total)

    def _on_progress(self, _done: int, _total: int | None, _message: str) -> None:
        self._take_messages()

    def _take_messages(self) -> None:
        changed = False
        while True:
            try:
                self._take(self._messages.get_nowait())
            except Empty:
                break
            changed = True
        if changed:
            self.changed.emit()

    def _take(self, message: Message) -> None:
        if message["event"] == "progress":
            self.step = (message["done"], message["total"], message["message"])
            work = message["message"].partition(" ")[0]  # "Features", "Images" or "epoch"
            self._pace.note(monotonic(), message["done"], work)
        elif message["event"] == "begins":
            self.epochs, self._epochs = tuple(map(read_epoch, message["earlier"])), message["epochs"]
        elif message["event"] == "epoch":
            self.epochs, self._epochs = (*self.epochs, read_epoch(message)), message["epochs"]

    def _on_ended(self, outcome: Outcome) -> None:
        self._take_messages()
        self.state = {"done": State.DONE, "stopped": State.STOPPED, "failed": State.FAILED}[outcome.kind]
        self.problem = outcome.sentence
        self.changed.emit()
        self.ended.emit()

    def _on_broken(self, error: Exception) -> None:
        self._on_ended(Outcome("failed", sentence(error, doing="Training")))


def model_folder() -> Path:
    """Where new models go: the first folder that the program reads models from and may write to."""
    import os

    from hashviewer.networks import models_folders

    return next((folder for folder in models_folders() if os.access(folder, os.W_OK)), Path.home())
