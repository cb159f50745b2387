import os
import shutil
import threading
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from encoding_fakes import ArithmeticEngine, FailingEngine, make_photos, picture_bytes, touch_later

from hashviewer import codes as packed
from hashviewer.encoding import encode_library, index
from hashviewer.errors import EncodingError, ImageError, LibraryError
from hashviewer.images import Preprocessing, decode
from hashviewer.library import Library, LibraryWriter, create_code_only
from hashviewer.networks import read_card
from hashviewer.progress import Cancelled

KEY = "photos-64"


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """Indexing with arithmetic instead of a network; tests may put another engine in its place."""
    place = [ArithmeticEngine()]
    monkeypatch.setattr("hashviewer.encoding.indexing.open_engine", lambda model, **_: place[0])
    return place


@pytest.fixture
def photos(tmp_path):
    make_photos(tmp_path / "photos", 12)
    return tmp_path / "photos"


@pytest.fixture
def run(photos, tmp_path, model) -> Callable:
    def run(**options):
        return index(photos, tmp_path / "lib", model=model, **options)

    return run


def opened(tmp_path):
    return Library.open(tmp_path / "lib")


def living_paths(library):
    return sorted(library.path_of(row) for row in np.flatnonzero(library.alive & ~library.missing))


def test_a_folder_becomes_a_library_with_codes_labels_and_thumbnails(run, photos, tmp_path, model, engine):
    report = run()
    assert (report.added, report.encoded, report.problems, report.cancelled) == (12, 12, 0, False)
    assert report.photos_per_second > 0
    card = read_card(model)
    with opened(tmp_path) as library:
        assert living_paths(library) == sorted(
            str(path.relative_to(photos)) for path in photos.rglob("*.jpg")
        )
        codes, encoded = library.codes(KEY)
        assert encoded.all()
        for row in range(12):
            decoded = decode(library.full_path(row), card.preprocessing)
            outputs = engine[0].encode(decoded.pixels[None]).outputs[0]
            assert codes[row].tobytes() == packed.from_outputs(outputs).tobytes()
            assert library.thumbnail(row) == decoded.thumbnail
            parts = library.path_of(row).split("/")
            assert library.photo(row).label == (parts[0] if len(parts) > 1 else "")
        (info,) = library.code_sets
        assert (info.key, info.engine, info.precision) == (KEY, "openvino", "float32")
        assert (info.model_sha256, info.bits) == (card.sha256, 64)
        assert info.preprocessing == card.preprocessing.to_json()


def test_rows_follow_the_paths(run, tmp_path):
    run()
    with opened(tmp_path) as library:
        assert [library.path_of(row) for row in range(12)] == living_paths(library)


def test_rows_follow_the_paths_however_slow_a_photo_is_and_however_often_segments_are_written(
    run, tmp_path, monkeypatch
):
    others = threading.Semaphore(0)
    first = decode(tmp_path / "photos" / "beach" / "photo-0002.jpg", Preprocessing()).pixels.tobytes()

    def slow_first(data, preprocessing):
        decoded = decode(data, preprocessing)
        if decoded.pixels.tobytes() == first:
            for _ in range(5):
                assert others.acquire(timeout=20)
        others.release()
        return decoded

    monkeypatch.setattr("hashviewer.encoding.pipeline.decode", slow_first)
    monkeypatch.setattr("hashviewer.encoding.committing._PAUSES", ())
    monkeypatch.setattr("hashviewer.encoding.committing._LONGEST_PAUSE", 0.0)
    run()
    with opened(tmp_path) as library:
        assert [library.path_of(row) for row in range(12)] == living_paths(library)


def test_a_second_run_reads_no_file_and_starts_no_engine(run, monkeypatch):
    run()

    def forbidden(*_, **__):
        raise AssertionError("a file was read or an engine started")

    monkeypatch.setattr("hashviewer.encoding.pipeline.read_picture", forbidden)
    monkeypatch.setattr("hashviewer.encoding.indexing.open_engine", forbidden)
    report = run()
    assert (report.added, report.unchanged, report.encoded) == (0, 12, 0)


