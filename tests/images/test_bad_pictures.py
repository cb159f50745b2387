import os
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_factory import CARRY_EXIF, FORMATS, claiming, exif, png_of_size, quadrants, saved, scene
from PIL import Image

from hashviewer.errors import ImageError
from hashviewer.images import MAX_PIXELS, Preprocessing, decode, decode_thumbnail, load_upright
from hashviewer.images import limits as limits_module
from hashviewer.images.formats.quiet import quiet

STANDARD = Preprocessing()


def refusal(source):
    """The sentence with which a bad file is refused, the same for the network and for the eye."""
    with pytest.raises(ImageError) as one:
        decode(source, STANDARD)
    with pytest.raises(ImageError) as other:
        load_upright(source)
    assert str(one.value) == str(other.value)
    assert str(one.value).startswith(("This ", "AVIF "))
    assert str(one.value).endswith(".")
    return str(one.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "This file is empty: it has 0 bytes."),
        (b"just a few words\n", "not a picture but a text"),
        ("Käse und Öl".encode(), "not a picture"),
        (bytes(5000), "only zeros"),
        (bytes(range(200, 240)), "not a picture of a known format"),
        (b"%PDF-1.7\n...", "not a picture but a PDF document."),
        (b"%PDF-1.7\ntrailer << /Encrypt 5 0 R >>", "a PDF document, protected by a password."),
        (b"PK\x03\x04\x14\0\0\0rest", "a ZIP archive."),
        (b"PK\x03\x04\x14\0\x01\0rest", "a ZIP archive, protected by a password."),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isom", "a film"),
        (b"\0\0\0\x18ftypcrx \0\0\0\0isom", "a film"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "a sound or a film"),
        (b"\xff\xd8\xff", "This JPEG is cut off: the file ends before the picture begins."),
        (b"\xff\xd8\xff\xe0garbage that goes on and on" * 9, "This JPEG is"),
        (b"\x89PNG\r\n\x1a\n", "This PNG picture is"),
        (b"BM the beginning of a text about the company", "a text"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(content, reason, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    assert reason in refusal(path)
    assert reason in refusal(content)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_that_is_cut_off_is_refused(name, share):
    data = saved(scene(300, 200), name)
    assert "cut off" in refusal(data[: int(len(data) * share)])


def test_a_jpeg_that_is_cut_off_anywhere_is_refused():
    for progressive in (False, True):
        data = saved(scene(64, 48), "JPEG", progressive=progressive)
        for end in range(1, len(data) - 2):
            with pytest.raises(ImageError):
                decode(data[:end], STANDARD)


def test_a_jpeg_that_only_lacks_its_end_marker_is_whole():
    data = saved(scene(300, 200), "JPEG")
    assert (decode(data[:-2], STANDARD).pixels == decode(data, STANDARD).pixels).all()


def test_a_jpeg_with_padding_before_its_end_is_whole_but_a_hole_of_zeros_is_not():
    data = saved(scene(300, 200), "JPEG")
    assert (decode(data[:-2] + b"\0\0\0" + data[-2:], STANDARD).pixels == decode(data, STANDARD).pixels).all()
    middle = len(data) // 2
    assert "cut off" in refusal(data[:middle] + bytes(len(data) - middle))


def test_trailing_bytes_do_no_harm():
    for name in FORMATS:
        data = saved(quadrants(), name)
        assert (decode(data + b"more" * 50, STANDARD).pixels == decode(data, STANDARD).pixels).all()


@pytest.mark.parametrize("name", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "HEIC"])
def test_a_header_that_claims_too_many_pixels_is_refused(name):
    assert "This picture is too large: " in refusal(claiming(name, 60_000, 60_000))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "BMP", "TIFF"])
