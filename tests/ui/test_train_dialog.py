"""The Train dialog with its processes: what it says beforehand, a run, a stop, going on, and a process that dies."""

import sys

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QMessageBox
from safetensors.numpy import load_file
from train_making import make_features

from hashviewer.cli.train_adviser import description, parsed
from hashviewer.cli.train_method import job_of
from hashviewer.training.method_model import train_method
from hashviewer.ui import training_child
from hashviewer.ui.dialogs.train import TrainDialog
from hashviewer.ui.dialogs.train_run import said_of
from hashviewer.ui.file_urls import to_url
from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.training import Advice, FoundData, State, Training
from hashviewer.ui.training_choices import read_choices
from hashviewer.ui.training_plan import TrainingPlan

CHILD = training_child.AttendedChild
IMAGES = FoundData("photos", 60_000, 10, several=False, unlabelled=0, feature_dim=0)
START_MS = 90_000  # torch may come from a busy disk


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_features(tmp_path_factory.mktemp("data") / "arrays.npz")


@pytest.fixture
def tasks():
    queue = TaskQueue()
    yield queue
    queue.shutdown()


@pytest.fixture(scope="module")
def choices():
    return read_choices(description())


@pytest.fixture
def training(tasks, choices):
    training = Training(tasks)
    training.choices = choices
    yield training
    training.stop_advising()