def test_only_new_photos_are_decoded(run, photos, tmp_path, monkeypatch):
    run()
    make_photos(photos / "later", 3, seed=100)
    decoded = []

    def note(data, preprocessing):
        decoded.append(data)
        return decode(data, preprocessing)

    monkeypatch.setattr("hashviewer.encoding.pipeline.decode", note)
    assert run().added == 3
    assert len(decoded) == 3


def test_a_changed_file_gets_a_new_row_and_the_old_one_is_superseded(run, photos, tmp_path):
    run()
    victim = photos / "beach" / "photo-0002.jpg"
    victim.write_bytes(picture_bytes(999, width=120, height=80))
    report = run()
    assert (report.added, report.changed, report.unchanged) == (0, 1, 11)
    with opened(tmp_path) as library:
        assert len(library) == 13
        assert library.alive.sum() == 12
        assert library.photo(12).path == "beach/photo-0002.jpg"
        assert (library.photo(12).width, library.codes(KEY)[1][12]) == (120, True)


def test_a_file_that_was_only_touched_keeps_its_row_and_is_not_decoded(run, photos, tmp_path, monkeypatch):
    run()
    touch_later(photos / "town" / "photo-0003.jpg")
    monkeypatch.setattr("hashviewer.encoding.pipeline.decode", None)
    report = run()
    assert (report.changed, report.moved, report.unchanged) == (0, 0, 12)
    assert run().unchanged == 12
    with opened(tmp_path) as library:
        assert len(library) == 12


def test_a_vanished_file_is_marked_and_comes_back(run, photos, tmp_path):
    run()
    (photos / "town" / "photo-0001.jpg").rename(tmp_path / "aside.jpg")
    assert run().missing == 1
    with opened(tmp_path) as library:
        (row,) = np.flatnonzero(library.missing)
        assert library.path_of(row) == "town/photo-0001.jpg"
        assert library.thumbnail(row)
    (tmp_path / "aside.jpg").rename(photos / "town" / "photo-0001.jpg")
    assert run().unchanged == 12
    with opened(tmp_path) as library:
        assert not library.missing.any()


def test_a_moved_file_keeps_its_row_and_is_not_decoded(run, photos, tmp_path, monkeypatch):
    run()
    (photos / "new place").mkdir()
    (photos / "town" / "photo-0001.jpg").rename(photos / "new place" / "name.jpg")
    monkeypatch.setattr("hashviewer.encoding.pipeline.decode", None)
    report = run()
    assert (report.moved, report.added, report.missing) == (1, 0, 0)
    with opened(tmp_path) as library:
        assert len(library) == 12
        assert "new place/name.jpg" in living_paths(library)
        assert not library.missing.any()


def test_of_two_copies_of_a_vanished_photo_one_is_the_moved_one_and_one_is_new(run, photos, tmp_path):
    run()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy2(photos / "town" / "photo-0001.jpg", photos / name)
    (photos / "town" / "photo-0001.jpg").unlink()
    report = run()
    assert (report.moved, report.added) == (1, 1)
    with opened(tmp_path) as library:
        assert {"a.jpg", "b.jpg"} <= set(living_paths(library))


def test_bad_files_are_listed_with_reasons_not_tried_again_and_forgotten_when_mended(run, photos, tmp_path):
    bad = photos / "beach" / "broken.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0 not really")
    report = run()
    assert (report.added, report.problems) == (12, 1)
    with opened(tmp_path) as library:
        (problem,) = library.problems()
        assert problem.path == "beach/broken.jpg"
        assert len(problem.reason) > 10
    again = run()
    assert (again.problems, again.encoded) == (1, 0)
    bad.write_bytes(picture_bytes(77))
    touch_later(bad)
    mended = run()
    assert (mended.added, mended.problems) == (1, 0)


def test_the_problem_of_a_photo_that_was_put_back_as_it_was_is_forgotten(run, photos, tmp_path):
    run()
    photo = next(photos.rglob("*.jpg"))
    shutil.copy2(photo, tmp_path / "backup.jpg")
    photo.write_bytes(b"")
    assert run().problems == 1
    shutil.copy2(tmp_path / "backup.jpg", photo)
    report = run()
    assert (report.problems, report.changed, report.unchanged) == (0, 0, 12)
    with opened(tmp_path) as library:
        assert library.problems() == []


def test_the_problem_of_a_file_that_is_gone_is_forgotten(run, photos):
    bad = photos / "broken.png"
    bad.write_bytes(b"")
    assert run().problems == 1
    bad.unlink()
    assert run().problems == 0


