import shutil

import numpy as np
import pytest
from encoding_fakes import ArithmeticEngine, make_photos, picture_bytes

from hashviewer.encoding import index
from hashviewer.errors import LibraryError
from hashviewer.images import read_list
from hashviewer.library import Library


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    monkeypatch.setattr("hashviewer.encoding.indexing.open_engine", lambda model, **_: ArithmeticEngine())


@pytest.fixture
def photos(tmp_path):
    make_photos(tmp_path / "photos", 12)
    return tmp_path / "photos"


def listed(photos, *numbers, more=""):
    folders = ["", "town/", "beach/"]
    lines = [
        f"{folders[0] if n == 0 else folders[1] if n % 2 else folders[2]}photo-{n:04d}.jpg" for n in numbers
    ]
    return read_list("\n".join([*lines, more]).encode(), photos)


def state(path):
    with Library.open(path) as library:
        rows = np.arange(len(library))
        return {library.path_of(row): bool(library.missing[row]) for row in rows}, {
            problem.path: problem.reason for problem in library.problems()
        }


def test_only_what_the_list_names_is_read(photos, tmp_path, model):
    report = index(listed(photos, 1, 4, 0), tmp_path / "lib", model=model)
    assert (report.added, report.encoded) == (3, 3)
    paths, problems = state(tmp_path / "lib")
    assert paths == dict.fromkeys(("beach/photo-0004.jpg", "photo-0000.jpg", "town/photo-0001.jpg"), False)
    assert problems == {}
    with Library.open(tmp_path / "lib") as library:
        assert library.root == photos


def test_another_list_adds_and_leaves_the_others_as_they_are(photos, tmp_path, model):
    index(listed(photos, 1, 2, 3), tmp_path / "lib", model=model)
    (photos / "town" / "photo-0003.jpg").unlink()
    (photos / "town" / "photo-0001.jpg").unlink()
    report = index(listed(photos, 3, 4), tmp_path / "lib", model=model)
    assert (report.added, report.missing) == (1, 1)
    paths, _ = state(tmp_path / "lib")
    assert paths == {
        "town/photo-0001.jpg": False,  # not looked at
        "beach/photo-0002.jpg": False,
        "town/photo-0003.jpg": True,
        "beach/photo-0004.jpg": False,
    }
    assert index(listed(photos, 3, 4), tmp_path / "lib", model=model).problems == 0


def test_what_the_list_names_and_is_not_there_is_a_problem_until_it_is(photos, tmp_path, model):
    report = index(listed(photos, 1, more="town/later.jpg"), tmp_path / "lib", model=model)
    assert (report.added, report.problems) == (1, 1)
    assert "the list names it" in state(tmp_path / "lib")[1]["town/later.jpg"]
    assert index(listed(photos, 2), tmp_path / "lib", model=model).problems == 1
    (photos / "town" / "later.jpg").write_bytes(picture_bytes(50))
    report = index(listed(photos, 1, more="town/later.jpg"), tmp_path / "lib", model=model)
    assert (report.added, report.problems) == (1, 0)


def test_a_listed_file_is_read_whatever_its_suffix_and_a_folder_is_a_problem(photos, tmp_path, model):
    shutil.copy(photos / "photo-0000.jpg", photos / "photo.backup")
    report = index(listed(photos, more="photo.backup\ntown"), tmp_path / "lib", model=model)
    assert (report.added, report.problems) == (1, 1)
    paths, problems = state(tmp_path / "lib")
    assert list(paths) == ["photo.backup"]
    assert "folder" in problems["town"]


def test_a_list_that_leaves_the_librarys_folder_is_refused(photos, tmp_path, model):
    index(listed(photos, 1), tmp_path / "lib", model=model)
    make_photos(tmp_path / "elsewhere", 1)
    outside = listed(photos, 2, more=str(tmp_path / "elsewhere" / "photo-0000.jpg"))
    with pytest.raises(LibraryError, match=r"elsewhere/photo-0000\.jpg is not among them"):
        index(outside, tmp_path / "lib", model=model)


def test_the_folder_itself_can_be_indexed_after_a_list(photos, tmp_path, model):
    index(listed(photos, 5, 6), tmp_path / "lib", model=model)
    report = index(photos, tmp_path / "lib", model=model)
    assert (report.added, report.unchanged) == (10, 2)
