import json

import numpy as np
import pytest
from picture_factory import quadrants, saved
from PIL import Image

from hashviewer.errors import CheckpointError
from hashviewer.images import Preprocessing, decode


@pytest.mark.parametrize(
    "value",
    [Preprocessing(), Preprocessing(size=192, fit="squash", interpolation="bilinear", mean=0.5, scale=2.0)],
)
def test_preprocessing_survives_json(value):
    assert Preprocessing.from_json(value.to_json()) == value


def test_equal_values_give_equal_text():
    assert Preprocessing(mean=127).to_json() == Preprocessing(mean=127.0).to_json()
    assert Preprocessing.from_json('{"size": 224.0}').to_json() == Preprocessing().to_json()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"size": "224"}', "no number for “size”"),
        ('{"size": Infinity}', "no number for “size”"),
        ('{"fit": "stretch"}', "“stretch” is unknown"),
        ('{"rotate": 1}', "“rotate”"),
        ('{"scale": 0}', "zero"),
        ('{"size": 0}', "outside 1 to 4096"),
        ('{"crop_fraction": 1.5}', "outside 0 to 1"),
        ('{"interpolation": "nearest"}', "“nearest” is unknown"),
    ],
)
def test_a_description_that_cannot_be_followed_is_refused_in_words(text, reason):
    with pytest.raises(CheckpointError, match=reason):
        Preprocessing.from_json(text)


def test_json_is_plain_so_that_other_programs_read_it():
    assert json.loads(Preprocessing().to_json())["crop_fraction"] == 0.875


def framed(width, height, left, top):
    """Green, with a red frame of the given widths."""
    pixels = np.full((height, width, 3), (220, 30, 30), np.uint8)
    pixels[top : height - top, left : width - left] = (30, 200, 30)
    return saved(Image.fromarray(pixels), "PNG")


def test_crop_keeps_the_centre_square_of_the_short_edge_times_the_fraction():
    # 480 × 320: the crop is 320 * 0.875 = 280 px wide, so 100 px go on each side and 20 above and below
    pixels = decode(framed(480, 320, 98, 18), Preprocessing()).pixels
    assert pixels.shape == (224, 224, 3)
    assert np.abs(pixels.astype(int) - (30, 200, 30)).max() <= 12
    outside = decode(framed(480, 320, 104, 24), Preprocessing()).pixels
    for edge in (outside[0], outside[-1], outside[:, 0], outside[:, -1]):
        assert np.abs(edge.astype(int) - (220, 30, 30)).max() <= 12


def test_squash_shows_the_whole_picture():
    pixels = decode(saved(quadrants(480, 240), "PNG"), Preprocessing(size=64, fit="squash")).pixels
    assert pixels.shape == (64, 64, 3)
    assert pixels[2, 29, 0] > 200
    assert pixels[2, 34, 1] > 180


def test_bilinear_and_bicubic_differ():
    data = saved(quadrants(), "PNG")
    one = decode(data, Preprocessing(interpolation="bilinear")).pixels
    other = decode(data, Preprocessing(interpolation="bicubic")).pixels
    assert (one != other).any()