def test_a_library_inside_the_photo_folder_is_not_scanned(photos, model):
    library = photos / "library"
    index(photos, library, model=model)
    (library / "photos" / "cover.jpg").write_bytes(picture_bytes(5))
    assert index(photos, library, model=model).added == 0


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_of_any_bytes_survive(run, photos, tmp_path):
    name = b"caf\xe9-\xff.jpg"
    (photos / os.fsdecode(name)).write_bytes(picture_bytes(50))
    assert run().added == 13
    with opened(tmp_path) as library:
        (row,) = (row for row in range(13) if os.fsencode(library.path_of(row)) == name)
        assert library.full_path(row).exists()
    assert run().unchanged == 13


def cancelling_after(photos_done):
    def progress(done, total=None, message=""):
        if message and total is not None and done >= photos_done:
            raise Cancelled

    return progress


def test_cancelling_keeps_what_is_done_and_the_next_run_does_the_rest(run, photos, tmp_path):
    make_photos(photos, 300, seed=1000)
    first = run(progress=cancelling_after(5))
    assert first.cancelled
    with opened(tmp_path) as library:
        assert len(library) == first.added == first.encoded >= 5
        assert library.codes(KEY)[1].all()
    second = run()
    assert first.added + second.added == 300
    assert not second.cancelled


def test_cancelling_during_the_scan_leaves_a_library_that_opens(run, tmp_path):
    def progress(done, total=None, message=""):
        raise Cancelled

    assert run(progress=progress).cancelled
    with opened(tmp_path) as library:
        assert len(library) == 0


def test_progress_counts_to_the_total_and_tells_the_pace(run):
    told = []
    run(progress=lambda done, total=None, message="": told.append((done, total, message)))
    counted = [(done, total) for done, total, _ in told if total is not None]
    assert counted[-1] == (12, 12)
    assert all(a <= b for a, b in pairwise(counted))
    assert "photos/s" in told[-1][2]


def test_what_is_reported_as_durable_adds_up(run):
    committed = []
    assert run(on_committed=committed.append).added == sum(committed) == 12


def test_photos_whose_codes_a_kill_has_cost_are_encoded_in_the_next_run(run, tmp_path, monkeypatch):
    def killed(*_, **__):
        raise SystemError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(LibraryWriter, "add_codes", killed)
        with pytest.raises(SystemError):
            run()
    with opened(tmp_path) as library:
        assert len(library) == 12
        assert library.code_sets == ()
    report = run()
    assert (report.added, report.encoded) == (0, 12)
    with opened(tmp_path) as library:
        assert library.codes(KEY)[1].all()


def test_another_model_gets_a_code_set_of_its_own(run, tmp_path, model):
    run()
    other = tmp_path / "other.safetensors"
    other.write_bytes(altered(model))
    report = encode_library(tmp_path / "lib", model=other)
    assert (report.added, report.encoded) == (0, 12)
    with opened(tmp_path) as library:
        assert {info.key for info in library.code_sets} == {KEY, "other"}
        assert library.codes("other")[1].all()
    assert encode_library(tmp_path / "lib", model=other).encoded == 0


def altered(model):
    """The checkpoint with its last weight changed: another checksum, the same card."""
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    return bytes(data)


def test_another_model_of_the_same_name_gets_another_key(run, tmp_path, model):
    run()
    (tmp_path / "elsewhere").mkdir()
    twin = tmp_path / "elsewhere" / model.name
    twin.write_bytes(altered(model))
    encode_library(tmp_path / "lib", model=twin)
    with opened(tmp_path) as library:
        keys = {info.key for info in library.code_sets}
    assert keys == {KEY, f"{KEY}-{read_card(twin).sha256[:8]}"}


def test_a_photo_that_has_changed_since_gets_no_code_of_another_model(run, photos, tmp_path, model):
    run()
    (photos / "town" / "photo-0001.jpg").write_bytes(picture_bytes(4321))
    (photos / "town" / "photo-0003.jpg").unlink()
    other = tmp_path / "other.safetensors"
    other.write_bytes(altered(model))
    assert encode_library(tmp_path / "lib", model=other).encoded == 10
    with opened(tmp_path) as library:
        without = {library.path_of(row) for row in np.flatnonzero(~library.codes("other")[1])}
    assert without == {"town/photo-0001.jpg", "town/photo-0003.jpg"}