@pytest.fixture
def dialog(qtbot, training, tasks, tmp_path):
    dialog = TrainDialog(None, training, tasks, folder=tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def checked(qtbot, dialog, sentence):
    """Wait until the dialog says something."""

    def said():
        form = dialog.form
        texts = (dialog.notice.text(), form.found.text(), form.backbone_said.text(), form.output_said.text())
        assert any(sentence in text for text in texts), texts

    qtbot.waitUntil(said, timeout=START_MS)


def plan_for(data, output, **changes):
    return TrainingPlan(
        **{"method": "dpsh", "data": str(data), "output": str(output), "bits": 12, "epochs": 4, **changes}
    )


def run(qtbot, training, plan):
    with qtbot.waitSignal(training.ended, timeout=START_MS):
        training.start(plan, title="DPSH")


def test_the_form_says_what_fits_and_what_does_not(qtbot, training, tasks, data, tmp_path):
    training.choices = None  # the real adviser describes them
    dialog = TrainDialog(None, training, tasks, folder=tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.notice.text() == "Reading which methods there are…"
    form = dialog.form
    form.data.setText(str(data))
    checked(qtbot, dialog, "Everything fits together.")
    assert form.found.text() == "120 items of 24 features of 4 classes, one label each."
    assert dialog.start.isEnabled()
    form.methods.choose("dvsq")
    form.numbers.bits.setValue(13)
    checked(qtbot, dialog, "The nearest are 8 and 16")
    assert not dialog.start.isEnabled()
    form.numbers.bits.setValue(16)
    form.data.setText(str(tmp_path / "gone.npz"))
    checked(qtbot, dialog, "nothing at")
    assert dialog.notice.text() == "One thing above does not fit."
    np.savez(tmp_path / "one.npz", features=np.ones((9, 4), np.float32), labels=np.zeros(9, np.int64))
    form.data.setText(str(tmp_path / "one.npz"))
    checked(qtbot, dialog, "at least two classes")


def drop(dialog, path):
    mime = QMimeData()
    mime.setUrls([to_url(path)])
    dialog.dropEvent(
        QDropEvent(
            QPointF(80, 80), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)
        )
    )


def test_dropped_files_are_the_data(dialog, training, monkeypatch, data):
    monkeypatch.setattr(training, "advise", lambda plan: None)
    assert dialog.notice.text() == "Choose the data to learn from."
    drop(dialog, data)
    assert dialog.form.data.text() == str(data)
    assert str(data) in dialog.command.toPlainText()
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == dialog.command.toPlainText()


def test_a_run_that_was_stopped_goes_on_to_the_very_same_model(qtbot, training, tasks, data, tmp_path):
    plan = plan_for(data, tmp_path / "cut.safetensors", epochs=80)
    with qtbot.waitSignal(training.ended, timeout=START_MS):
        training.start(plan, title="DPSH")
        qtbot.waitUntil(lambda: len(training.epochs) >= 5, timeout=START_MS)
        training.stop()
        assert said_of(training) == "Stopping at the next step…"
    kept = len(training.epochs)
    assert training.state is State.STOPPED
    assert 5 <= kept < 80
    assert f"Stopped after epoch {kept} of 80." in said_of(training)
    assert (tmp_path / "cut.run").exists()
    assert not (tmp_path / "cut.safetensors").exists()

    again = Training(tasks)  # as after the program was closed
    run(qtbot, again, plan)
    assert again.state is State.DONE
    assert [epoch.number for epoch in again.epochs] == list(range(1, 81))
    assert again.epochs[:kept] == training.epochs
    whole = plan_for(data, tmp_path / "whole.safetensors", epochs=80)
    train_method(job_of(*parsed(whole.words()[1:])))
    one, other = load_file(tmp_path / "cut.safetensors"), load_file(tmp_path / "whole.safetensors")
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


SAID = """
import json, sys
def say(**fields): print(json.dumps(fields), flush=True)
def epoch(number): say(event="epoch", epoch=number, epochs=9, terms={"pairs": 1.0}, learning_rate=0.1, seconds=1.0, mAP=None)
say(event="begins", epochs=9, earlier=[])
print("a library prints")
"""
KILLED = SAID + "epoch(1); epoch(2); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
ATTENDED = SAID + "epoch(1); epoch(2); sys.stdin.read(); epoch(3); sys.exit(130)"
REFUSED = (
    SAID
    + "print('a warning', file=sys.stderr); print('There is nothing at d.zip.', file=sys.stderr); sys.exit(1)"
)
MISTAKE = SAID + (
    "print('Something went wrong: 7', file=sys.stderr);"
    "print('This is a mistake in HashViewer; the details are in x.log.', file=sys.stderr); sys.exit(1)"
)


@pytest.fixture
def played(monkeypatch):
    """Have a script play the processes that are started from now on."""
    started = []

    def play(script):
        class Played(CHILD):
            def __init__(self, words, *, read, farewell):
                super().__init__([sys.executable, "-c", script], read=read, farewell=farewell)
                started.append(self)

        monkeypatch.setattr(training_child, "AttendedChild", Played)
        return started

    return play


def test_a_killed_training_says_so_and_that_its_epochs_are_kept(qtbot, training, played, tmp_path):
    played(KILLED)
    run(qtbot, training, plan_for("d.zip", tmp_path / "m.safetensors"))
    assert training.state is State.FAILED
    assert [epoch.number for epoch in training.epochs] == [1, 2]
    assert "ended from outside (SIGKILL)" in said_of(training)
    assert "The 2 epochs done are kept beside m.safetensors: “Resume” goes on there" in said_of(training)


def test_a_training_that_refuses_says_why(qtbot, training, played, tmp_path):
    played(REFUSED)
    run(qtbot, training, plan_for("d.zip", tmp_path / "m.safetensors"))
    assert (training.state, said_of(training)) == (State.FAILED, "There is nothing at d.zip.")
    played(MISTAKE)
    run(qtbot, training, plan_for("d.zip", tmp_path / "m.safetensors"))
    assert said_of(training) == (
        "Something went wrong: 7 This is a mistake in HashViewer; the details are in x.log."
    )


def test_closing_the_window_ends_the_training_at_its_next_step(qtbot, training, tasks, played, tmp_path):
    started = played(ATTENDED)
    training.start(plan_for("d.zip", tmp_path / "m.safetensors"), title="DPSH")
    qtbot.waitUntil(lambda: len(training.epochs) == 2)
    tasks.shutdown()
    assert started[0].status == 130


def test_an_adviser_that_dies_is_told_and_can_be_tried_again(qtbot, dialog, played):
    dialog.form.data.setText("d.zip")
    played("import os; os.kill(os.getpid(), 9)")
    dialog.form.changed.emit()
    checked(
        qtbot,
        dialog,
        "The process that checks the settings has ended. The process was ended from outside (SIGKILL)",
    )
    assert dialog.again.isVisible()
    played("import sys; sys.exit('no memory')")
    dialog.again.click()
    checked(qtbot, dialog, "The process that checks the settings has ended. no memory")


def pressed(qtbot, dialog, text):
    """Press a button of the question that is asked."""
    (box,) = [box for box in dialog.findChildren(QMessageBox) if box.isVisible()]
    (button,) = [button for button in box.buttons() if text in button.text()]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def begun(monkeypatch, training):
    """The plans that a start was pressed for; nothing runs."""
    plans = []
    monkeypatch.setattr(training, "start", lambda plan, title: plans.append(plan))
    return plans


@pytest.fixture
def ready(dialog, training, monkeypatch, tmp_path):
    """A form that was filled in and found to fit; the unfinished run is as long as told."""
    monkeypatch.setattr(training, "advise", lambda plan: None)
    plan = plan_for("d.zip", tmp_path / "m.safetensors")

    def fill(*, epochs_done=0, goes_on=False):
        dialog.form.show_plan(plan)
        training.advised.emit(Advice(plan, IMAGES, "output", "", epochs_done, goes_on))
        assert dialog.start.isEnabled()
        return plan

    return fill


def test_a_model_is_replaced_only_if_the_user_says_so(qtbot, dialog, ready, begun, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"a model")
    plan = ready()
    dialog.start.click()
    pressed(qtbot, dialog, "Cancel")
    assert begun == []
    dialog.start.click()
    pressed(qtbot, dialog, "Replace it")
    assert begun == [plan]
    assert (tmp_path / "m.safetensors").read_bytes() == b"a model"


def test_an_unfinished_run_with_other_settings_is_discarded_only_if_the_user_says_so(
    qtbot, dialog, ready, begun, tmp_path
):
    (tmp_path / "m.run").write_bytes(b"epochs")
    plan = ready(epochs_done=12)
    assert "an unfinished run with other settings" in dialog.notice.text()
    dialog.start.click()
    pressed(qtbot, dialog, "Cancel")
    assert (begun, (tmp_path / "m.run").exists()) == ([], True)
    dialog.start.click()
    pressed(qtbot, dialog, "Discard it and train")
    assert (begun, (tmp_path / "m.run").exists()) == ([plan], False)


def test_an_unfinished_run_of_the_same_is_gone_on_with_unasked(dialog, ready, begun, tmp_path):
    (tmp_path / "m.run").write_bytes(b"epochs")
    plan = ready(epochs_done=12, goes_on=True)
    assert "training goes on after its 12 epochs" in dialog.notice.text()
    dialog.start.click()
    assert (begun, (tmp_path / "m.run").exists()) == ([plan], True)


def test_a_model_that_was_made_is_not_proposed_again(qtbot, training, tasks, monkeypatch, tmp_path):
    monkeypatch.setattr(training, "advise", lambda plan: None)
    (tmp_path / "dpsh-12.safetensors").touch()
    last = plan_for("d.zip", tmp_path / "dpsh-12.safetensors")
    dialog = TrainDialog(None, training, tasks, folder=tmp_path, last=last)
    qtbot.addWidget(dialog)
    assert dialog.form.plan().output == str(tmp_path / "dpsh-12-2.safetensors")


def test_what_is_typed_while_the_methods_are_read_is_kept(qtbot, training, tasks, monkeypatch, tmp_path):
    monkeypatch.setattr(training, "advise", lambda plan: None)
    choices, training.choices = training.choices, None
    monkeypatch.setattr(training, "describe", lambda: None)
    last = plan_for("d.zip", tmp_path / "m.safetensors", seed=4)
    dialog = TrainDialog(None, training, tasks, folder=tmp_path, last=last)
    qtbot.addWidget(dialog)
    assert dialog.form.data.text() == "d.zip"
    dialog.form.data.setText("other.zip")
    training.choices = choices
    training.described.emit()
    plan = dialog.form.plan()
    assert (plan.data, plan.output, plan.seed) == ("other.zip", str(tmp_path / "m.safetensors"), 4)


def test_the_form_is_opened_with_the_training_begun_last(qtbot, training, tasks, monkeypatch, tmp_path):
    monkeypatch.setattr(training, "advise", lambda plan: None)
    plan = plan_for("d.zip", tmp_path / "m.safetensors", settings=(("eta", "3"),))
    dialog = TrainDialog(None, training, tasks, folder=tmp_path, last=plan)
    qtbot.addWidget(dialog)
    assert dialog.form.plan() == plan
