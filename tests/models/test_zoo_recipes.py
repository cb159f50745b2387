"""Recipes for an adapted backbone: what is tried, what is kept, what is taken."""

import json
import sys

import pytest
import torch

from benchmarks import zoo_held_out, zoo_recipes
from hashviewer.training.recipe import recipe_for


@pytest.fixture(autouse=True)
def found(tmp_path, monkeypatch):
    """Nothing measured yet, and one thread."""
    before = torch.get_num_threads()
    monkeypatch.setattr(zoo_recipes, "FOUND", tmp_path / "recipes.json")
    yield tmp_path / "recipes.json"
    torch.set_num_threads(before)


def test_a_short_recipe_has_a_third_of_the_epochs_and_a_plain_one_a_linear_head():
    advised = recipe_for("dpsh", bits=48)
    assert zoo_recipes.changed(advised, "advised") == advised
    short, plain = (zoo_recipes.changed(advised, change) for change in ("short", "plain"))
    assert (short.epochs, short.head, plain.epochs, plain.head) == (20, "mlp", 20, "linear")
    assert short.learning_rate == pytest.approx(0.3 * advised.learning_rate)
    assert plain.learning_rate == advised.learning_rate


def test_the_adapted_column_takes_the_best_recipe_and_the_frozen_one_what_is_advised():
    advised = recipe_for("dpsh", bits=48)
    assert zoo_recipes.chosen(advised, "adapted") == advised  # nothing is known
    zoo_recipes.note("dpsh", "advised", 0.70004)
    zoo_recipes.note("dpsh", "plain", 0.72)
    zoo_recipes.note("csq", "short", 0.9)
    assert zoo_recipes.found() == {"dpsh": {"advised": 0.7, "plain": 0.72}, "csq": {"short": 0.9}}
    assert zoo_recipes.chosen(advised, "adapted").head == "linear"
    zoo_recipes.note("dqn", "plain", 0.9)
    zoo_recipes.note("dqn", "short", 0.8)
    assert (
        zoo_recipes.chosen(recipe_for("dqn", bits=48), "adapted").head == "mlp"
    )  # else its file is too large
    assert zoo_recipes.chosen(advised, "frozen") == zoo_recipes.chosen(advised, "all") == advised


def test_what_is_missing_is_measured_on_what_nothing_has_learnt_from(tmp_path, found, monkeypatch, capsys):
    draw = torch.Generator().manual_seed(0)
    classes = torch.arange(200) % 4
    plain = 4 * torch.randn(4, 12, generator=draw)[classes] + torch.randn(200, 12, generator=draw)
    labels = torch.nn.functional.one_hot(classes).float()
    fitted, held = torch.arange(160), torch.arange(160, 200)
    labels[held] = labels[held][
        torch.randperm(40, generator=draw)
    ]  # only who had learnt them could rank them well
    kept = {"plain": plain, "views": plain[fitted][None], "fitted": fitted, "held": held, "labels": labels}
    monkeypatch.setattr(zoo_held_out, "_features", lambda *_: kept)
    short = {"advised": 2, "short": 2, "plain": 2}
    monkeypatch.setattr(
        zoo_held_out,
        "changed",
        lambda recipe, change: zoo_recipes.dataclasses.replace(
            zoo_recipes.changed(recipe, change), epochs=short[change], batch=40
        ),
    )
    zoo_recipes.note("csq", "advised", 0.123)
    options = ["--data", "none", "--methods", "csq", "--cache", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["zoo_held_out", *options])
    assert zoo_held_out.main() == 0
    figures = json.loads(found.read_text("utf-8"))
    assert set(figures["csq"]) == {"advised", "short", "plain"}
    assert figures["csq"]["advised"] == 0.123
    assert max(figures["csq"]["short"], figures["csq"]["plain"]) < 0.6
    capsys.readouterr()
    assert zoo_held_out.main() == 0
    assert capsys.readouterr().out == ""
    assert json.loads(found.read_text("utf-8")) == figures
