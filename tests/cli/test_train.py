"""What `hashviewer train` refuses before it begins, and what it makes."""

import json

import pytest
from typer.testing import CliRunner

from hashviewer.cli.app import app


def refused(*arguments):
    result = CliRunner().invoke(app, ["train", *map(str, arguments)])
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    return result.stderr


def test_an_unknown_recipe_is_answered_with_those_there_are(tmp_path):
    text = refused("dpsh", "--data", tmp_path, "-o", tmp_path / "m.safetensors")
    assert "no recipe “dpsh” to train; there is: photos" in text


def test_a_folder_that_is_not_there_is_named(tmp_path):
    assert "no folder" in refused("photos", "--data", tmp_path / "none", "-o", tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("model.pt", "name it model.pt.safetensors"), ("none/m.safetensors", "none does not exist")],
)
def test_a_place_where_no_model_can_be_is_refused(tmp_path, name, sentence):
    assert sentence in refused("photos", "--data", tmp_path, "-o", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_options_reach_the_training_and_its_report_is_printed(tmp_path, monkeypatch):
    """The training itself is tested where it is; here it gives the card of a model that is there."""
    from hashviewer import training
    from hashviewer.networks import find_model, read_card

    asked = {}

    def train_photo_model(folder, output, *, progress, **options):
        asked.update(options, folder=folder, output=output)
        card = read_card(find_model("photos-64"))
        return training.TrainReport(card, photos=10, classes=2, unreadable=1, runs=(), seconds=0.5)

    monkeypatch.setattr(training, "train_photo_model", train_photo_model)
    words = ["train", "photos", "--data", tmp_path, "--bits", 96, "--seed", 4, "--device", "cpu"]
    words += ["--holdout", "red", "--holdout", "two words", "-o", tmp_path / "m.safetensors"]
    words = [str(word) for word in words]
    result = CliRunner().invoke(app, [*words, "--json"])
    assert asked == {
        "folder": tmp_path,
        "output": tmp_path / "m.safetensors",
        "bits": 96,
        "seed": 4,
        "holdout": ["red", "two words"],
        "device": "cpu",
    }
    made = json.loads(result.stdout)
    assert (made["photos"], made["classes"], made["unreadable"]) == (10, 2, 1)
    card = json.loads(CliRunner().invoke(app, ["info", "photos-64", "--json"]).stdout)
    assert card == {name: made[name] for name in card}
    assert "10 photos of 2 classes, 1 unreadable" in CliRunner().invoke(app, words).stdout
