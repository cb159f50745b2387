"""Commands on trainings: the dialog, and what becomes of a model that was made."""

from functools import cached_property, partial
from pathlib import Path

from hashviewer.ui.commands.base import WindowPart
from hashviewer.ui.training import State, Training, model_folder
from hashviewer.ui.training_plan import TrainingPlan, read_plan


class TrainingCommands(WindowPart):
    """Trains hashing methods, one at a time."""

    @cached_property
    def training(self) -> Training:
        """The training of this window."""
        training = Training(self.tasks)
        training.ended.connect(self._on_training_ended)
        self.window.status.training_asked.connect(self.train_method)
        return training

    def train_method(self) -> None:
        """Show the form, or the run under way."""
        from hashviewer.ui.dialogs.train import TrainDialog

        dialog = self.window.findChild(TrainDialog)
        if dialog is None:
            last = read_plan(self.window.settings.training)
            dialog = TrainDialog(self.window, self.training, self.tasks, folder=model_folder(), last=last)
            dialog.started.connect(self._on_training_started)
            dialog.card_wanted.connect(self.window.commands.open_path)
            dialog.index_wanted.connect(lambda path: self.window.commands.new_library(None, path))
        elif not dialog.isVisible():
            dialog.reopen()
        self.window.show_dialog(dialog)

    def end_training(self) -> None:
        """Before the window closes: no process stays behind; what was trained is kept."""
        if "training" in self.__dict__:
            self.training.stop_advising()

    def _on_training_started(self, plan: TrainingPlan) -> None:
        self.window.settings.training = plan.to_json()

    def _on_training_ended(self) -> None:
        """Tell what came of it, unless the dialog does."""
        from hashviewer.ui.dialogs.train import TrainDialog
        from hashviewer.ui.dialogs.train_run import said_of

        dialog = self.window.findChild(TrainDialog)
        if dialog is not None and dialog.isVisible():
            return
        done = self.training.state is State.DONE
        show = partial(self.window.commands.open_path, self._made()) if done else self.train_method
        self.window.tell(
            said_of(self.training),
            way_out="Model card…" if done else "Show",
            do=show,
            is_error=self.training.state is State.FAILED,
        )

    def _made(self) -> Path:
        plan = self.training.plan
        assert plan is not None, "a run has a plan"
        return Path(plan.output)
