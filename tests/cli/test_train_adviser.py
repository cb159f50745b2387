"""The adviser: what it finds of a data set, and what it says of a job before a minute is spent on it."""

import numpy as np
import pytest

from hashviewer.cli.train_adviser import Adviser, description, parsed
from hashviewer.cli.train_method import job_of
from hashviewer.methods import all_methods
from hashviewer.progress import Cancelled
from hashviewer.training.method_model import train_method


@pytest.fixture(scope="module")
def adviser():
    return Adviser()


@pytest.fixture
def data(tmp_path):
    draw = np.random.default_rng(0)
    classes = np.arange(80) % 4
    features = 2 * np.eye(4, 24)[classes] + 0.5 * draw.normal(size=(80, 24))
    labels = np.eye(4, dtype=np.int64)[classes]
    labels[:8] = 0
    labels[8:16, 0] = 1
    np.savez(tmp_path / "several.npz", features=features.astype(np.float32), labels=labels)
    return tmp_path / "several.npz"


@pytest.fixture
def words(data, tmp_path):
    def made(method, *more, data=data):
        return [method, "--data", str(data), "-o", str(tmp_path / "m.safetensors"), *more]

    return made


def test_it_describes_all_there_is_to_choose():
    said = description()
    assert [one["key"] for one in said["methods"]] == [info.key for info in all_methods()]
    assert all(one["summary"] for one in said["methods"])
    assert {one["name"] for one in said["training"]} >= {"batch", "optimizer", "learning_rate"}
    assert {one["name"] for one in said["blocks"]} >= {"sign", "balance"}
    assert {"efficientnet-lite0", "dsh-small", "resnet50"} <= {one["name"] for one in said["backbones"]}
    assert said["devices"][:2] == ["auto", "cpu"]


def test_it_says_what_the_data_are(adviser, words):
    answer = adviser.answer(words("dpsh"))
    assert answer["problem"] == ""
    assert answer["data"] == {
        "name": "several", "items": 80, "classes": 4, "several": True, "unlabelled": 8, "feature_dim": 24,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "where", "sentence"),
    [
        (["dvsq", "--bits", "13"], "settings", "nearest are 8 and 16"),
        (["dpsh", "--set", "eta=-1"], "settings", "eta"),
        (["dpsh", "--set", "etta=1"], "settings", "Did you mean eta"),
        (["dpsh", "--bits", "0"], "settings", "1"),
        (["dpsh", "--protocol", "I"], "settings", "images left"),
        (["dpsg"], "settings", "Did you mean"),
    ],
)
def test_it_says_what_does_not_fit(adviser, words, more, where, sentence):
    answer = adviser.answer(words(*more))
    assert answer["where"] == where
    assert sentence in answer["problem"]


def test_it_says_where_the_trouble_is(adviser, words, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))  # no ImageNet weights are there
    gone = adviser.answer(words("dpsh", data=tmp_path / "gone"))
    assert (gone["where"], gone["data"]) == ("data", None)
    assert "nothing at" in gone["problem"]
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "photos" / "cat" / "a.jpg").write_bytes(b"read when training begins")
    bare = adviser.answer(words("dpsh", "--backbone", "resnet18", data=tmp_path / "photos"))
    assert (bare["where"], bare["data"]["items"]) == ("backbone", 1)
    assert "ImageNet weights of resnet18 are not on this machine" in bare["problem"]
    away = adviser.answer([*words("dpsh"), "-o", str(tmp_path / "away" / "m.safetensors")])
    assert away["where"] == "output"
    assert "does not exist" in away["problem"]


def test_a_data_set_that_changed_is_opened_again(adviser, words, data):
    assert adviser.answer(words("dpsh"))["data"]["items"] == 80
    np.savez(data, features=np.ones((6, 4), np.float32), labels=np.arange(6) % 2)
    assert adviser.answer(words("dpsh", "--bits", "4"))["data"]["items"] == 6


def test_it_knows_which_unfinished_run_a_job_goes_on_with(adviser, words):
    given = words("dpsh", "--bits", "12", "--epochs", "5")

    def stop_after_two(done, total=None, message=""):
        if message.startswith("epoch 3"):
            raise Cancelled

    with pytest.raises(Cancelled):
        train_method(job_of(*parsed(given)), progress=stop_after_two)
    same = adviser.answer(given)
    assert (same["epochs_done"], same["goes_on"], same["problem"]) == (2, True, "")
    other = adviser.answer([*given, "--seed", "1"])
    assert (other["epochs_done"], other["goes_on"], other["problem"]) == (2, False, "")
