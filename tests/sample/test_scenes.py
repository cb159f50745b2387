"""The scenes and their brushes."""

import numpy as np
import pytest
from PIL import Image

from hashviewer.sample import KINDS, plan
from hashviewer.sample.fields import Kind, piece, whole
from hashviewer.sample.paint import blend, colour, over, shaded
from hashviewer.sample.shots import write_scene


def painted(kind, seed, height=240, width=320):
    return kind.paint(np.random.default_rng(seed), height, width)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_scene_is_a_full_picture_that_its_random_numbers_decide(kind):
    first = painted(kind, 1)
    assert first.shape == (240, 320, 3)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert (first == painted(kind, 1)).all()
    others = [painted(kind, seed) for seed in (2, 3)]
    assert all(np.abs(first - other).mean() > 0.02 for other in others)
    assert painted(kind, 1, 320, 240).shape == (320, 240, 3)


def test_copies_show_the_same_scene(tmp_path):
    copies = {
        shot.copy: scene for scene in plan(0) for shot in scene if shot.copy and scene[0].orientation == 1
    }
    for way, scene in copies.items():
        original, copy = scene[0], next(shot for shot in scene if shot.copy == way)
        write_scene(tmp_path, 0, (original, copy))
        a, b = (np.asarray(Image.open(tmp_path / shot.path)).astype(float) for shot in (original, copy))
        if way == "mirror":
            assert np.abs(a - b[:, ::-1]).mean() < 8
        elif way == "crop":
            assert 0.6 < b.size / a.size < 0.9
        else:
            assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("kind", list(Kind))
def test_a_field_is_even_and_joins_its_own_other_side(kind):
    field = whole(kind)
    assert abs(float(field.mean())) < 1e-3
    assert float(field.std()) == pytest.approx(1, abs=1e-3)
    seam, inside = np.abs(field[0] - field[-1]).mean(), np.abs(field[500] - field[501]).mean()
    assert seam == pytest.approx(inside, rel=0.25)
    cut = piece(np.random.default_rng(0), 50, 70, kind=kind, zoom=1.5, stretch=2)
    assert cut.shape == (50, 70)
    assert float(cut.std()) == pytest.approx(1, abs=1e-3)


def test_brushes_equal_their_formulas():
    rng = np.random.default_rng(0)
    picture, other = rng.random((2, 5, 7, 3), dtype=np.float32)
    mask, tone, light = rng.random((5, 7), dtype=np.float32), colour("ff8000"), colour("0000ff")
    assert shaded(tone, mask) == pytest.approx(mask[..., None] * tone, abs=1e-6)
    assert blend(tone, light, mask) == pytest.approx(tone + (light - tone) * mask[..., None], abs=1e-6)
    for paint in (tone, other):
        result = picture.copy()
        over(result, paint, mask)
        assert result == pytest.approx(picture * (1 - mask[..., None]) + paint * mask[..., None], abs=1e-6)
