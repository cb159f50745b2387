import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from picture_factory import BLUE, FORMATS, GREEN, RED, YELLOW, corner_colours, exif, quadrants, saved, scene
from PIL import Image

from hashviewer.images import Preprocessing, content_hash, decode, decode_thumbnail, load_upright

STANDARD = Preprocessing()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_for_network_thumbnail_and_eye(name):
    decoded = decode(saved(quadrants(), name), STANDARD)
    assert (decoded.format, decoded.width, decoded.height, decoded.orientation) == (name, 320, 240, 1)
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.flags.writeable
    whole = load_upright(saved(quadrants(), name))
    assert whole.shape == (240, 320, 3)
    for pixels in (decoded.pixels, decode_thumbnail(decoded.thumbnail), whole):
        np.testing.assert_allclose(corner_colours(pixels), (RED, GREEN, BLUE, YELLOW), atol=6)


@pytest.mark.parametrize("name", FORMATS)
def test_content_decides_and_not_the_suffix(name, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(saved(quadrants(), name))
    assert decode(path, STANDARD).format == name


@pytest.mark.parametrize("name", FORMATS)
def test_path_bytes_and_four_threads_give_the_same(name, tmp_path):
    data = saved(scene(900, 640), name)
    path = tmp_path / "photo"
    path.write_bytes(data)
    expected = decode(data, STANDARD)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda source: decode(source, STANDARD), [path, data] * 6))
    for result in results:
        np.testing.assert_array_equal(result.pixels, expected.pixels)
        assert result.thumbnail == expected.thumbnail


@pytest.mark.parametrize(
    "size", [(2016, 1512), (1201, 801), (640, 480), (300, 200), (90, 700), (7, 5), (1, 1)]
)
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_the_scaled_way_looks_like_the_plain_one(name, size):
    best = {"quality": 95, "subsampling": 0} if name == "JPEG" else {"compress_level": 1}
    data = saved(scene(*size), name, **best)
    decoded = decode(data, STANDARD)
    width, height = size
    edge = min(size) * 0.875
    box = ((width - edge) / 2, (height - edge) / 2, (width + edge) / 2, (height + edge) / 2)
    plain = Image.open(io.BytesIO(data)).resize((224, 224), Image.Resampling.BICUBIC, box=box)
    assert np.abs(decoded.pixels.astype(float) - np.asarray(plain)).mean() < 1.0
    assert (decoded.width, decoded.height) == size


@pytest.mark.parametrize(
    "size", [(2016, 1512), (1500, 1000), (1000, 30), (500, 499), (321, 200), (400, 2000)]
)
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_a_thumbnail_fits_its_edge_and_keeps_the_shape(name, size):
    data = saved(scene(*size), name, **({"compress_level": 1} if name == "PNG" else {}))
    thumbnail = decode_thumbnail(decode(data, STANDARD).thumbnail)
    height, width = thumbnail.shape[:2]
    assert 217 <= max(width, height) <= 256
    assert abs(width / height / (size[0] / size[1]) - 1) < 0.15
    smaller = decode_thumbnail(decode(data, STANDARD, thumbnail_edge=96).thumbnail)
    assert max(smaller.shape) <= 96


def test_a_small_picture_is_not_enlarged():
    thumbnail = decode_thumbnail(decode(saved(quadrants(40, 30), "PNG"), STANDARD).thumbnail)
    assert thumbnail.shape == (30, 40, 3)


def test_a_small_jpeg_is_its_own_thumbnail_without_what_it_tells_about_its_owner():
    image = scene(300, 240)
    data = saved(image, "JPEG", exif=exif(taken="2024:01:02 03:04:05"), comment="Owner: Jane", quality=70)
    thumbnail = decode(data + b"appended: Jane", STANDARD).thumbnail
    np.testing.assert_array_equal(decode_thumbnail(thumbnail), decode_thumbnail(data))
    assert b"Exif" not in thumbnail
    assert b"Jane" not in thumbnail


def test_a_grey_jpeg_is_read_and_shown_as_rgb():
    decoded = decode(saved(Image.new("L", (300, 200), 77), "JPEG"), STANDARD)
    assert np.abs(decoded.pixels.astype(int) - 77).max() <= 1
    assert np.abs(decode_thumbnail(decoded.thumbnail).astype(int) - 77).max() <= 1


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
@pytest.mark.parametrize("edge", [64, 500, 1200, 5000])
def test_the_photo_view_gets_what_fits_and_never_an_enlargement(name, edge):
    whole = load_upright(saved(scene(1200, 900), name), max_edge=edge)
    assert whole.shape == (min(edge, 1200) * 3 // 4, min(edge, 1200), 3)


def test_the_date_of_the_exposure_comes_before_that_of_the_file():
    block = exif(taken="2024:05:06 07:08:09", taken_original="2020:01:02 03:04:05")
    assert decode(saved(quadrants(), "JPEG", exif=block), STANDARD).taken == 1577934245.0
    only = exif(taken="1969:12:31 23:59:59")
    assert decode(saved(quadrants(), "JPEG", exif=only), STANDARD).taken == -1.0


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF", "HEIC", "AVIF"])
def test_other_formats_tell_their_date_too(name):
    data = saved(quadrants(), name, exif=exif(taken="2020:01:02 03:04:05"))
    assert decode(data, STANDARD).taken == 1577934245.0


@pytest.mark.parametrize(
    "text", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2024:13:01 00:00:00", "yesterday"]
)
def test_a_date_that_is_none_is_left_out(text):
    assert decode(saved(quadrants(), "JPEG", exif=exif(taken=text)), STANDARD).taken is None


def test_the_hash_is_of_the_content():
    assert content_hash(b"") == "99aa06d3014798d86001c324468d497f"
    assert content_hash(b"one") != content_hash(b"two")


@pytest.mark.shared
def test_real_photos_are_all_read(shared_photos):
    for path in sorted(shared_photos.rglob("*.jpg"))[::40]:
        assert decode(path, STANDARD).format == "JPEG"
