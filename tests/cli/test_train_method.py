"""`hashviewer train METHOD`: what it refuses, what it prints and what it leaves."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from hashviewer.cli.app import app
from hashviewer.methods import load_method


@pytest.fixture
def data(tmp_path):
    draw = np.random.default_rng(0)
    classes = np.arange(80) % 4
    features = 2 * np.eye(4, 24)[classes] + 0.5 * draw.normal(size=(80, 24))
    np.savez(tmp_path / "arrays.npz", features=features.astype(np.float32), labels=classes)
    return tmp_path / "arrays.npz"


def run(*words):
    return CliRunner().invoke(app, ["train", *map(str, words)])


def refused(*words):
    result = run(*words)
    assert result.exit_code == 1, result.output
    return result.stderr


def test_each_epoch_is_a_line_of_json_and_the_last_line_is_the_card(data, tmp_path):
    words = ["dsh", "--data", data, "--bits", 12, "--epochs", 4, "--holdout", 0.25, "--measure-every", 2]
    lines = [
        json.loads(line)
        for line in run(*words, "--json", "-o", tmp_path / "m.safetensors").stdout.splitlines()
    ]
    epochs, done = lines[:-1], lines[-1]
    assert [line["epoch"] for line in epochs] == [1, 2, 3, 4]
    assert all(line["loss"] == pytest.approx(sum(line["terms"].values())) for line in epochs)
    assert [line["mAP"] is None for line in epochs] == [True, False, True, False]
    assert (done["method"], done["bits"], done["images"], done["backbone"]) == ("DSH", 12, 60, "features")
    assert done["figures"]["mAP of images held out"] == pytest.approx(epochs[-1]["mAP"], abs=1e-4)
    assert not (tmp_path / "m.run").exists()
    assert json.loads(CliRunner().invoke(app, ["info", done["path"], "--json"]).stdout)["bits"] == 12


def test_settings_reach_the_method_the_blocks_and_the_training(data, tmp_path):
    words = ["dpsh", "--data", data, "--bits", 8, "--epochs", 1, "--head", "linear", "--seed", 3]
    words += [
        "--set",
        "eta=0.5",
        "--set",
        "balance=0.2",
        "--set",
        "batch=16",
        "--set",
        "training.learning_rate=0.01",
    ]
    result = run(*words, "--json", "-o", tmp_path / "m.safetensors")
    assert "added_balance" in json.loads(result.stdout.splitlines()[0])["terms"]
    method, said = load_method(tmp_path / "m.safetensors")
    recipe = json.loads(said["recipe"])
    assert method.eta == 0.5
    assert (recipe["batch"], recipe["learning_rate"], recipe["head"], recipe["seed"]) == (
        16,
        0.01,
        "linear",
        3,
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["dpsh", "--set", "etta=1"], "Did you mean eta"),
        (["dpsh", "--set", "eta"], "not NAME=VALUE"),
        (["dpsh", "--set", "eta=-1"], "eta is a finite number of 0 or more; -1 is not"),
        (["dvsq", "--bits", "13"], "nearest are 8 and 16"),
        (["dpsh", "--holdout", "cats"], "share of the items"),
        (["dpsh", "--head", "deep"], "linear"),
        (["dpsh", "--protocol", "IV"], "I', I-all, II, III"),
        (["dpsh", "--protocol", "I"], "images left"),
        (["dpsh", "--set", "batch=2"], "batch is a finite number of 3 or more"),
        (["dpsh", "--device", "gpu"], "device “gpu” is unknown"),
    ],
)
def test_what_cannot_work_is_answered_with_what_can(data, tmp_path, words, sentence):
    text = refused(*words, "--data", data, "--json", "-o", tmp_path / "m.safetensors")
    assert sentence in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arrays.npz"]


def test_data_of_one_class_or_without_labels_are_refused(tmp_path):
    np.savez(tmp_path / "one.npz", features=np.ones((9, 4), np.float32), labels=np.zeros(9, np.int64))
    np.savez(tmp_path / "none.npz", features=np.ones((9, 4), np.float32), labels=np.zeros((9, 3), np.int64))
    out = tmp_path / "m.safetensors"
    assert "at least two classes" in refused("dpsh", "--data", tmp_path / "one.npz", "-o", out)
    assert "has a label" in refused("dpsh", "--data", tmp_path / "none.npz", "-o", out)
    assert "nothing at" in refused("dpsh", "--data", tmp_path / "absent", "-o", out)
