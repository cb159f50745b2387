"""A method trained from the window on small pictures: the form, the run in the background, the model put to use."""

import numpy as np
import pytest
from PIL import Image

from hashviewer.networks import read_card
from hashviewer.ui.app import application
from hashviewer.ui.dialogs.model_card import ModelCardDialog
from hashviewer.ui.dialogs.new_library import NewLibraryDialog
from hashviewer.ui.dialogs.train import TrainDialog
from hashviewer.ui.main_window import MainWindow
from hashviewer.ui.settings import Settings
from hashviewer.ui.training import State

START_MS = 90_000  # torch may come from a busy disk


@pytest.fixture(scope="session")
def qapp():
    return application()


@pytest.fixture
def pictures(tmp_path):
    """Sixty pictures of three colours, a folder each."""
    draw = np.random.default_rng(0)
    for place, name in enumerate(("red", "green", "blue")):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(20):
            pixels = draw.integers(0, 90, (40, 40, 3), dtype=np.uint8)
            pixels[..., place] += 150
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{number}.png")
    return tmp_path / "pictures"


@pytest.fixture
def window(qtbot, tmp_path):
    window = MainWindow(Settings(tmp_path / "window.ini"))
    window.show()
    yield window
    window.close()
    window.deleteLater()


def test_a_method_is_trained_in_the_background_and_its_model_is_put_to_use(qtbot, window, pictures, tmp_path):
    window.actions_table["train_method"].trigger()
    dialog, training = window.findChild(TrainDialog), window.commands.training
    qtbot.waitUntil(lambda: dialog.form.method is not None, timeout=START_MS)
    output = tmp_path / "colours.safetensors"
    form = dialog.form
    form.methods.choose("dsh")
    form.data.setText(str(pictures))
    form.backbone.setCurrentText("dsh-small · small, untrained")
    form.numbers.bits.setValue(12)
    form.numbers.epochs.setValue(3)
    form.output.setText(str(output))
    qtbot.waitUntil(dialog.start.isEnabled, timeout=START_MS)
    assert form.found.text() == "60 images of 3 classes, one label each."

    dialog.start.click()
    dialog.close()
    qtbot.waitUntil(lambda: window.status.activity.startswith("Training DSH"), timeout=START_MS)
    window.status.training_asked.emit()
    assert dialog.isVisible()
    dialog.close()
    qtbot.waitUntil(lambda: not training.running, timeout=START_MS)
    assert (training.state, len(training.epochs)) == (State.DONE, 3)
    assert "Done: colours.safetensors was written." in window.message_bar.text
    card = read_card(output)
    assert (card.method, card.bits, card.backbone) == ("DSH", 12, "dsh-small")

    window.message_bar.button.click()
    qtbot.waitUntil(lambda: window.findChild(ModelCardDialog) is not None)
    window.findChild(ModelCardDialog).encode.click()
    offered = window.findChild(NewLibraryDialog)
    assert offered.model.currentData() == str(output)
    offered.reject()

    window.commands.train_method()
    qtbot.waitUntil(lambda: dialog.run.card.rowCount() > 0)
    dialog.use.click()
    assert any(
        one.isVisible() and one.model.currentData() == str(output)
        for one in window.findChildren(NewLibraryDialog)
    )
    assert window.settings.training
