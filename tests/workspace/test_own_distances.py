"""Codes that were made for weighted bits or for segments are searched by that distance, as the method itself computes it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_quantizer import (
    CLASSES,
    DIM,
    add_codes,
    codes_of,
    distances_of,
    features_of,
    info_of,
    make_library,
    saved,
)
from typer.testing import CliRunner

from hashviewer.cli.app import app
from hashviewer.errors import SearchError
from hashviewer.evaluation import mean_of_scores
from hashviewer.library import Library, LibraryWriter
from hashviewer.methods import Shape, find_method
from hashviewer.networks import why_not_searchable
from hashviewer.search import SearchHow
from hashviewer.workspace import Workspace, own_distance, own_how

COUNT = 50
FORMS = {  # method: bits, settings, its own distance
    "doh": (24, {}, "segments"),
    "doh of eight": (24, {"categories": 8}, "segments"),
    "wmrsh": (24, {}, "weighted"),
    "drsch": (20, {}, "weighted"),
    "hbmp": (24, {}, "weighted"),
}


def made(form):
    bits, settings, _ = FORMS[form]
    torch.manual_seed(3)
    method = find_method(form.split()[0]).method(**settings)
    method.build(Shape(DIM, bits, CLASSES, "mlp", 14))
    if hasattr(method, "weights"):
        weights = torch.rand(bits) + 0.1
        method.weights = (
            torch.nn.Parameter(weights) if isinstance(method.weights, torch.nn.Parameter) else weights
        )
    return method.eval().requires_grad_(requires_grad=False), settings


@pytest.fixture(params=list(FORMS))
def opened(request, tmp_path):
    method, settings = made(request.param)
    card = saved(tmp_path / "model.safetensors", method, settings)
    assert why_not_searchable(card) == ""
    features = features_of(COUNT)
    codes = codes_of(method, features)
    info = info_of(card, bit_weights=card.bit_weights, segment=card.segment)
    path = make_library(tmp_path / "library", info, codes, features)
    with Workspace.open(path) as workspace:
        yield workspace, distances_of(method, features, codes), FORMS[request.param][2]


def test_a_library_remembers_what_its_codes_are_made_for_and_ranks_by_it(opened):
    workspace, distances, wanted = opened
    info = workspace.code_sets[0]
    assert own_distance(info) == wanted
    for row in (0, 7, 33):
        found = workspace.search(workspace.query_row(row, codes=info.key), k=None, how=own_how(info))
        own = np.round(distances[row].astype(np.float64), 4)
        scores = found.all_scores * (
            2 if wanted == "segments" else 1
        )  # a symbol written one-hot differs in two places
        assert scores == pytest.approx(own, abs=1e-4)
        assert found.rows.tolist() == sorted(range(COUNT), key=lambda other: (found.all_scores[other], other))
        assert found.exact


def test_the_command_line_takes_that_distance_unless_told_otherwise(opened):
    workspace, _, wanted = opened
    key = workspace.code_sets[0].key

    def asked(*more):
        done = CliRunner().invoke(app, ["query", str(workspace.library.path), "7", "--json", *more])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    own = workspace.search(workspace.query_row(7, codes=key), k=50, how=own_how(workspace.code_sets[0]))
    told = asked()
    assert told["distance"] == wanted
    assert [hit["row"] for hit in told["results"]] == own.rows.tolist()
    assert asked("--distance", "hamming")["distance"] == "hamming"


def test_evaluation_tells_what_that_distance_reaches(opened):
    workspace, distances, wanted = opened
    done = CliRunner().invoke(app, ["evaluate", str(workspace.library.path), "--protocol", "each", "--json"])
    assert done.exit_code == 0, done.output
    own = json.loads(done.stdout)["own"]
    labels = np.arange(COUNT) % 2
    found = mean_of_scores(
        -np.round(distances, 4), labels[:, None] == labels[None], own_rows=np.arange(COUNT)
    )
    assert own["distance"] == wanted
    assert own["mAP"]["tie_aware"] == pytest.approx(found.tie_aware, abs=2e-3)


def test_what_codes_do_not_have_is_refused(opened):
    workspace, _, wanted = opened
    other = "weighted" if wanted == "segments" else "segments"
    done = CliRunner().invoke(app, ["query", str(workspace.library.path), "7", "--distance", other])
    assert done.exit_code == 1
    assert {"weighted": "the model of these codes has none", "segments": "have no segments"}[
        other
    ] in done.stderr


def test_of_several_code_sets_with_weights_of_their_own_one_is_asked_at_a_time(tmp_path):
    method, settings = made("hbmp")
    card = saved(tmp_path / "model.safetensors", method, settings)
    features = features_of(8)
    codes = codes_of(method, features)
    info = info_of(card, bit_weights=card.bit_weights)
    path = make_library(tmp_path / "library", info, codes, features)
    with Library.open(path) as library, LibraryWriter(library) as writer:
        add_codes(writer, replace(info, key="again", bit_weights=card.bit_weights[::-1]), codes, features)
    done = CliRunner().invoke(app, ["query", str(path), "3", "--codes", "words,again"])
    assert done.exit_code == 1
    assert "no distance in common" in done.stderr
    done = CliRunner().invoke(
        app, ["query", str(path), "3", "--codes", "words,again", "--distance", "hamming"]
    )
    assert done.exit_code == 0, done.output


def test_segments_that_do_not_fit_are_refused():
    with pytest.raises(SearchError, match="length of a segment"):
        SearchHow(distance="segments")
    with pytest.raises(SearchError, match="without tables"):
        SearchHow(distance="segments", segment=2, mode="multi")
    with pytest.raises(SearchError, match="choose a divisor of 24"):
        SearchHow(distance="segments", segment=5).check(24)
