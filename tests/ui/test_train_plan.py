"""A training as words of a command, how long it takes in words, and the curves of its terms."""

import math
import shlex

import numpy as np
import pytest

from hashviewer.cli.train_adviser import parsed
from hashviewer.ui.dialogs.train_run import measured_curve, names_of, term_curves
from hashviewer.ui.theme import Mode, contrast, theme, theme_watcher
from hashviewer.ui.training_plan import TrainingPlan, read_plan
from hashviewer.ui.training_plots import LEAST_CONTRAST, CurvePlot, look_of
from hashviewer.ui.training_record import Epoch, Pace, in_words

PLAIN = TrainingPlan(method="dpsh", data="/my data", output="m.safetensors")
FULL = TrainingPlan(
    method="csq", data="d.zip", output="out.safetensors", bits=32, backbone="resnet18", trunk="finetune",
    head="linear", epochs=7, seed=3, device="cuda:1", protocol="I'", holdout=0.25, measure_every=2, size=64,
    mirrored=True, maps=4, settings=(("quantization", "0.1"), ("training.batch", "64")),
)  # fmt: skip


def test_a_plan_that_leaves_all_to_the_method_is_a_short_command():
    assert PLAIN.words() == ["train", "dpsh", "--data", "/my data", "--bits", "48", "-o", "m.safetensors"]


def test_the_command_line_is_what_a_shell_takes_apart_into_the_words():
    assert shlex.split(FULL.command_line()) == ["hashviewer", *FULL.words()]


def test_the_command_understands_every_word_of_a_full_plan():
    method, asked, choices = parsed(FULL.words()[1:])
    assert (method, asked.data, str(asked.output), asked.bits, asked.seed, asked.device) == (
        "csq", "d.zip", "out.safetensors", 32, 3, "cuda:1",
    )  # fmt: skip
    assert asked.holdout == ("0.25",)
    assert (choices.backbone, choices.freeze, choices.size, choices.head, choices.epochs) == (
        "resnet18", False, 64, "linear", 7,
    )  # fmt: skip
    assert (choices.protocol, choices.measure_every, choices.mirrored, choices.maps) == ("I'", 2, True, 4)
    assert list(choices.settings) == ["quantization=0.1", "training.batch=64"]


def test_a_backbone_can_begin_with_random_weights():
    words = TrainingPlan(method="dpsh", data="d.zip", output="m.safetensors", trunk="scratch").words()
    assert parsed(words[1:])[2].scratch


@pytest.mark.parametrize("plan", [PLAIN, FULL])
def test_a_plan_is_kept_and_read_again(plan):
    assert read_plan(plan.to_json()) == plan


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"method": "x", "gone": 1, "settings": []}'])
def test_what_is_no_plan_is_read_as_none(text):
    assert read_plan(text) is None


def test_the_pace_is_taken_from_the_work_at_hand_alone():
    pace = Pace()
    pace.note(0.0, 0, "Features")
    pace.note(10.0, 50, "Features")
    assert pace.left(100) == pytest.approx(10.0)
    pace.note(11.0, 1, "epoch")
    assert pace.left(100) is None
    pace.note(15.0, 3, "epoch")
    assert pace.left(11) == pytest.approx(16.0)


def test_a_resumed_run_is_not_taken_for_a_fast_one():
    pace = Pace()
    pace.note(0.0, 500, "epoch")
    pace.note(10.0, 510, "epoch")
    assert pace.left(1010) == pytest.approx(500.0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "a few seconds"),
        (44, "40 s"),
        (150, "2 min"),
        (3000, "50 min"),
        (7200, "2 h"),
        (8000, "2 h 10 min"),
    ],
)
def test_times_are_said_no_more_exactly_than_they_are_known(seconds, words):
    assert in_words(seconds) == words


EPOCHS = (
    Epoch(1, (("pairs", 2.0),), 1e-3, 0.1, None),
    Epoch(2, (("pairs", 1.0), ("late", -0.5)), 1e-3, 0.1, 0.75),
)


def test_a_term_that_appears_late_has_no_value_before():
    assert names_of(EPOCHS) == ("pairs", "late")
    pairs, late = term_curves(EPOCHS)
    assert pairs.values.tolist() == [2.0, 1.0]
    assert math.isnan(late.values[0])
    assert late.values[1] == -0.5


def test_only_measured_epochs_have_a_mean_average_precision():
    (curve,) = measured_curve(EPOCHS)
    assert (curve.epochs.tolist(), curve.values.tolist()) == ([2.0], [0.75])


def test_a_logarithmic_axis_leaves_out_what_is_not_positive(qtbot):
    plot = CurvePlot(y_label="terms")
    qtbot.addWidget(plot)
    plot.draw(term_curves(EPOCHS), last=10)
    low, high = plot.getViewBox().viewRange()[1]
    assert low <= -0.5
    assert high >= 2.0
    plot.set_log(log=True)
    drawn = [item.getData()[1] for item in plot.getPlotItem().listDataItems()]
    assert drawn[0].tolist() == pytest.approx([np.log10(2), 0])
    assert drawn[1] is None or len(drawn[1]) == 0
    low, high = plot.getViewBox().viewRange()[1]
    assert (low, high) == (0.0, 0.5)
    assert plot.describe(2.2, 0.0) == "epoch 2: pairs 1 · late -0.5"


@pytest.mark.parametrize("mode", [Mode.DARK, Mode.LIGHT])
def test_every_curve_stands_out_from_its_ground(qapp, mode):
    before = theme_watcher().mode
    theme_watcher().set_mode(mode)
    try:
        looks = [look_of(place) for place in range(7)]
        assert all(contrast(look.color, theme().background) >= LEAST_CONTRAST for look in looks)
        assert len({(look.color.name(), look.style) for look in looks}) == 7
    finally:
        theme_watcher().set_mode(before)