def test_a_library_of_another_folder_is_refused(run, tmp_path, model):
    run()
    make_photos(tmp_path / "others", 2)
    with pytest.raises(LibraryError, match="holds the photos of"):
        index(tmp_path / "others", tmp_path / "lib", model=model)


def test_a_library_of_codes_alone_takes_no_photos_and_stays_as_it_was(run, tmp_path):
    create_code_only(tmp_path / "lib", np.zeros((3, 8), np.uint8), 64)
    with pytest.raises(LibraryError, match="codes without pictures"):
        run()
    with opened(tmp_path) as library:
        assert len(library) == 3
        assert not library.missing.any()


def test_a_folder_that_has_moved_as_a_whole_keeps_its_library(run, photos, tmp_path, model):
    run()
    photos.rename(tmp_path / "moved")
    report = index(tmp_path / "moved", tmp_path / "lib", model=model)
    assert (report.added, report.unchanged) == (0, 12)
    with opened(tmp_path) as library:
        assert library.full_path(3).exists()


def test_an_engine_that_fails_is_an_error_and_the_library_opens(run, tmp_path, engine):
    engine[0] = FailingEngine()
    with pytest.raises(EncodingError, match="the device is gone"):
        run()
    with opened(tmp_path) as library:
        assert len(library) == 0
    engine[0] = ArithmeticEngine()
    assert run().added == 12


class NotNumbers(ArithmeticEngine):
    def encode(self, pixels):
        encoded = super().encode(pixels)
        encoded.outputs[:] = np.nan
        return encoded


def test_outputs_that_are_not_numbers_are_refused_before_anything_is_written(run, tmp_path, engine):
    engine[0] = NotNumbers()
    with pytest.raises(EncodingError, match="not numbers"):
        run()
    with opened(tmp_path) as library:
        assert len(library) == 0


def test_a_full_disk_is_an_error_in_words_and_the_library_keeps_what_was_reported(
    run, tmp_path, monkeypatch, photos
):
    run()
    make_photos(photos / "more", 5, seed=300)

    def full(handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(LibraryError, match="disk is full"):
            run()
    with opened(tmp_path) as library:
        assert len(library) == 12
        assert library.codes(KEY)[1].all()
    assert run().added == 5


def test_a_drive_that_is_unplugged_ends_the_run_and_the_next_one_goes_on(run, photos, tmp_path, monkeypatch):
    from hashviewer.images.reading import read_picture

    def unplugged(path):
        if path.name > "photo-0005" and photos.exists():
            photos.rename(tmp_path / "unplugged")
        return read_picture(path)

    with monkeypatch.context() as patched:
        patched.setattr("hashviewer.encoding.pipeline.read_picture", unplugged)
        with pytest.raises(EncodingError, match=r"no longer there\. Plug its drive in"):
            run()
    (tmp_path / "unplugged").rename(photos)
    with opened(tmp_path) as library:
        done = len(library)
    assert done < 12
    report = run()
    assert (report.added, report.problems) == (12 - done, 0)


def test_a_file_that_could_not_be_read_for_a_passing_reason_is_tried_again(run, monkeypatch):
    from hashviewer.images.reading import read_picture

    def fails_once(path):
        if path.name == "photo-0007.jpg":
            raise ImageError("This file cannot be read: Input/output error.") from OSError(
                5, "Input/output error"
            )
        return read_picture(path)

    with monkeypatch.context() as patched:
        patched.setattr("hashviewer.encoding.pipeline.read_picture", fails_once)
        assert (run().problems, run().problems) == (1, 1)
    again = run()
    assert (again.added, again.problems) == (1, 0)


def test_two_runs_at_once_are_refused_in_words(run, tmp_path):
    run()
    with opened(tmp_path) as library, LibraryWriter(library), pytest.raises(LibraryError, match="writing"):
        run()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_photos_below_a_folder_that_may_not_be_read_are_not_marked_missing(run, photos, tmp_path):
    run()
    (photos / "town").chmod(0)
    try:
        assert run().missing == 0
    finally:
        (photos / "town").chmod(0o755)
