"""What the zoo's checker measures and compares, on made features."""

import json
import sys

import numpy as np
import pytest
import torch

from benchmarks import zoo_check, zoo_features
from benchmarks.zoo_table import write_rows
from hashviewer.datasets import open_dataset
from hashviewer.evaluation.protocols import split
from hashviewer.images import Preprocessing
from hashviewer.methods import Shape, find_method, save_method

NUMBERS = {"queries_per_class": 20, "training_per_class": 10}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A file of features, and an untrained head with a row that tells nothing but its mAP."""
    monkeypatch.setattr(zoo_features, "QUERIES", 20)
    monkeypatch.setattr(zoo_features, "TRAINING", 10)
    draw = np.random.default_rng(0)
    classes = np.arange(600) // 200
    features = 2 * draw.normal(size=(3, 8))[classes] + draw.normal(size=(600, 8))
    np.savez(tmp_path / "f.npz", features=features.astype(np.float32), labels=classes)
    torch.manual_seed(0)
    head = find_method("dsh").method()
    head.build(Shape(8, 12, 3))
    about = {"backbone": "features", "backbone_sha256": "", "preprocessing": Preprocessing().to_json()}
    save_method(tmp_path / "dsh-12.safetensors", head, {}, about)
    return tmp_path


def run(folder, *words, monkeypatch):
    options = ["--data", folder / "f.npz", "--models", folder, "--cache", folder / "cache", *words]
    monkeypatch.setattr(sys, "argv", ["zoo_check", *map(str, options)])
    return zoo_check.main()


def row_with(figure):
    named = {"method": "dsh", "title": "DSH", "family": "pairwise", "bits": 12, "file": "dsh-12.safetensors"}
    figures = {"mAP": figure, "optimistic": 1, "pessimistic": 0, "empty": None, "seconds": 0.0}
    columns = {"frozen": figure, "adapted": None, "end_to_end": None}
    return {**named, **columns, "published": None, "runs": {"frozen": figures}}


def test_a_row_gets_its_two_small_figures_and_a_wrong_one_is_noticed(made, monkeypatch, capsys):
    data = open_dataset(str(made / "f.npz"))
    items = zoo_check.all_items(data, made / "cache")
    found = items.scores(made / "dsh-12.safetensors", progress=lambda *_: None)
    assert len(found.per_query) == 60
    assert found.per_query.mean() == pytest.approx(found.tie_aware)
    write_rows(made, [row_with(round(found.tie_aware, 4))], division="protocol I", size=128)
    assert run(made, "--write", monkeypatch=monkeypatch) == 0
    told = json.loads((made / "zoo.json").read_text("utf-8"))[0]["runs"]["frozen"]
    assert told["tenth"] == pytest.approx(found.per_query[::10].mean(), abs=1e-4)
    assert 0 < told["small"] <= 1
    write_rows(made, [row_with(found.tie_aware + 0.02)], division="protocol I", size=128)
    assert run(made, monkeypatch=monkeypatch) == 1


def test_a_file_belongs_to_the_run_whose_figure_its_card_tells(made):
    torch.manual_seed(0)
    head = find_method("dsh").method()
    head.build(Shape(8, 12, 3))
    about = {"backbone": "features", "backbone_sha256": "", "preprocessing": Preprocessing().to_json()}
    save_method(made / "dsh-12.safetensors", head, {}, {**about, "figures": '{"mAP": 0.5}'})
    row = row_with(0.5)
    row["runs"]["adapted"] = {**row["runs"]["frozen"], "mAP": 0.7}
    assert zoo_check.run_of(row, made / "dsh-12.safetensors")["mAP"] == 0.5
    assert zoo_check.run_of(row, made / "absent.safetensors")["mAP"] == 0.7


def test_the_small_part_has_every_class_and_its_own_places(made):
    data = open_dataset(str(made / "f.npz"))
    division = split(data.labels, "I", **NUMBERS)
    small = zoo_check.small_items(data, division, made / "cache")
    assert data.labels[division.queries[::10]].sum(axis=0).tolist() == [2, 2, 2]
    assert small.division.queries.tolist() == list(range(6))
    assert np.array_equal(small.data.features[6:], data.features[division.database[::20]])
