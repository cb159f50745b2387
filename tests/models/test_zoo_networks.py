"""Whole networks of the zoo on made pictures: what is trained, measured, kept, shipped and told."""

import json
import sys

import numpy as np
import pytest
import torch
from made_pictures import coloured
from PIL import Image

from benchmarks import zoo_check, zoo_features, zoo_scratch, zoo_table, zoo_whole
from benchmarks.zoo_networks import network_file
from hashviewer.datasets import open_dataset
from hashviewer.methods import find_method
from hashviewer.networks import load_network, read_card
from hashviewer.progress import Cancelled


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """48 pictures of each of three colours; half of them are taken by the share."""
    return coloured(tmp_path_factory.mktemp("pictures"), 48)


@pytest.fixture
def run(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(zoo_features, "QUERIES", 4)
    monkeypatch.setattr(zoo_features, "TRAINING", 24)
    threads = torch.get_num_threads()

    def go(program, *words):
        places = ["--out", tmp_path / "out", "--cache", tmp_path / "cache"]
        options = ["--data", pictures, "--share", "0.5", "--bits", "12", "--device", "cpu", *places]
        monkeypatch.setattr(sys, "argv", ["zoo", *map(str, options), *words])
        status = program.main()
        return status, json.loads((tmp_path / "out" / "zoo.json").read_text("utf-8"))

    yield go
    torch.set_num_threads(threads)


WHOLE = ("--backbone", "dsh-small", "--size", "32", "--epochs", "2")


def test_a_whole_network_is_trained_measured_and_shipped_and_not_trained_twice(
    run, pictures, tmp_path, capsys
):
    status, (row,) = run(zoo_whole, "--methods", "csq", *WHOLE)
    assert status == 0
    figures = row["runs"]["end_to_end"]
    assert row["end_to_end"] == figures["mAP"] > 0.4  # a third is chance
    assert (figures["queries"], figures["database"], figures["training"]) == (6, 66, 36)
    assert (figures["network"], figures["epochs"], row["frozen"], row["file"]) == ("dsh-small", 2, None, None)
    shipped = tmp_path / "out" / row["full"]
    assert shipped.name == "csq-12-full.safetensors"
    card = read_card(shipped)
    assert figures["mAP"] in [value for _, value in card.figures]
    assert "protocol I: 6 queries" in card.training
    image = np.array(Image.open(pictures / "red" / "0.png").convert("RGB"))
    assert load_network(shipped)(torch.from_numpy(image)[None])[0].shape == (1, 12)
    assert "[whole network](csq-12-full.safetensors)" in (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "epoch 2:" in capsys.readouterr().out

    shipped.unlink()
    assert run(zoo_whole, "--methods", "csq", *WHOLE) == (0, [row])
    assert "epoch" not in capsys.readouterr().out
    assert shipped.is_file()

    # what is shipped is what the row says
    part = zoo_features.part_of(open_dataset(str(pictures)), 0.5)
    items = zoo_check.Items(part, zoo_features.protocol_one(part, 0.5), tmp_path / "c")
    found = items.scores(shipped, progress=lambda *_: None)
    assert found.tie_aware == pytest.approx(figures["mAP"], abs=1e-4)
    assert zoo_check.shipped(tmp_path / "out", [row]) == [(shipped, figures)]


def test_a_run_that_was_stopped_goes_on_to_the_same_figure(run, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("benchmarks.zoo_networks._say", _stop)
        with pytest.raises(Cancelled):
            run(zoo_whole, "--methods", "dsh", *WHOLE)
    assert list((tmp_path / "cache").rglob("*.run"))
    stopped = run(zoo_whole, "--methods", "dsh", *WHOLE)[1][0]["runs"]["end_to_end"]
    assert not list((tmp_path / "cache").rglob("*.run"))
    (tmp_path / "out" / "zoo.json").unlink()
    for file in (tmp_path / "cache").rglob("*-full.*"):
        file.unlink()
    whole = run(zoo_whole, "--methods", "dsh", *WHOLE)[1][0]["runs"]["end_to_end"]
    assert whole["mAP"] == stopped["mAP"]


def _stop(record):
    raise Cancelled


def test_a_small_net_from_random_weights_has_a_table_of_its_own_and_is_not_shipped(run, tmp_path):
    status, (row,) = run(zoo_scratch, "--methods", "dsh", "--epochs", "1")
    assert status == 0
    assert row["runs"]["scratch"]["network"] == "dsh-small"
    assert (row["end_to_end"], row["full"], zoo_table.best_run(row)) == (None, None, None)
    page = (tmp_path / "out" / "README.md").read_text("utf-8")
    figure = row["runs"]["scratch"]["mAP"]
    assert f"| DSH | 12 | dsh-small | 1 | {row['runs']['scratch']['seconds']:.0f} s | {figure:.3f} |" in page
    assert "From random weights" not in zoo_table.table([row])
    assert zoo_table.scratch_section([{**row, "runs": {}}]) == ""


def test_sizes_that_a_method_cannot_do_are_said_and_end_with_a_status(run, tmp_path, capsys):
    with pytest.raises(FileNotFoundError):
        run(zoo_whole, "--methods", "dvsq", *WHOLE)
    assert "8, 16, 24" in capsys.readouterr().out


def test_the_best_three_networks_lie_beside_the_heads_and_no_others(tmp_path):
    out, cache, rows = tmp_path / "out", tmp_path / "cache", []
    for number, key in enumerate(["csq", "dpsh", "dsh", "hashnet", "dch"]):
        row = zoo_table.row_of(rows, find_method(key), 48)
        row["runs"]["end_to_end"] = {"mAP": 0.5 + number / 10, "recipe": f"{key} and its recipe"}
        file = network_file(cache, key, 48, f"{key} and its recipe")
        file.parent.mkdir(parents=True)
        file.write_text(key)
    out.mkdir()
    (out / "csq-48-full.safetensors").write_text("was among the best once")
    assert zoo_whole.ship_best(out, cache, 48, rows) == []
    assert {row["method"]: row["full"] for row in rows if row["full"]} == {
        key: f"{key}-48-full.safetensors" for key in ("dch", "hashnet", "dsh")
    }
    assert sorted(file.name for file in out.iterdir()) == sorted(row["full"] for row in rows if row["full"])
    network_file(cache, "dch", 48, "dch and its recipe").unlink()
    assert zoo_whole.ship_best(out, cache, 48, rows) == []  # it is shipped already
    (out / "dch-48-full.safetensors").unlink()
    assert zoo_whole.ship_best(out, cache, 48, rows) == ["dch"]


def test_methods_are_the_best_of_the_zoo_unless_named_and_have_a_loss_to_follow(run, tmp_path, monkeypatch):
    rows = []
    for key, figure in (("csq", 0.9), ("vdsh", 0.8), ("dsh", 0.7)):
        row = zoo_table.row_of(rows, find_method(key), 12)
        row["runs"]["frozen"] = {"mAP": figure, "optimistic": 1, "pessimistic": 0, "seconds": 1.0}
    zoo_table.write_rows(tmp_path / "out", rows, division="protocol I", size=128)
    asked = []
    monkeypatch.setattr(
        zoo_whole.subprocess,
        "run",
        lambda command, check: (
            asked.append(command[-2:]) or zoo_whole.subprocess.CompletedProcess(command, 0)
        ),
    )
    assert run(zoo_whole, "--best", "3")[0] == 0
    assert asked == [["--methods", "csq"], ["--methods", "dsh"]]  # vdsh is fitted at once
