import struct
import zlib

import numpy as np
import pytest
import simplejpeg
from picture_factory import ADOBE_RGB, SRGB, matrix_profile, quadrants, saved
from PIL import Image, ImageCms

from hashviewer.images import Preprocessing, decode, decode_thumbnail, load_upright
from hashviewer.images.colour import is_srgb

MILD = (
    (170, 90, 80),
    (90, 140, 100),
    (80, 90, 150),
    (200, 190, 120),
)  # inside sRGB in every profile used here


def expected_srgb(colour, matrix, gamma):
    """The textbook's way from a matrix profile to sRGB, for one colour."""
    linear = [(level / 255) ** gamma for level in colour]
    xyz = [sum(matrix[row][column] * linear[column] for column in range(3)) for row in range(3)]
    target = np.linalg.solve(SRGB, xyz)
    encoded = [12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in target]
    return [255 * value for value in encoded]


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "HEIC", "AVIF"])
def test_an_embedded_profile_is_converted_to_srgb(name):
    profile = matrix_profile(ADOBE_RGB, 2.2, "A wide one")
    options = {"quality": 95} if name in ("JPEG", "WEBP", "HEIC", "AVIF") else {}
    for colour in MILD:
        data = saved(Image.new("RGB", (320, 240), colour), name, icc_profile=profile, **options)
        expected = expected_srgb(colour, ADOBE_RGB, 2.2)
        assert np.abs(np.array(expected) - colour).max() > 5  # else the test would say nothing
        decoded = decode(data, Preprocessing())
        for pixels in (decoded.pixels, decode_thumbnail(decoded.thumbnail), load_upright(data)):
            np.testing.assert_allclose(pixels.reshape(-1, 3).mean(0), expected, atol=4)


def test_a_profile_with_swapped_primaries_swaps_the_channels():
    profile = matrix_profile(SRGB[:, ::-1], 2.2, "sRGB by name only")
    data = saved(Image.new("RGB", (50, 50), (200, 100, 20)), "PNG", icc_profile=profile)
    found = load_upright(data)[25, 25]
    np.testing.assert_allclose(found, expected_srgb((200, 100, 20), SRGB[:, ::-1], 2.2), atol=2)
    np.testing.assert_allclose(found, (20, 100, 200), atol=10)


def test_srgb_under_any_name_changes_no_pixel():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = quadrants()
    np.testing.assert_array_equal(load_upright(saved(image, "PNG", icc_profile=profile)), np.asarray(image))
    assert is_srgb(profile, "RGB")
    assert not is_srgb(matrix_profile(ADOBE_RGB, 2.2, "sRGB"), "RGB")


def test_a_small_jpeg_with_a_wide_profile_is_not_its_own_thumbnail():
    profile = matrix_profile(ADOBE_RGB, 2.2, "wide")
    data = saved(Image.new("RGB", (200, 200), MILD[0]), "JPEG", icc_profile=profile, quality=95)
    pixels = decode_thumbnail(decode(data, Preprocessing()).thumbnail)
    np.testing.assert_allclose(pixels[100, 100], expected_srgb(MILD[0], ADOBE_RGB, 2.2), atol=4)


def test_grey_pixels_with_an_rgb_profile_follow_its_curve():
    profile = matrix_profile(SRGB, 1.0, "linear")
    for name in ("JPEG", "PNG"):
        data = saved(Image.new("L", (64, 64), 60), name, icc_profile=profile)
        expected = expected_srgb((60, 60, 60), SRGB, 1.0)
        np.testing.assert_allclose(load_upright(data)[30, 30], expected, atol=3)
        assert (
            abs(int(decode_thumbnail(decode(data, Preprocessing()).thumbnail)[30, 30, 0]) - expected[0]) < 4
        )


@pytest.mark.parametrize(
    "profile", [b"no profile at all", b"\0" * 200, matrix_profile(SRGB, 1.0, "cut")[:300]]
)
def test_an_unusable_profile_is_ignored(profile):
    image = quadrants()
    np.testing.assert_array_equal(load_upright(saved(image, "PNG", icc_profile=profile)), np.asarray(image))


def without_adobe_mark(data):
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


