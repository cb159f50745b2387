"""What `hashviewer train` refuses before it begins."""

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