def test_the_limit_is_exact_and_checked_before_anything_is_allocated(name, monkeypatch):
    monkeypatch.setattr(Image.core, "new", lambda *_: pytest.fail("pixels were allocated"))
    message = refusal(claiming(name, MAX_PIXELS // 10_000 + 1, 10_000))
    assert "This picture is too large: 25,001 × 10,000 pixels" in message


def test_a_header_without_pixels_is_damage():
    assert "damaged" in refusal(png_of_size(0, 10))
    assert "without pixels" in refusal(claiming("JPEG", 64, 0))


def test_an_encrypted_heic_says_so():
    data = saved(quadrants(), "HEIC")
    at = data.index(b"hvcC")
    assert "encrypted" in refusal(data[:at] + b"ipro" + data[at + 4 :])


def test_a_file_that_vanished_or_is_a_folder_is_refused(tmp_path):
    assert "no longer there" in refusal(tmp_path / "gone.jpg")
    assert "a folder" in refusal(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "a device" in refusal(tmp_path / "pipe.jpg")


def test_a_file_without_permission_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(b"x")

    def forbidden(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)  # root may read everything, so the mode alone proves nothing
    assert "permissions" in refusal(tmp_path / "a.jpg")


def test_a_drive_that_fails_is_reported_in_its_own_words(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(b"x")

    def failing(*_args, **_options):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", failing)
    assert "Input/output error" in refusal(tmp_path / "a.jpg")


def test_a_damaged_thumbnail_is_an_image_error():
    with pytest.raises(ImageError, match="thumbnail"):
        decode_thumbnail(b"")


def test_odd_exif_in_a_tiff_warns_nobody():
    data = bytearray(saved(quadrants(), "TIFF", exif=exif(taken="2020:01:02 03:04:05")))
    data[8 + 2 : 8 + 4] = b"\xff\xff"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with suppress(ImageError):
            decode(bytes(data), STANDARD)
    assert caught == []


@pytest.mark.skipif(sys.platform == "win32", reason="there libtiff cannot be reached")
def test_damage_in_a_compressed_tiff_writes_nothing_to_stderr(capfd):
    for compression in ("tiff_lzw", "jpeg", "tiff_adobe_deflate"):
        data = bytearray(saved(scene(64, 48), "TIFF", compression=compression))
        data[300:600] = b"\xff\xd8\x00" * 100
        with suppress(ImageError):
            decode(bytes(data), STANDARD)
    assert capfd.readouterr() == ("", "")


def test_threads_that_leave_in_another_order_restore_the_warnings():
    before = list(warnings.filters)
    inside, leave = threading.Event(), threading.Event()

    def stay():
        with quiet():
            inside.set()
            leave.wait(10)

    with ThreadPoolExecutor(1) as pool:
        with quiet():
            late = pool.submit(stay)
            assert inside.wait(10)
        warnings.warn("nobody hears this", stacklevel=1)
        leave.set()
        late.result()
    assert list(warnings.filters) == before


@cache
def sample(name):
    options = {"exif": exif(6, taken="2020:01:02 03:04:05")} if name in CARRY_EXIF else {}
    return saved(scene(64, 48), name, **options)


def survives(data):
    """Read, or refused in words: nothing else may happen."""
    limit = limits_module.MAX_PIXELS
    limits_module.MAX_PIXELS = 2_000_000  # a flipped bit may claim a gigabyte, which is no use to wait for
    try:
        said, shape = "", None
        try:
            shape = decode(data, STANDARD).pixels.shape
        except ImageError as error:
            said = str(error)
        assert shape == (STANDARD.size, STANDARD.size, 3) or said.endswith(".")
    finally:
        limits_module.MAX_PIXELS = limit


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_never_fail_otherwise(data):
    survives(data)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(FORMATS), st.binary(max_size=200), st.integers(4, 60))
def test_random_bytes_behind_a_true_beginning_never_fail_otherwise(name, data, kept):
    survives(sample(name)[:kept] + data)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FORMATS), st.floats(0, 1))
def test_random_cuts_never_fail_otherwise(name, share):
    survives(sample(name)[: int(len(sample(name)) * share)])


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    st.sampled_from([200, 100_000]),
)
def test_random_damage_never_fails_otherwise(name, changes, reach):
    """In the header (the first 200 bytes), where lengths and sizes stand, and anywhere."""
    data = bytearray(sample(name))
    for share, value in changes:
        data[int(share * min(reach, len(data)))] = value
    survives(bytes(data))


def test_damage_leaves_no_open_file(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(sample("TIFF")[:300])
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    for _ in range(20):
        with pytest.raises(ImageError):
            decode(path, STANDARD)
    assert before == (len(os.listdir("/proc/self/fd")) if before else 0)
