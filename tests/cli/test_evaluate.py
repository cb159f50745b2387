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
    assert [one["place"] for one in told["at"]] == [20, 100]
    assert (told["lookup"]["radius"], told["graded"], len(told["radii"])) == (3, None, 17)
    assert [one["label"] for one in told["classes"]] == ["a", "b", "c", "d"]
    assert (told["training"], told["labels"], told["unlabelled"], told["baseline"]) == (40, 4, 0, None)
    assert told["lookup"]["buckets"] == 1 + 16 + 120 + 560
    assert told["mAP_at"]["without_relevant"] == 0
    assert 0 <= told["statistics"]["bit_mean"] <= 1
    assert 4 < told["statistics"]["distinct"] <= 180


def test_each_item_asks_all_others_unless_told_otherwise(file):
    told = document(file)
    assert (told["protocol"], told["queries"], told["database"]) == ("each", 200, 200)
    text = run(file).stdout
    assert "protocol each: 200 queries, each against all others" in text
    assert f"mAP {told['mAP']['tie_aware']:.4f} (protocol each)" in text


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
        (["--protocol", "IV"], "there are I, I', I-all, II, III, random, each, given"),
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


def test_a_classifier_of_the_same_features_stands_beside_the_codes(file, tmp_path):
    draw = np.random.default_rng(1)
    classes = np.arange(200) % 4
    features = draw.normal(size=(4, 6))[classes] * 3 + draw.normal(size=(200, 6))
    codes = (draw.random((200, 16)) < 0.5).astype(np.uint8)
    np.savez(tmp_path / "f.npz", codes=codes, labels=classes, features=features)
    words = (tmp_path / "f.npz", "--protocol", "I", "--queries", 5, "--training", 10, "--baseline")
    told = document(*words)
    assert (told["baseline"]["bits"], told["baseline"]["training"]) == (2, 40)
    assert told["baseline"]["accuracy"] > 0.8
    assert told["baseline"]["mAP"]["tie_aware"] > told["mAP"]["tie_aware"] + 0.3
    text = run(*words).stdout
    assert f"as a code of 2 bits: mAP {told['baseline']['mAP']['tie_aware']:.4f}" in text


@pytest.mark.parametrize(
    ("features", "words", "sentence"),
    [
        (False, ["--protocol", "I", "--queries", "5", "--training", "10"], "holds no features"),
        (True, [], "keeps no training items apart"),
    ],
)
def test_a_baseline_that_cannot_be_had_is_said(tmp_path, features, words, sentence):
    arrays = {"outputs": np.random.default_rng(0).normal(size=(80, 8)), "labels": np.arange(80) % 4}
    if features:
        arrays["features"] = arrays["outputs"]
    np.savez(tmp_path / "c.npz", **arrays)
    result = run(tmp_path / "c.npz", *words, "--baseline")
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_items_without_a_label_take_no_part_and_are_counted(tmp_path):
    ones = np.eye(8, dtype=np.uint8)
    labels = np.array([0, 1, 0, 1, -1, -1, 0, 1])
    queries = {"query_codes": ones[:3], "query_labels": np.array([0, 1, -1])}
    np.savez(tmp_path / "c.npz", codes=ones, labels=labels, **queries)
    told = document(tmp_path / "c.npz")
    assert (told["queries"], told["database"], told["unlabelled"]) == (2, 6, 3)
    assert "items without a label, which take no part: 3" in run(tmp_path / "c.npz").stdout


def test_queries_can_be_drawn_from_all(file):
    told = document(file, "--protocol", "random", "--queries", 30, "--training", 50)
    assert told["described"] == "protocol random: 30 queries, 170 in the database, 50 for training"
    assert "do not suffice" in run(file, "--protocol", "random").stderr


def test_a_query_with_nothing_to_find_counts_as_0_and_the_mean_without_it_is_told(tmp_path):
    ones = np.eye(8, dtype=np.uint8)
    queries = {"query_codes": ones[:2], "query_labels": np.array([0, 2])}
    np.savez(tmp_path / "c.npz", codes=ones, labels=np.arange(8) % 2, **queries)
    told = document(tmp_path / "c.npz", "--topk", 4)
    assert told["without_relevant"] == 1
    assert told["mAP"]["tie_aware"] == pytest.approx(told["mAP"]["dropped"] / 2)
    assert told["mAP_at"]["without_relevant"] == 1
    assert "queries without a relevant item: 1; they count as 0" in run(tmp_path / "c.npz").stdout
