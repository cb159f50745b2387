"""What `hashviewer index` takes as its photos."""

import io
import sys

import pytest

from hashviewer.cli.index import index
from hashviewer.errors import ImageError, LibraryError
from hashviewer.images import PhotoList, Store
from hashviewer.progress import Cancelled


@pytest.fixture
def taken(monkeypatch, tmp_path):
    """Runs the command up to the indexing itself; what it was to index, where, and by which scheduler."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"")
    seen = []

    def note(place, library, *, scheduler="", model, device, precision, progress):
        seen.append((place, library, scheduler))
        raise Cancelled

    monkeypatch.setattr("hashviewer.encoding.supervisor.index_in_child", note)
    monkeypatch.setattr("hashviewer.encoding.indexing.index", note)

    def run(place, **options):
        with pytest.raises(Cancelled):
            index(place, **options)
        return seen[-1]

    return run


def test_a_folder_by_path_or_file_url(taken, tmp_path):
    for name in ("photos", str(tmp_path / "photos"), (tmp_path / "photos").as_uri()):
        place, library, scheduler = taken(name)
        assert place.absolute() == tmp_path / "photos"
        assert scheduler == ""
        assert library.name.startswith("photos-")


def test_the_url_of_a_store_has_a_library_of_its_own(taken):
    place, library, _ = taken("s3://bucket/some holidays/")
    assert place == Store("s3://bucket/some holidays")
    assert library.name.startswith("some-holidays-")
    assert taken("s3://bucket/some holidays")[1] == library
    assert taken("s3://other/some holidays")[1] != library


def test_a_list_is_relative_to_itself_and_one_from_standard_input_to_where_we_are(
    taken, tmp_path, monkeypatch
):
    (tmp_path / "photos" / "list.txt").write_text("a.jpg\n")
    wanted = (str(tmp_path / "photos" / "a.jpg"),)
    place, library, _ = taken("photos/list.txt", output=tmp_path / "lib")
    assert isinstance(place, PhotoList)
    assert (place.files, library) == (wanted, tmp_path / "lib")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"photos/a.jpg\n")))
    assert taken("-", output=tmp_path / "lib")[0].files == wanted


def test_a_scheduler_is_told_what_to_index(taken, tmp_path):
    assert taken("photos", scheduler="local:2")[2] == "local:2"


@pytest.mark.parametrize(
    ("place", "error", "said"),
    [
        ("nowhere", LibraryError, "There is no folder nowhere"),
        ("photos/list.txt", LibraryError, "Say with -o"),
        ("photos/a.jpg", LibraryError, "is a photo. Name its folder"),
        ("sftp://me:secret@host/x", ImageError, "Leave the password out"),
    ],
)
def test_what_cannot_be_indexed_is_a_sentence(taken, tmp_path, place, error, said):
    (tmp_path / "photos" / "list.txt").write_text("a.jpg\n")
    with pytest.raises(error, match=said):
        index(place)
