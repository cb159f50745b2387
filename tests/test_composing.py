"""Queries made of others: turned-over bits, several photos, photos not wanted, turnings of one picture."""

from dataclasses import replace

import numpy as np
import pytest
from made_library import BITS, KEY, make_library
from PIL import Image
from plain_search import slow_distance

from hashviewer import codes as packed
from hashviewer.errors import ImageError, SearchError
from hashviewer.images import cut_out, load_upright, turnings
from hashviewer.workspace import Workspace, composed, with_flipped


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with Workspace.open(make_library(tmp_path_factory.mktemp("composing")).path) as opened:
        yield opened


def queries(workspace, *rows):
    return [workspace.query_row(row, codes=KEY) for row in rows]


def every_distance(workspace, query):
    """{row: distance} of every photo searched, by a plain loop."""
    codes, _ = workspace.library.codes(KEY)
    searched = np.flatnonzero(workspace.searchable(KEY)).tolist()
    return {row: slow_distance(query.code, codes[row]) for row in searched}


def test_a_bit_turned_over_is_a_bit_away_and_twice_as_before(workspace):
    (query,) = queries(workspace, 5)
    edited = with_flipped(query, [7, 30], bits=BITS)
    assert edited.flipped == (7, 30)
    assert slow_distance(edited.code, query.code) == 2
    assert np.array_equal(packed.from_outputs(edited.outputs), edited.code)
    back = with_flipped(edited, [30, 7], bits=BITS)
    assert back.flipped == ()
    assert np.array_equal(back.code, query.code)


def test_an_output_of_zero_turns_over_too(workspace):
    (query,) = queries(workspace, 5)
    outputs = query.outputs.copy()
    outputs[3] = 0
    query = replace(query, outputs=outputs, code=packed.from_outputs(outputs))
    edited = with_flipped(query, [3], bits=BITS)
    assert np.array_equal(packed.from_outputs(edited.outputs), edited.code)


def test_a_bit_that_the_code_does_not_have_is_refused(workspace):
    with pytest.raises(SearchError, match="no bit 36"):
        with_flipped(queries(workspace, 5)[0], [36], bits=BITS)


def test_several_photos_are_ranked_by_the_nearest_of_them(workspace):
    parts = queries(workspace, 5, 6, 20)
    matches = workspace.search(composed(parts), k=12)
    tables = [every_distance(workspace, part) for part in parts]
    nearest = {row: min(table[row] for table in tables) for row in tables[0]}
    assert matches.rows.tolist() == sorted(nearest, key=lambda row: (nearest[row], row))[:12]
    assert matches.distances.tolist() == sorted(nearest.values())[:12]


def test_photos_nearer_to_what_is_not_wanted_are_left_out(workspace):
    wanted, unwanted = queries(workspace, 5, 6)
    matches = workspace.search(composed([wanted], [unwanted]), k=None)
    near, far = every_distance(workspace, wanted), every_distance(workspace, unwanted)
    assert set(matches.rows.tolist()) == {row for row in near if near[row] <= far[row]}
    assert 0 < len(matches.rows) < len(near)


@pytest.mark.parametrize("radius", [None, 14])
def test_by_the_mean_what_is_near_to_all_comes_first(workspace, radius):
    wanted, other, unwanted = queries(workspace, 5, 6, 20)
    query = replace(composed([wanted, other], [unwanted]), by_mean=True)
    matches = workspace.search(query, k=9, radius=radius)
    a, b, c = (every_distance(workspace, part) for part in (wanted, other, unwanted))
    scores = {row: (a[row] + b[row]) / 2 - c[row] / 2 for row in a}
    allowed = [row for row in a if radius is None or min(a[row], b[row]) <= radius]
    expected = sorted(allowed, key=lambda row: (scores[row], row))[:9]
    assert matches.rows.tolist() == expected
    assert matches.scores.tolist() == pytest.approx([scores[row] for row in expected], abs=1e-4)
    assert matches.distances.tolist() == [min(a[row], b[row]) for row in expected]
    assert matches.rank_of(min(scores, key=lambda row: (scores[row], row))) == 0


def test_the_nearest_of_the_turnings_counts(workspace):
    (query,) = queries(workspace, 5)
    codes, _ = workspace.library.codes(KEY)
    turned = replace(query, turned=codes[[9, 14]])
    matches = workspace.search(turned, k=3)
    assert sorted(matches.rows.tolist()) == [5, 9, 14]
    assert matches.distances.tolist() == [0, 0, 0]


def test_a_photo_is_explained_by_the_one_that_it_is_nearest_to(workspace):
    query = composed(queries(workspace, 5, 6))
    matches = workspace.search(query, k=None)
    explanation = workspace.explain(query, 6, matches)
    assert (explanation.distance, explanation.differing_bits) == (0, ())
    far = int(matches.rows[-1])
    explained = workspace.explain(query, far, matches)
    assert len(explained.differing_bits) == explained.distance > 0


def test_asking_for_nothing_is_refused(workspace):
    with pytest.raises(SearchError, match="Nothing is asked"):
        composed([], queries(workspace, 5))


def test_the_name_tells_what_is_asked(workspace):
    a, b, c = queries(workspace, 5, 6, 7)
    assert composed([a, b]).title == "2 photos"
    assert composed([a], [c]).title == f"{a.title}, not like {c.title}"
    assert composed([a]) is a


def pattern(width=60, height=40):
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[: height // 2, : width // 2] = (250, 30, 30)
    pixels[height // 2 :, width // 2 :] = (30, 30, 250)
    return pixels


def test_a_picture_has_seven_turnings_and_no_two_are_alike(tmp_path):
    Image.fromarray(pattern()).save(tmp_path / "a.png")
    pixels = load_upright(tmp_path / "a.png")
    turned = [load_upright(data) for data in turnings(tmp_path / "a.png")]
    assert np.array_equal(turned[0], np.rot90(pixels))
    assert np.array_equal(turned[3], pixels[:, ::-1])
    everyone = [pixels, *turned]
    assert len(everyone) == 8
    shapes = sorted(picture.shape[:2] for picture in everyone)
    assert shapes == [(40, 60)] * 4 + [(60, 40)] * 4


def test_a_part_is_cut_out_by_shares(tmp_path):
    Image.fromarray(pattern()).save(tmp_path / "a.png")
    part = load_upright(cut_out(tmp_path / "a.png", (0.5, 0.5, 1.0, 1.0)))
    assert part.shape == (20, 30, 3)
    assert (part == (30, 30, 250)).all()


def test_a_part_that_shows_nothing_is_refused(tmp_path):
    Image.fromarray(pattern()).save(tmp_path / "a.png")
    with pytest.raises(ImageError, match="larger"):
        cut_out(tmp_path / "a.png", (0.5, 0.5, 0.55, 0.9))