def test_cmyk_is_read_as_inks_whether_stored_plain_or_inverted_as_adobe_does():
    inks = (40, 200, 120, 30)
    expected = [(255 - ink) * (255 - inks[3]) / 255 for ink in inks[:3]]
    plain = Image.new("CMYK", (300, 200), inks)
    inverted = Image.new("CMYK", (300, 200), tuple(255 - ink for ink in inks))
    files = {
        "TIFF": saved(plain, "TIFF"),
        "JPEG by Adobe": saved(plain, "JPEG", quality=95),  # Pillow inverts and marks it
        "JPEG": without_adobe_mark(saved(inverted, "JPEG", quality=95)),
    }
    stored = np.asarray(inverted)
    files["JPEG as YCCK"] = simplejpeg.encode_jpeg(
        stored, quality=95, colorspace="CMYK", colorsubsampling="444"
    )
    for data in files.values():
        decoded = decode(data, Preprocessing())
        for pixels in (decoded.pixels, decode_thumbnail(decoded.thumbnail), load_upright(data)):
            np.testing.assert_allclose(pixels.reshape(-1, 3).mean(0), expected, atol=4)


def test_sixteen_bits_are_scaled_and_not_clipped():
    levels = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(64, 0)
    for name in ("PNG", "TIFF"):
        whole = load_upright(saved(Image.fromarray(levels), name))
        assert np.abs(whole[0, :, 0].astype(int) - np.arange(256)).max() <= 1
        assert (whole[..., 0] == whole[..., 2]).all()


def test_sixteen_bits_of_colour_are_scaled():
    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    row = b"\0" + struct.pack(">3H", 0xFFFF, 0x8000, 0x1000) * 8
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 4, 16, 2, 0, 0, 0))
    data += chunk(b"IDAT", zlib.compress(row * 4)) + chunk(b"IEND", b"")
    np.testing.assert_allclose(load_upright(data)[1, 1], (255, 128, 16), atol=1)


def tiff_of_16_bits(samples, photometric):
    """An uncompressed little-endian TIFF of one strip, (H, W, C) uint16."""
    height, width, channels = samples.shape
    bits_at = 8 + 2 + 12 * 9 + 4
    data_at = bits_at + 8
    bits = (258, 3, channels, bits_at) if channels > 2 else (258, 3, channels, 16)
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), bits, (259, 3, 1, 1), (262, 3, 1, photometric),
        (273, 4, 1, data_at), (277, 3, 1, channels), (278, 4, 1, height), (279, 4, 1, samples.nbytes),
    ]  # fmt: skip
    folder = struct.pack("<H", 9) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + folder + struct.pack("<4H", *[16] * 4) + samples.tobytes()


@pytest.mark.parametrize(
    ("levels", "photometric", "expected"),
    [
        ((0xFFFF, 0x8000, 0x1000), 2, (255, 128, 16)),  # RGB
        ((0x8000,), 1, (128, 128, 128)),  # grey, black is 0
        ((0x1000,), 0, (239, 239, 239)),  # grey, white is 0
        ((0, 0xFFFF, 0x8000, 0), 5, (255, 0, 127)),  # CMYK
    ],
)
def test_a_tiff_of_16_bits_is_read(levels, photometric, expected):
    samples = np.full((40, 50, len(levels)), levels, np.uint16)
    data = tiff_of_16_bits(samples, photometric)
    np.testing.assert_allclose(load_upright(data)[20, 20], expected, atol=1)
    np.testing.assert_allclose(decode(data, Preprocessing()).pixels[20, 20], expected, atol=1)


def test_floating_point_counts_as_0_to_1():
    image = Image.fromarray(np.full((30, 30), 0.5, np.float32))
    np.testing.assert_allclose(load_upright(saved(image, "TIFF"))[3, 3], (128, 128, 128), atol=1)


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF", "AVIF", "HEIC"])
def test_transparent_pixels_lie_on_white(name):
    half = Image.new("RGBA", (60, 60), (200, 0, 0, 128))
    np.testing.assert_allclose(load_upright(saved(half, name))[30, 30], (227, 127, 127), atol=5)


def test_palettes_and_their_transparent_colour_are_read():
    image = quadrants(64, 64).quantize(8)
    whole = load_upright(saved(image, "PNG"))
    np.testing.assert_allclose(whole[5, 5], (220, 30, 30), atol=8)
    hidden = load_upright(saved(image, "PNG", transparency=image.getpixel((5, 5))))
    assert hidden[5, 5].tolist() == [255, 255, 255]
    assert hidden[60, 60].tolist() == whole[60, 60].tolist()


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (50, 40), colour) for colour in ("red", "blue")]
    for name in ("GIF", "WEBP", "PNG"):
        data = saved(frames[0], name, save_all=True, append_images=frames[1:])
        np.testing.assert_allclose(load_upright(data)[20, 20], (255, 0, 0), atol=4)


def test_black_and_white_is_read():
    assert load_upright(saved(Image.new("1", (20, 20), 1), "TIFF")).min() == 255
