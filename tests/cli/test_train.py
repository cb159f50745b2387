"""What `hashviewer train` refuses before it begins, and what it makes."""

import json

import numpy as np
import pytest
from PIL import Image
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


def test_a_model_is_made_of_photos_and_its_card_printed(tmp_path):
    rng = np.random.default_rng(3)
    for kind in ("red", "green", "left out"):
        (tmp_path / "photos" / kind).mkdir(parents=True)
        for number in range(5):
            pixels = rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / kind / f"{number}.png")
    model = tmp_path / "tiny-8.safetensors"
    words = [
        "train",
        "photos",
        "--data",
        tmp_path / "photos",
        "--bits",
        8,
        "--holdout",
        "left out",
        "-o",
        model,
        "--json",
    ]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    assert (made["bits"], made["photos"], made["classes"], made["unreadable"]) == (8, 10, 2, 0)
    card = json.loads(CliRunner().invoke(app, ["info", str(model), "--json"]).stdout)
    assert card == {name: made[name] for name in card}
