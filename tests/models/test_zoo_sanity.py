"""The comparisons beside the zoo: what they run, what they keep, what the page says."""

import dataclasses
import json
import sys

import numpy as np
import pytest
import torch

from benchmarks import zoo_features, zoo_sanity, zoo_sanity_table, zoo_table
from hashviewer.datasets import LabelledFeatures
from hashviewer.evaluation.protocols import split
from hashviewer.evaluation.sanity import over_seeds
from hashviewer.methods import find_method
from hashviewer.training.recipe import recipe_for


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the comparisons on features around ten centres, with a fiftieth of the numbers of protocol I."""
    draw = np.random.default_rng(0)
    classes = np.arange(600) % 10
    features = 2 * draw.normal(size=(10, 24))[classes] + draw.normal(size=(600, 24))
    np.savez(tmp_path / "f.npz", features=features.astype(np.float32), labels=classes)
    monkeypatch.setattr(zoo_features, "QUERIES", 2)
    monkeypatch.setattr(zoo_features, "TRAINING", 10)
    monkeypatch.setattr(
        zoo_sanity,
        "recipe_for",
        lambda key, *, bits: dataclasses.replace(recipe_for(key, bits=bits), epochs=4, batch=25),
    )
    threads = torch.get_num_threads()

    def go(*words):
        options = ["--data", tmp_path / "f.npz", "--out", tmp_path / "out", "--cache", tmp_path / "cache"]
        monkeypatch.setattr(sys, "argv", ["zoo_sanity", *map(str, options), "--bits", "16", *words])
        status = zoo_sanity.main()
        return status, json.loads((tmp_path / "out" / "sanity.json").read_text("utf-8"))

    yield go
    torch.set_num_threads(threads)


def row_of(rows, method):
    return next(row for row in rows if row["method"] == method)


def test_a_method_stands_beside_classifier_features_and_chance_on_seen_and_unseen_classes(run, tmp_path):
    status, rows = run("--methods", "dpsh", "--seeds", "0", "1")
    assert status == 0
    assert [row["method"] for row in rows] == ["chance", "features", "classifier", "dpsh"]
    for row in rows:
        varies = row["method"] in {"dpsh", "classifier"}  # the others are the same for every seed
        assert [one["seed"] for one in row["seen"]] == ([0, 1] if varies else [0])
        assert [one["seed"] for one in row["unseen"]] == [0, 1]
        assert all(len(one["classes"]) == 3 for one in row["unseen"])
    method, classifier, chance = (row_of(rows, name) for name in ("dpsh", "classifier", "chance"))
    assert chance["seen"][0]["mAP"] < method["seen"][0]["mAP"]
    assert classifier["seen"][0]["mAP"] > 0.7
    assert classifier["seen"][0]["bits"] == 4
    assert classifier["unseen"][0]["bits"] == 3
    assert classifier["unseen"][0]["accuracy"] == 0  # it does not know their classes
    assert 0.3 < chance["unseen"][0]["mAP"] < 0.4
    assert method["unseen"][0]["classes"] == classifier["unseen"][0]["classes"]
    assert method["seen"][0]["statistics"]["distinct"] > 4
    lines = zoo_sanity_table.reference_lines(tmp_path / "out")
    assert f"| {classifier['seen'][0]['mAP']:.3f} |" in lines[2]
    assert lines[0].count("|") == zoo_table.table([]).splitlines()[0].count("|")
    page = zoo_sanity_table.section(tmp_path / "out")
    values = over_seeds([one["mAP"] for one in method["seen"]])
    assert f"| DPSH | 16 | frozen | {values.mean:.3f} ± {values.deviation:.3f} (2) |" in page


def test_what_is_there_is_not_run_again_and_another_seed_joins(run, capsys):
    _, rows = run("--methods", "csq", "--seeds", "0")
    capsys.readouterr()
    assert run("--methods", "csq", "--seeds", "0")[1] == rows
    assert "…" not in capsys.readouterr().out
    _, more = run("--methods", "csq", "--seeds", "1")
    assert [one["seed"] for one in row_of(more, "csq")["seen"]] == [0, 1]
    assert row_of(more, "csq")["seen"][0] == row_of(rows, "csq")["seen"][0]


def test_an_adapted_backbone_is_not_asked_for_classes_that_it_has_seen(run):
    _, rows = run("--methods", "csq", "--seeds", "0", "--column", "adapted")
    assert all(row["unseen"] == [] and len(row["seen"]) == 1 for row in rows)


def test_a_method_that_fails_is_told_and_the_others_go_on(run, capsys):
    status, rows = run("--methods", "dvsq,csq", "--bits", "12", "--seeds", "0")
    assert status == 1
    assert "8, 16, 24" in capsys.readouterr().out
    assert row_of(rows, "csq")["seen"]


def test_without_comparisons_the_page_has_no_section(tmp_path):
    assert zoo_sanity_table.section(tmp_path) == ""
    assert zoo_sanity_table.reference_lines(tmp_path) == []


def test_a_method_learns_from_the_same_views_as_in_the_zoo_on_unseen_classes_too():
    labels = np.eye(4, dtype=np.uint8)[np.arange(80) % 4]
    features = torch.arange(80.0)[None, :, None]
    division = split(labels, "I", queries_per_class=2, training_per_class=5)
    moved = features[:, torch.from_numpy(division.training)] + 0.5
    data = LabelledFeatures("f", "", ("a", "b", "c", "d"), labels, features[0].numpy())
    zoo = zoo_features.Zoo(data, division, features, moved, {}, "")
    for task in (zoo_sanity.whole_task(zoo), zoo_sanity.unseen_task(zoo, seed=0)):
        assert task.views[0, :, 0].tolist() == (task.division.training + 0.5).tolist()


def made_row(method, bits, **columns):
    """A row of zoo.json with these figures."""
    info = find_method(method)
    row = zoo_table.row_of([], info, bits)
    figures = {"optimistic": 0.9, "pessimistic": 0.1, "empty": None, "seconds": 1.0}
    row["runs"] = {name: {"mAP": value, **figures} for name, value in columns.items()}
    return {**row, **columns}


def made_comparison(method, bits, seen, unseen):
    """A row of sanity.json with figures of three seeds."""
    runs = {
        "seen": [{"seed": n, "recipe": "", "mAP": value, "bits": bits or 4} for n, value in enumerate(seen)],
        "unseen": [{"seed": n, "recipe": "", "mAP": value, "classes": []} for n, value in enumerate(unseen)],
    }
    return {"method": method, "bits": bits, "column": "frozen", **runs}


def page_of(folder, rows):
    zoo_table.write_rows(folder, rows, division="protocol I", size=128)
    return (folder / "README.md").read_text("utf-8")


def test_the_page_sets_the_methods_beside_the_classifier_unseen_classes_and_seeds_where_they_are_there(
    tmp_path,
):
    rows = [made_row("dpsh", 48, frozen=0.7), made_row("csq", 48, frozen=0.6)]
    bare = page_of(tmp_path, rows)
    assert "Compared with what" not in bare
    assert "classifier" not in bare
    classifier = made_comparison("classifier", None, [0.71], [0.4, 0.42, 0.44])
    dpsh = made_comparison("dpsh", 48, [0.70, 0.72, 0.74], [0.50, 0.52, 0.54])
    zoo_sanity_table.write_sanity(tmp_path, [classifier, dpsh])
    page = page_of(tmp_path, rows)
    table, section = page.split("## Compared with what")
    lines = [line for line in table.splitlines() if line.startswith("|")]
    assert ["classifier" in line for line in lines] == [False, False, True, False, False]
    assert "| 4 |" in lines[2]
    assert "| 0.710 |" in lines[2]
    assert len({line.count("|") for line in lines}) == 1
    assert "| DPSH | 48 | frozen | 0.720 ± 0.020 (3) | 0.520 ± 0.020 (3) |" in section
    assert "| 0.420 ± 0.020 (3) |" in section
    (tmp_path / "sanity.json").unlink()
    assert page_of(tmp_path, rows) == bare


def test_the_best_of_a_column_are_compared_and_the_page_is_written_again(run, tmp_path):
    rows = [
        made_row("dpsh", 16, frozen=0.7),
        made_row("csq", 16, frozen=0.8),
        made_row("dsh", 48, frozen=0.9),
    ]
    page_of(tmp_path / "out", rows)
    _, compared = run("--best", "1", "--seeds", "0")
    assert [row["method"] for row in compared] == ["chance", "features", "classifier", "csq"]
    assert "Compared with what" in (tmp_path / "out" / "README.md").read_text("utf-8")


def test_the_best_methods_are_those_of_one_length_by_a_column_or_by_their_best():
    rows = [
        made_row("dpsh", 48, frozen=0.7, adapted=0.8),
        made_row("csq", 48, frozen=0.75),
        made_row("dsh", 16, frozen=0.9),
        made_row("dch", 48),
    ]
    assert zoo_table.best_methods(rows, 5, bits=48) == ["dpsh", "csq"]
    assert zoo_table.best_methods(rows, 1, bits=48, column="frozen") == ["csq"]
