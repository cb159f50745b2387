"""From training a quantizer through indexing to its own distance, by commands as a user types them."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from made_pictures import coloured
from typer.testing import CliRunner

from hashviewer import codes as packed
from hashviewer.cli.app import app
from hashviewer.images import decode
from hashviewer.library import Library
from hashviewer.networks import load_network, read_card, why_not_searchable
from hashviewer.training.method_data import Place
from hashviewer.training.method_model import MethodJob, train_method
from hashviewer.training.recipe import recipe_for

KINDS = {"dsq": 16, "subic": 24}  # sums of words, and numbers of 6 bits


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """30 pictures of three colours in folders."""
    return coloured(tmp_path_factory.mktemp("pictures"), 10)


def run(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


def document(*words):
    return json.loads(run(*words, "--json").stdout)


@pytest.fixture(scope="module", params=KINDS)
def made(request, pictures, tmp_path_factory):
    """A trained quantizer and the library of the pictures that it has encoded."""
    folder = tmp_path_factory.mktemp(request.param)
    recipe = recipe_for(request.param, bits=KINDS[request.param])
    card = train_method(
        MethodJob(
            recipe=dataclasses.replace(recipe, epochs=4, batch=10),
            data=str(pictures),
            output=folder / "m.safetensors",
            place=Place(folder / "cache"),
            backbone="dsh-small",
        )
    ).card
    assert why_not_searchable(card) == ""
    library = folder / "library"
    told = document("index", pictures, "-o", library, "--model", card.path, "--precision", "float32")
    assert (told["encoded"], told["problems"]) == (30, 0)
    return card, library


def methods_distances(card, library, picture):
    """The distances of a picture to the codes of a library, by the method and its network in torch."""
    network = load_network(card.path)
    pixels = torch.from_numpy(decode(picture, card.preprocessing).pixels)[None]
    with torch.no_grad(), Library.open(library) as opened:
        values, encoded = opened.codes(opened.code_sets[0].key)
        assert encoded.all()
        codes = torch.from_numpy(packed.unpack(values, card.bits) * 2.0 - 1).float()
        return network.method.distances(network.method.outputs(network.trunk(pixels)), codes)[0].numpy()


def test_a_trained_quantizer_answers_by_its_own_distance(made, pictures):
    card, library = made
    picture = pictures / "red" / "3.png"
    answer = document("query", library, picture, "--distance", "adc", "-k", 30)
    wanted = methods_distances(card, library, picture)
    scale = float(np.abs(wanted).max())
    rows = [result["row"] for result in answer["results"]]
    assert sorted(rows) == list(range(30))
    assert [result["score"] for result in answer["results"]] == pytest.approx(wanted[rows], abs=2e-3 * scale)
    assert np.all(np.diff(wanted[rows]) >= -4e-3 * scale)
    assert (answer["distance"], answer["mode"], answer["exact"]) == ("adc", "rank", True)
    first = [result["path"] for result in answer["results"][:10]]
    assert sum("/red/" in path for path in first) >= 8  # it has learnt what the colours are


def test_adc_is_what_a_quantizers_codes_are_asked_by_unless_told_otherwise(made, pictures):
    _, library = made
    asked = document("query", library, 4, "-k", 9)
    assert asked["distance"] == "adc"
    assert asked["results"] == document("query", library, 4, "-k", 9, "--distance", "adc")["results"]
    by_bits = document("query", library, 4, "-k", 9, "--distance", "hamming")
    assert (by_bits["distance"], by_bits["results"][0]["distance"]) == ("hamming", 0)
    assert "score" not in by_bits["results"][0]
    assert document("info", library)["code_sets"][0]["query"] == "quantizer"
    said = run("query", library, 4, "-k", 2).stdout
    assert "score" in said


def test_a_photo_and_its_row_have_the_same_ranks_but_for_the_rounding_of_features(made):
    _, library = made
    by_row = document("query", library, 7, "-k", 30)
    with Library.open(library) as opened:
        by_file = document("query", library, opened.full_path(7), "-k", 30)
    kept, fresh = (
        {result["row"]: result["score"] for result in answer["results"]} for answer in (by_row, by_file)
    )
    scale = max(map(abs, fresh.values()))
    assert all(abs(kept[row] - score) < 2e-2 * scale for row, score in fresh.items())


def test_what_does_not_go_with_a_quantizer_is_refused_in_words(made, tmp_path):
    card, library = made
    for options, words in (
        (("--radius", 3), "no radius in bits"),
        (("--mode", "lookup"), "no buckets"),
        (("--distance", "asymmetric"), "no asymmetric distance"),
    ):
        assert words in run("query", library, 4, *options, code=1).stderr
    away = tmp_path / "away.safetensors"
    card.path.rename(away)
    try:
        assert "not on this machine" in run("query", library, 4, code=1).stderr
        assert document("query", library, 4, "--distance", "hamming")["results"][0]["distance"] == 0
    finally:
        away.rename(card.path)


def test_the_answer_is_exported_in_the_same_order(made, tmp_path):
    _, library = made
    answer = document("query", library, 4, "-k", 9)
    run("export", library, "-o", tmp_path / "near.json", "--query", 4, "-k", 9)
    told = json.loads((tmp_path / "near.json").read_text())
    assert [each["row"] for each in told["results"]] == [each["row"] for each in answer["results"]]
    assert "code words" in told["provenance"]["order"]


def test_indexing_again_and_with_torch_gives_the_same_codes(made, pictures, tmp_path):
    card, library = made
    from hashviewer.encoding.torch_engine import TorchEngine

    engine = TorchEngine.open(card.path, device="cpu", precision="float32")
    with Library.open(library) as opened:
        key = opened.code_sets[0].key
        values, _ = opened.codes(key)
        pixels = [
            decode(opened.full_path(row), read_card(card.path).preprocessing).pixels for row in range(30)
        ]
    once, twice = (engine.encode(np.array(pixels)).outputs for _ in range(2))
    assert (once == twice).all()
    assert (packed.from_outputs(once) != values).any(axis=1).sum() <= 1  # engines round otherwise
