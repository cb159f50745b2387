"""The zoo's runner on ready features: what it writes, what it keeps, where it goes on."""

import dataclasses
import json
import sys

import numpy as np
import pytest
import torch

from benchmarks import zoo, zoo_features, zoo_table
from hashviewer.methods import find_method, load_method
from hashviewer.training.recipe import recipe_for


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the zoo on features around ten centres, with a fiftieth of the numbers of protocol I."""
    draw = np.random.default_rng(0)
    classes = np.arange(600) % 10
    features = 3 * draw.normal(size=(10, 24))[classes] + draw.normal(size=(600, 24))
    np.savez(tmp_path / "f.npz", features=features.astype(np.float32), labels=classes)
    monkeypatch.setattr(zoo_features, "QUERIES", 2)
    monkeypatch.setattr(zoo_features, "TRAINING", 10)
    monkeypatch.setattr(
        zoo,
        "recipe_for",
        lambda key, *, bits: dataclasses.replace(recipe_for(key, bits=bits), epochs=4, batch=25),
    )

    def go(*words):
        options = ["--data", tmp_path / "f.npz", "--out", tmp_path / "out", "--cache", tmp_path / "cache"]
        monkeypatch.setattr(sys, "argv", ["zoo", *map(str, options), *words])
        status = zoo.main()
        return status, json.loads((tmp_path / "out" / "zoo.json").read_text("utf-8"))

    return go


def test_each_method_gets_a_head_a_row_and_a_line_and_is_not_trained_twice(run, tmp_path, capsys):
    status, rows = run("--methods", "dpsh,csq", "--bits", "16")
    assert status == 0
    assert [row["method"] for row in rows] == ["csq", "dpsh"]
    for row in rows:
        figures = row["runs"]["frozen"]
        assert row["frozen"] == figures["mAP"] > 0.2
        assert figures["pessimistic"] <= figures["mAP"] <= figures["optimistic"]
        assert (figures["queries"], figures["database"], figures["training"]) == (20, 580, 100)
        assert (row["published_bits"], row["bits"]) == (find_method(row["method"]).published[0].bits, 16)
        method, about = load_method(tmp_path / "out" / row["file"])
        assert method.key == row["method"]
        assert str(figures["mAP"]) in about["figures"]
    table = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "JPEG copies" in table
    assert f"| {rows[1]['frozen']:.3f} |" in table
    capsys.readouterr()
    assert run("--methods", "dpsh,csq", "--bits", "16") == (0, rows)
    assert "frozen …" not in capsys.readouterr().out
    (tmp_path / "out" / rows[0]["file"]).unlink()
    assert run("--methods", "csq", "--bits", "16")[1][0]["frozen"] == rows[0]["frozen"]
    assert "csq 16 bits, frozen …" in capsys.readouterr().out


def test_bits_a_method_cannot_do_leave_a_row_with_the_reason(run):
    status, rows = run("--methods", "dvsq,dsh", "--bits", "12")
    assert status == 1
    reasons = {row["method"]: row["runs"]["frozen"].get("reason") for row in rows}
    assert reasons["dsh"] is None
    assert "8, 16, 24" in reasons["dvsq"]


def test_a_method_whose_paper_has_all_labels_is_also_run_so_and_its_figure_stands_apart(run):
    _, (row,) = run("--methods", "adsh", "--bits", "16")
    assert list(row["runs"]) == ["frozen"]
    _, (row,) = run("--methods", "adsh", "--bits", "16", "--column", "adapted")
    assert row["runs"]["all"]["training"] == 580
    assert row["adapted"] == row["runs"]["adapted"]["mAP"]
    assert zoo_table.best_run(row) != "all"


def test_the_head_is_that_of_the_best_head_even_where_a_whole_network_is_better(run, tmp_path):
    _, (row,) = run("--methods", "dpsh", "--bits", "16")
    row["runs"]["end_to_end"] = {**row["runs"]["frozen"], "mAP": 1.0}
    row["runs"]["frozen"]["mAP"] = 0.1
    row["file"] = None
    zoo_table.write_rows(tmp_path / "out", [row], division="protocol I", size=128)
    (tmp_path / "out" / "dpsh-16.safetensors").unlink()
    _, (row,) = run("--methods", "dpsh", "--bits", "16", "--column", "adapted")
    assert (row["file"], zoo_table.best_run(row)) == ("dpsh-16.safetensors", "end_to_end")
    assert (tmp_path / "out" / row["file"]).is_file()


def test_the_best_at_48_bits_can_be_asked_for(run, tmp_path):
    run("--methods", "dpsh,csq", "--bits", "48")
    _, rows = run("--best", "1", "--bits", "16")
    best = max((row for row in rows if row["bits"] == 48), key=lambda row: row["frozen"])["method"]
    assert [row["method"] for row in rows if row["bits"] == 16] == [best]


def test_a_share_of_the_data_is_of_each_class_and_always_the_same(tmp_path):
    from hashviewer.datasets import open_dataset

    np.savez(tmp_path / "f.npz", features=np.zeros((90, 2), np.float32), labels=np.arange(90) % 3)
    whole = open_dataset(str(tmp_path / "f.npz"))
    part = zoo_features.part_of(whole, 0.1)
    assert part.labels.sum(axis=0).tolist() == [3, 3, 3]
    assert part.fingerprint == zoo_features.part_of(whole, 0.1).fingerprint
