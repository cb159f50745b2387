"""File > Train a hashing method: the form, then the run. Closing it leaves a run under way in the status bar."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFontDatabase, QGuiApplication, QHideEvent, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from hashviewer.networks import Card, why_not_searchable
from hashviewer.ui.dialogs.train_fields import Said, button
from hashviewer.ui.dialogs.train_form import TrainForm
from hashviewer.ui.dialogs.train_run import TrainRun
from hashviewer.ui.file_urls import to_path
from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.training import Advice, State, Training
from hashviewer.ui.training_plan import TrainingPlan

SIZE = QSize(1040, 744)
ROOM = 0.94  # of the screen at most
PAUSE_MS = 250  # after the last key before the plan is checked
_Role = QDialogButtonBox.ButtonRole


class TrainDialog(QDialog):
    """Asks for a training, starts it and follows it.

    Signals:
        started: This plan was begun, or gone on with.
        card_wanted: The card of this model file is to be shown.
        index_wanted: Photos are to be indexed with this model file.
    """

    started = Signal(object)
    card_wanted = Signal(object)
    index_wanted = Signal(object)

    def __init__(
        self,
        parent: QWidget | None,
        training: Training,
        tasks: TaskQueue,
        *,
        folder: Path,
        last: TrainingPlan | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Train a hashing method")
        self.setAcceptDrops(True)
        self.resize(SIZE.boundedTo(self.screen().availableSize() * ROOM))
        self._training, self._tasks, self._last = training, tasks, last
        self._advice: Advice | None = None
        self._carded: Path | None = None
        self.form = TrainForm(folder)
        self.run = TrainRun(training)
        self.pages = QStackedWidget()
        self.command = QPlainTextEdit()
        self.copy = button("Copy", "Copy the command")
        self.notice = Said()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.start = self._button("Train", self._on_start)
        self.again = self._button("Try again", self._on_again)
        self.stop = self._button("Cancel training", training.stop)
        self.resume = self._button("Resume", self._on_resume)
        self.change = self._button("Change…", self.show_form)
        self.card = self._button("Model card…", lambda: self.card_wanted.emit(self._output()))
        self.use = self._button("Use it to index…", lambda: self.index_wanted.emit(self._output()))
        self._pause = QTimer(self)
        self._build()
        self._connect()
        self._begin()

    def _button(self, text: str, do: object) -> QPushButton:
        made = self.buttons.addButton(text, _Role.ActionRole)
        made.clicked.connect(do)
        made.setAutoDefault(False)
        return made

    def _build(self) -> None:
        self._pause.setInterval(PAUSE_MS)
        self._pause.setSingleShot(True)
        self.pages.addWidget(self.form)
        self.pages.addWidget(self.run)
        self.command.setReadOnly(True)
        self.command.setTabChangesFocus(True)
        self.command.setObjectName("command")
        self.command.setAccessibleName("The same as a command")
        self.command.setToolTip("The same as a command in a terminal")
        self.command.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.command.setFixedHeight(2 * self.command.fontMetrics().lineSpacing() + 14)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.command, stretch=1)
        line.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(self.pages, stretch=1)
        layout.addWidget(self.notice)
        layout.addLayout(line)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        training = self._training
        training.described.connect(self._on_described)
        training.advised.connect(self._on_advised)
        training.silent.connect(self._on_silent)
        training.changed.connect(self._on_changed)
        self.form.changed.connect(self._on_form_changed)
        self._pause.timeout.connect(self._ask)
        self.buttons.rejected.connect(self.reject)
        close = self.buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setAutoDefault(False)
        close.setIcon(QIcon())  # the style's is black in both themes
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command.toPlainText()))

    def _begin(self) -> None:
        if self._last is not None:
            self.form.show_paths(self._last)
        if self._training.state is State.NONE:
            self.show_form()
        else:
            self.pages.setCurrentWidget(self.run)
            self.run.refresh()
            self._on_changed()

    # Pages

    def show_form(self) -> None:
        """Back to the form, which keeps what was filled in."""
        self.pages.setCurrentWidget(self.form)
        if self._training.choices is None:
            self.notice.say("Reading which methods there are…")
        self._show_buttons()
        self._training.describe()

    def reopen(self) -> None:
        """Before it is shown again: the run if it is under way or not looked at yet, else the form."""
        if self._training.state is State.NONE or self.pages.currentWidget() is self.form:
            self.show_form()
        else:
            self.follow()

    def follow(self) -> None:
        """Show the run."""
        self.pages.setCurrentWidget(self.run)
        self.notice.say("")
        self.run.refresh()
        self._on_changed()

    # The form

    def _on_described(self) -> None:
        choices = self._training.choices
        if choices is None or self.pages.currentWidget() is not self.form:
            return
        if self.form.method is None:
            self.form.show_choices(choices)
            self.form.methods.choose("dpsh")
            if self._last is not None:
                self.form.show_plan(self.form.with_paths(self._last))
        self._on_form_changed()

    def _on_form_changed(self) -> None:
        plan = self.form.plan()
        self._advice = None
        self._show_buttons()
        if plan is None:
            return
        self.command.setPlainText(plan.command_line())
        if plan.data:
            self.notice.say("Checking…")
            self._pause.start()
        else:
            self._pause.stop()
            self.form.found.say("")
            self.notice.say("Choose the data to learn from.")

    def _ask(self) -> None:
        plan = self.form.plan()
        if plan is not None and plan.data and self.pages.currentWidget() is self.form:
            self._training.advise(plan)

    def _on_advised(self, advice: Advice) -> None:
        if advice.plan != self.form.plan():
            return
        self._advice = advice
        self.form.show_advice(advice)
        here = advice.where == "settings" and bool(advice.problem)
        self.notice.say(advice.problem if here else verdict(advice), is_problem=here)
        self._show_buttons()

    def _on_silent(self, reason: str) -> None:
        self._advice = None
        self.notice.say(reason, is_problem=True)
        self._show_buttons()
        self.again.setVisible(self.pages.currentWidget() is self.form)

    def _on_again(self) -> None:
        self.show_form()
        self._on_form_changed()

    def _on_start(self) -> None:
        plan, advice = self.form.plan(), self._advice
        if plan is None or advice is None or self._training.running:
            return
        output = Path(plan.output)
        if advice.epochs_done and not advice.goes_on:
            self._confirm(
                f"Beside {output.name} lies an unfinished run with other settings, {advice.epochs_done:,} epochs long. "
                "Discard it? Under another name it would stay.",
                "Discard it and train",
                partial(self._discard_and_start, plan),
            )
        elif output.exists():
            self._confirm(
                f"{output.name} exists already. Replace it? It stays as it is until the training is done.",
                "Replace it",
                partial(self._start, plan),
            )
        else:
            self._start(plan)

    def _confirm(self, question: str, yes: str, do: partial[None]) -> None:
        box = QMessageBox(self)
        box.setWindowTitle(self.windowTitle())
        box.setText(question)
        agree = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.buttonClicked.connect(lambda pressed: do() if pressed is agree else None)
        box.finished.connect(box.deleteLater)
        box.open()

    def _discard_and_start(self, plan: TrainingPlan) -> None:
        Path(plan.output).with_suffix(".run").unlink(missing_ok=True)
        self._start(plan)

    def _start(self, plan: TrainingPlan) -> None:
        method = self.form.method
        self._pause.stop()
        self._training.stop_advising()  # its memory is needed now
        self._last, self._carded = plan, None
        self.run.show_card(None)
        self.started.emit(plan)
        self._training.start(plan, title=plan.method if method is None else method.title)
        self.follow()

    # The run

    def _on_resume(self) -> None:
        plan = self._training.plan
        if plan is not None:
            self._start(plan)

    def _on_changed(self) -> None:
        if self.pages.currentWidget() is self.run:
            plan = self._training.plan
            if plan is not None:
                self.command.setPlainText(plan.command_line())
            if self._training.state is State.DONE and self._carded != self._output():
                self._carded = self._output()
                self._tasks.run("trained card", _read_card, self._carded, on_done=self._on_card)
        self._show_buttons()

    def _on_card(self, card: Card) -> None:
        if card.path == self._carded:
            self.run.show_card(card)
            reason = why_not_searchable(card)
            self.use.setEnabled(not reason)
            self.use.setToolTip(reason)
            self.notice.say(reason)

    def _output(self) -> Path:
        plan = self._training.plan
        assert plan is not None, "a run has a plan"
        return Path(plan.output)

    def _show_buttons(self) -> None:
        state = self._training.state
        forming = self.pages.currentWidget() is self.form
        over = state in (State.STOPPED, State.FAILED)
        self.again.hide()
        self.start.setVisible(forming)
        self.start.setEnabled(self._may_start())
        self.stop.setVisible(not forming and self._training.running)
        self.stop.setEnabled(state is State.RUNNING)
        self.resume.setVisible(not forming and over)
        self.resume.setText("Resume" if self._training.epochs or state is State.STOPPED else "Try again")
        self.change.setVisible(not forming and (over or state is State.DONE))
        self.change.setText("Change…" if over else "Train another…")
        self.card.setVisible(not forming and state is State.DONE)
        self.use.setVisible(not forming and state is State.DONE)
        close = self.buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setToolTip("The training goes on; the status bar shows it" if self._training.running else "")

    def _may_start(self) -> bool:
        return self._advice is not None and not self._advice.problem and not self._training.running

    # Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.pages.currentWidget() is self.form and any(
            url.isLocalFile() for url in event.mimeData().urls()
        ):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = next((path for url in event.mimeData().urls() if (path := to_path(url)) is not None), None)
        if path is not None:
            event.acceptProposedAction()
            self.form.data.setText(str(path))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self._pause.stop()
            self._training.stop_advising()


def verdict(advice: Advice) -> str:
    """What starting would do."""
    name = Path(advice.plan.output).name
    if advice.problem:
        return "One thing above does not fit."
    if advice.epochs_done and advice.goes_on:
        return (
            f"An unfinished run of exactly this lies beside {name}: training goes on after its "
            f"{advice.epochs_done:,} epochs."
        )
    if advice.epochs_done:
        return (
            f"Beside {name} lies an unfinished run with other settings; you will be asked what becomes of it."
        )
    if Path(advice.plan.output).exists():
        return f"Everything fits together. {name} exists already; you will be asked before it is replaced."
    return "Everything fits together."


def _read_card(path: Path) -> Card:
    from hashviewer.networks import read_card

    return read_card(path)
