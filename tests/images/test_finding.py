import os
import time

import pytest

from hashviewer.errors import ImageError
from hashviewer.images import SUFFIXES, find_photos
from hashviewer.images import finding as finding_module
from hashviewer.progress import Cancelled


def make(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")


def paths(root, **options):
    return [found.path for found in find_photos(root, **options)]


def test_photos_are_found_by_suffix_in_any_case_with_size_and_time(tmp_path):
    make(tmp_path, "a.jpg", "b.JPEG", "c.Heic", "notes.txt", "jpg", "sub/d.tiff", "sub/deep/e.avif")
    found = list(find_photos(tmp_path))
    assert [photo.path for photo in found] == ["a.jpg", "b.JPEG", "c.Heic", "sub/d.tiff", "sub/deep/e.avif"]
    assert found[0].size == 5
    assert found[0].mtime_ns == (tmp_path / "a.jpg").stat().st_mtime_ns
    assert {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif"} <= SUFFIXES


def test_the_order_is_that_of_the_paths(tmp_path):
    make(
        tmp_path, "b/1.jpg", "b.jpg", "b-c/2.jpg", "B.jpg", "a.jpg", "b0.jpg", "b/a/x.jpg", "é.jpg", "z/ß.jpg"
    )
    assert paths(tmp_path) == sorted(paths(tmp_path))
    assert len(paths(tmp_path)) == 9


def test_hidden_files_bins_and_the_thumbnails_of_storage_boxes_are_left_out(tmp_path):
    make(
        tmp_path,
        *("good.jpg", "._good.jpg", ".hidden.jpg", ".thumbnails/a.jpg", "@eaDir/good.jpg/SYNO_THUMB.jpg"),
        *(
            "$TRASH/a.jpg",
            "$RECYCLE.BIN/a.jpg",
            "#recycle/a.jpg",
            ".Trash-1000/files/a.jpg",
            "sub/@eaDir/b.jpg",
        ),
    )
    assert paths(tmp_path) == ["good.jpg"]


def test_names_of_any_bytes_survive(tmp_path):
    name = b"caf\xe9 \xff\n.jpg"
    (tmp_path / os.fsdecode(name)).write_bytes(b"123")
    (found,) = find_photos(tmp_path)
    assert os.fsencode(found.path) == name
    assert (tmp_path / found.path).read_bytes() == b"123"


def test_loops_of_links_end_and_every_photo_is_found_once(tmp_path):
    root = tmp_path / "root"
    make(root, "a/1.jpg", "z/2.jpg")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "above").symlink_to(tmp_path)
    (root / "itself").symlink_to(root / "itself")
    (root / "b").symlink_to(root / "z")
    assert paths(root) == ["a/1.jpg", "z/2.jpg"]


def test_a_link_to_a_folder_elsewhere_is_followed_once(tmp_path):
    make(tmp_path, "elsewhere/1.jpg", "root/0.jpg")
    (tmp_path / "root" / "one").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "two").symlink_to(tmp_path / "elsewhere")
    assert paths(tmp_path / "root") == ["0.jpg", "one/1.jpg"]


def test_a_link_into_a_hidden_folder_of_the_tree_is_followed(tmp_path):
    make(tmp_path, ".store/1.jpg")
    (tmp_path / "shown").symlink_to(tmp_path / ".store")
    assert paths(tmp_path) == ["shown/1.jpg"]


def test_the_root_may_be_a_link(tmp_path):
    make(tmp_path, "real/1.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert paths(tmp_path / "link") == ["1.jpg"]


def test_links_to_files_count_and_broken_links_and_pipes_do_not(tmp_path):
    make(tmp_path, "a.jpg")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    (tmp_path / "c.jpg").symlink_to(tmp_path / "gone.jpg")
    os.mkfifo(tmp_path / "d.jpg")
    (tmp_path / "e.jpg").mkdir()
    assert paths(tmp_path) == ["a.jpg", "b.jpg"]


def test_an_unreadable_folder_is_reported_and_the_rest_is_found(tmp_path, monkeypatch):
    make(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg")
    real = os.scandir

    def refusing(path):  # root may list everything, so the mode alone proves nothing
        if os.fspath(path).endswith("/b"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(finding_module.os, "scandir", refusing)
    problems = []
    assert paths(tmp_path, on_problem=lambda path, reason: problems.append((path, reason))) == [
        "a/1.jpg",
        "c/3.jpg",
    ]
    assert problems == [("b", "This folder cannot be read: Permission denied.")]
    assert paths(tmp_path) == ["a/1.jpg", "c/3.jpg"]


def test_a_root_that_is_gone_or_no_folder_is_an_error_and_not_an_empty_result(tmp_path):
    make(tmp_path, "a.jpg")
    with pytest.raises(ImageError, match="cannot be read: No such file"):
        find_photos(tmp_path / "gone")
    with pytest.raises(ImageError, match="is not a folder"):
        find_photos(tmp_path / "a.jpg")


def test_the_search_can_be_stopped(tmp_path):
    make(tmp_path, *(f"{folder}/a.jpg" for folder in range(20)))

    def stop(done, total=None, message=""):
        if done >= 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(find_photos(tmp_path, progress=stop))


def test_deep_folders_are_reached(tmp_path):
    make(tmp_path, "1.jpg", "d/" * 300 + "2.jpg")
    assert paths(tmp_path) == ["1.jpg", "d/" * 300 + "2.jpg"]


def test_two_thousand_files_take_no_time_to_speak_of(tmp_path):
    for folder in range(2):
        (tmp_path / str(folder)).mkdir()
        for number in range(1000):
            os.close(os.open(tmp_path / str(folder) / f"{number}.jpg", os.O_CREAT))
    start = time.process_time()
    assert len(paths(tmp_path)) == 2000
    assert time.process_time() - start < 0.5
