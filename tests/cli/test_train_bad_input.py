"""What `hashviewer train METHOD` refuses, and what it leaves untouched when a run fails."""

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from hashviewer.cli.app import app


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


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["dpsq"], "Did you mean dsq or dpq"),
        (["dpsh", "--set", "training.bach=9"], "Did you mean training.batch"),
        (["dpsh", "--set", "block.penalti=cube"], "Did you mean block.penalty"),
        (["dpsh", "--set", "penalty=cubic"], "one of none, square"),
        (["dpsh", "--set", "learning_rate=inf"], "inf is not"),
        (["dpsh", "--set", "batch=2"], "of 3 or more; 2 is not"),
        (["doh", "--bits", "13"], "nearest are 12 and 14"),
        (["subic", "--bits", "13"], "multiple of 6"),
        (["csq", "--bits", "1"], "2 bits"),
        (["dpsh", "--backbone", "resnet18"], "Leave out --backbone resnet18"),
        (["dpsh", "--finetune", "--mirrored"], "Leave out --finetune, --mirrored"),
    ],
)
def test_the_answer_says_what_would_do(data, tmp_path, words, sentence):
    assert sentence in refused(*words, "--data", data, "-o", tmp_path / "m.safetensors")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arrays.npz"]


def test_an_unknown_option_gets_the_nearest(data, tmp_path):
    result = run("dpsh", "--data", data, "--epoch", 1, "-o", tmp_path / "m.safetensors")
    assert result.exit_code == 2
    assert "--epochs" in result.stderr


def test_a_loss_that_explodes_leaves_the_old_model_and_the_last_good_state(data, tmp_path):
    out = tmp_path / "m.safetensors"
    assert run("dpsh", "--data", data, "--epochs", 1, "-o", out).exit_code == 0
    before = out.read_bytes()
    words = ["dpsh", "--data", data, "--epochs", 4, "--set", "optimizer=sgd", "-o", out]
    assert "of epoch 1, stays" in refused(*words, "--set", "learning_rate=1e30")
    assert out.read_bytes() == before
    state = (tmp_path / "m.run").read_bytes()
    assert "not a number in epoch 2" in refused(*words, "--set", "learning_rate=1e30")
    assert (tmp_path / "m.run").read_bytes() == state
    assert "other settings" in refused(*words)


def test_a_class_without_training_image_is_named_before_anything_is_computed(tmp_path):
    for name in ("cats", "dogs", "newts"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(1 if name == "newts" else 6):
            Image.new("RGB", (32, 32), (40 * number, 9, 9)).save(tmp_path / "data" / name / f"{number}.png")
    words = ["dpsh", "--data", tmp_path / "data", "--backbone", "dsh-small", "-o", tmp_path / "m.safetensors"]
    told = [run(*words, "--holdout", 0.6, "--seed", seed, "--epochs", 1).stderr for seed in range(3)]
    assert any("1 of 3 classes have no training image (newts)" in text for text in told)


def test_too_few_items_for_a_triplet_are_refused(tmp_path):
    np.savez(tmp_path / "two.npz", features=np.eye(2, 4, dtype=np.float32), labels=np.arange(2))
    words = ["dtsh", "--data", tmp_path / "two.npz", "-o", tmp_path / "m.safetensors"]
    assert "at least 3 images; there are 2" in refused(*words, "--holdout", 0)
