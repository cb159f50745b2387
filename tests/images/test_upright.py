import io
import struct

import numpy as np
import pillow_heif
import pytest
from picture_factory import BLUE, CARRY_EXIF, GREEN, RED, YELLOW, corner_colours, exif, quadrants, saved

from hashviewer.images import Preprocessing, decode, decode_thumbnail, load_upright
from hashviewer.images.exif import parse_exif

UPRIGHT = (RED, GREEN, BLUE, YELLOW)
# How a camera stores an upright picture under each orientation: which corner of the scene lies where in the file
# (upper left, upper right, lower left, lower right)
STORED = {
    1: (RED, GREEN, BLUE, YELLOW),
    2: (GREEN, RED, YELLOW, BLUE),
    3: (YELLOW, BLUE, GREEN, RED),
    4: (BLUE, YELLOW, RED, GREEN),
    5: (RED, BLUE, GREEN, YELLOW),
    6: (GREEN, YELLOW, RED, BLUE),
    7: (YELLOW, GREEN, BLUE, RED),
    8: (BLUE, RED, YELLOW, GREEN),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", CARRY_EXIF)
def test_every_orientation_comes_out_upright_everywhere(name, orientation):
    size = (240, 320) if orientation >= 5 else (320, 240)
    image = quadrants(*size, colours=STORED[orientation])
    data = saved(image, name, exif=exif(orientation))
    decoded = decode(data, Preprocessing())
    assert (decoded.width, decoded.height, decoded.orientation) == (320, 240, orientation)
    thumbnail = decode_thumbnail(decoded.thumbnail)
    assert thumbnail.shape[1] > thumbnail.shape[0]
    for pixels in (decoded.pixels, thumbnail, load_upright(data), load_upright(data, max_edge=100)):
        np.testing.assert_allclose(corner_colours(pixels), UPRIGHT, atol=6)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF"])
def test_a_large_turned_picture_is_upright_too(name):
    data = saved(quadrants(1200, 1600, colours=STORED[6]), name, exif=exif(6))
    decoded = decode(data, Preprocessing())
    assert (decoded.width, decoded.height) == (1600, 1200)
    for pixels in (decoded.pixels, decode_thumbnail(decoded.thumbnail)):
        np.testing.assert_allclose(corner_colours(pixels), UPRIGHT, atol=6)


def test_heic_is_turned_by_its_container_and_not_again_by_exif():
    """The standard makes the container's mark the only one that counts; cameras write both."""
    pillow_heif.register_heif_opener()
    target = io.BytesIO()
    quadrants().save(target, "HEIF", exif=exif(6))  # in this form pillow-heif leaves the container's mark out
    assert b"irot" not in target.getvalue()
    decoded = decode(target.getvalue(), Preprocessing())
    assert (decoded.width, decoded.height, decoded.orientation) == (320, 240, 6)
    np.testing.assert_allclose(corner_colours(decoded.pixels), UPRIGHT, atol=6)


def test_turning_costs_no_accuracy():
    """The network sees the same pixels, whether the file is stored upright or turned."""
    image = quadrants(331, 247)
    upright = decode(saved(image, "PNG"), Preprocessing()).pixels
    turned = decode(saved(image.rotate(90, expand=True), "PNG", exif=exif(6)), Preprocessing()).pixels
    assert np.abs(upright.astype(int) - turned).max() <= 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_are_read(order):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, 8, 0)
    block = mark + struct.pack(order + "IH", 8, 1) + entry + bytes(4)
    assert parse_exif(block).orientation == 8
    assert parse_exif(b"Exif\0\0" + block).orientation == 8


def test_damaged_exif_counts_as_none():
    block = exif(6, taken="2020:01:02 03:04:05").tobytes()
    for cut in range(len(block)):
        assert parse_exif(block[:cut]).orientation in (1, 6)
    assert parse_exif(b"garbage").orientation == 1
    nonsense = b"II*\0" + struct.pack("<IHHHIHH", 8, 1, 0x0112, 3, 1, 99, 0)
    assert parse_exif(nonsense).orientation == 1
