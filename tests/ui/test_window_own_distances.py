"""Codes made for weighted bits or for segments are shown by that distance from the start, and other codes are not."""

from dataclasses import replace

import pytest
import torch
from made_quantizer import CLASSES, DIM, add_codes, codes_of, features_of, info_of, make_library, saved

from hashviewer.library import Library, LibraryWriter
from hashviewer.methods import Shape, find_method
from hashviewer.search import DISTANCES
from hashviewer.ui.search_words import effort_words, short_words, why_not
from hashviewer.workspace import own_how

COUNT, BITS = 40, 24
PLAIN = "plain"


def made(key):
    torch.manual_seed(3)
    method = find_method(key).method()
    method.build(Shape(DIM, BITS, CLASSES, "mlp", 14))
    if key == "hbmp":
        method.weights = torch.rand(BITS) + 0.1
    return method.eval().requires_grad_(requires_grad=False)


@pytest.fixture(scope="module", params=["doh", "hbmp"])
def library(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    method = made(request.param)
    card = saved(folder / "model.safetensors", method, {})
    features = features_of(COUNT)
    info = info_of(card, bit_weights=card.bit_weights, segment=card.segment)
    path = make_library(folder / "library", info, codes_of(method, features), features)
    with Library.open(path) as opened, LibraryWriter(opened) as writer:
        plain = replace(info, key=PLAIN, query="hamming", bit_weights=(), segment=0, model_sha256="ab" * 32)
        add_codes(writer, plain, codes_of(method, features), features)
    return path, info.key, {"doh": "segments", "hbmp": "weighted"}[request.param]


@pytest.fixture
def opened(qtbot, window, library):
    window.commands.open_path(library[0])
    qtbot.waitUntil(lambda: window.explorer.workspace is not None and not window.tasks.busy)
    window.explorer.codes = library[1]
    qtbot.waitUntil(lambda: not window.tasks.busy)
    return window


def test_the_photos_stand_by_the_distance_that_the_codes_are_made_for(opened, library, ask):
    _, key, wanted = library
    assert opened.explorer.options.distance == wanted
    assert wanted in short_words(opened.explorer.options)
    ask(opened, 7)
    workspace, matches = opened.explorer.workspace, opened.explorer.results.matches
    own = workspace.search(
        workspace.query_row(7, codes=key), how=own_how(workspace.code_set(key)), k=len(matches.rows)
    )
    assert matches.rows.tolist() == own.rows.tolist()
    assert matches.scores.tolist() == own.scores.tolist()
    assert matches.how.distance == wanted


def test_other_codes_are_shown_by_differing_bits_and_have_no_segments(qtbot, opened, library, ask):
    _, key, wanted = library
    ask(opened, 7)
    opened.explorer.codes = PLAIN
    qtbot.waitUntil(lambda: not opened.tasks.busy)
    assert why_not("segments", opened.explorer).startswith("These codes have no segments")
    if wanted == "segments":  # weights may be the user's, so weighted stays
        assert opened.explorer.options.distance == "hamming"
        assert opened.explorer.results.matches.how.distance == "hamming"
    opened.explorer.codes = key
    qtbot.waitUntil(lambda: not opened.tasks.busy)
    assert opened.explorer.options.distance == wanted
    assert opened.explorer.results.matches.how.distance == wanted


def test_the_search_menu_and_panel_offer_it_where_it_is_possible(qtbot, opened, library):
    _, _, wanted = library
    model = opened.toolbar.search.panel.distance.model()
    opened.toolbar.search.panel.draw()
    enabled = {distance for distance in DISTANCES if model.item(DISTANCES.index(distance)).isEnabled()}
    assert enabled == {"hamming", "weighted", "asymmetric"} | {wanted}
    opened.actions_table["distance_hamming"].trigger()
    assert opened.explorer.options.distance == "hamming"
    opened.actions_table["distance_segments"].trigger()
    qtbot.waitUntil(lambda: not opened.tasks.busy)
    assert opened.explorer.options.distance == ("segments" if wanted == "segments" else "hamming")


def test_segments_are_compared_with_every_code_whatever_the_mode(qtbot, opened, library, ask):
    _, _, wanted = library
    opened.explorer.options = replace(opened.explorer.options, mode="multi", distance="segments")
    ask(opened, 7)
    how = opened.explorer.results.matches.how
    assert (how.mode, how.distance) == (
        ("rank", "segments") if wanted == "segments" else ("multi", "hamming")
    )
    assert "segment by segment" in effort_words(opened.explorer.options, BITS)
