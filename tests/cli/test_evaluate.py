"""`hashviewer evaluate` on files of codes and on libraries."""

import json

import numpy as np
import pytest
from made_library import KEY, make_library
from typer.testing import CliRunner

from hashviewer.cli.app import app


def run(*words):
    return CliRunner().invoke(app, ["evaluate", *map(str, words)])


def document(*words):
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def file(tmp_path):
    draw = np.random.default_rng(0)
    classes = np.arange(200) % 4
    outputs = draw.normal(size=(4, 16))[classes] * 2 + draw.normal(size=(200, 16))
    np.savez(tmp_path / "codes.npz", outputs=outputs, labels=classes, label_names=["a", "b", "c", "d"])
    return tmp_path / "codes.npz"


def test_the_protocol_and_its_numbers_stand_beside_the_figures(file):
    told = document(file, "--protocol", "I", "--queries", 5, "--training", 10, "--topk", 20, "--radius", 3)
    assert told["described"] == "protocol I: 20 queries, 180 in the database, 40 for training"
    assert (told["queries"], told["database"], told["bits"], told["codes"]) == (20, 180, 16, "codes")
    figures = told["mAP"]
    assert figures["chance"] < figures["pessimistic"] <= figures["tie_aware"] <= figures["optimistic"]
    assert told["mAP_at"]["k"] == 20
    assert (told["lookup"]["radius"], told["graded"], len(told["radii"])) == (3, None, 17)
    assert [one["label"] for one in told["classes"]] == ["a", "b", "c", "d"]


def test_each_item_asks_all_others_unless_told_otherwise(file):
    told = document(file)
    assert (told["protocol"], told["queries"], told["database"]) == ("each", 200, 200)
    text = run(file).stdout
    assert "protocol each: 200 queries, each against all others" in text
    assert f"mAP {told['mAP']['tie_aware']:.4f}" in text


def test_a_file_that_holds_its_queries_is_evaluated_as_given(tmp_path):
    ones = np.eye(8, dtype=np.uint8)
    np.savez(
        tmp_path / "c.npz",
        codes=ones,
        labels=np.arange(8) % 2,
        query_codes=ones[:2],
        query_labels=np.array([0, 1]),
    )
    told = document(tmp_path / "c.npz")
    assert (told["protocol"], told["queries"], told["database"]) == ("given", 2, 8)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--protocol", "IV"], "there are I, I', I-all, II, III, each, given"),
        (["--protocol", "I"], "50 images left"),
        (["--protocol", "III"], "official parts"),
        (["--protocol", "given"], "does not say which items are its queries"),
        (["--radius", "17"], "between 0 and 16"),
    ],
)
def test_what_cannot_be_measured_is_answered_with_the_reason(file, words, sentence):
    result = run(file, *words)
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_a_library_is_measured_by_its_labels(tmp_path):
    made = make_library(tmp_path)
    told = document(made.path)
    assert told["codes"] == KEY
    assert told["queries"] == told["database"] < 50
    assert 0 < told["mAP"]["tie_aware"] < 1
