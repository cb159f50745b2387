"""Photos in an object store become the library that the same photos in a folder become."""

import numpy as np
import pytest
from encoding_fakes import ArithmeticEngine, make_photos, picture_bytes

from hashviewer.encoding import encode_library, index
from hashviewer.errors import EncodingError, ImageError, LibraryError
from hashviewer.images import Store
from hashviewer.library import Library, pack

fsspec = pytest.importorskip("fsspec")
KEY = "photos-64"
STORE = Store("memory://bucket/holidays")


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    monkeypatch.setattr("hashviewer.encoding.indexing.open_engine", lambda model, **_: ArithmeticEngine())


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def photos(tmp_path, memory):
    """Photos in a folder, and the same ones in a store."""
    folder = tmp_path / "photos"
    make_photos(folder, 12)
    (folder / "town" / "cut-off.jpg").write_bytes(picture_bytes(3)[:500])
    (folder / "beach" / "empty.png").write_bytes(b"")
    (folder / "words.jpg").write_bytes(b"no picture")
    for path in folder.rglob("*.*"):
        memory.pipe(f"/bucket/holidays/{path.relative_to(folder)}", path.read_bytes())
    return folder


def test_the_same_photos_give_the_same_library(photos, tmp_path, model):
    index(photos, tmp_path / "one", model=model)
    report = index(STORE, tmp_path / "two", model=model)
    assert (report.added, report.problems) == (12, 3)
    rows = np.arange(12)
    with Library.open(tmp_path / "one") as one, Library.open(tmp_path / "two") as two:
        assert (two.root, two.url) == (None, STORE.url)
        assert two.all_paths() == one.all_paths()
        assert two.full_path(0) is None
        assert {p.path: p.reason for p in two.problems()} == {p.path: p.reason for p in one.problems()}
        for read in (Library.outputs, Library.features):
            assert read(one, KEY, rows).tobytes() == read(two, KEY, rows).tobytes()
        assert one.codes(KEY)[0].tobytes() == two.codes(KEY)[0].tobytes()
        for row in rows:
            assert one.thumbnail(row) == two.thumbnail(row)
            assert one.photo(row).label == two.photo(row).label
            assert one.photo(row).content == two.photo(row).content


def test_a_second_run_finds_what_is_new_changed_and_gone(photos, tmp_path, model, memory):
    index(STORE, tmp_path / "lib", model=model)
    again = index(STORE, tmp_path / "lib", model=model)
    assert (again.unchanged, again.encoded) == (12, 0)
    memory.pipe("/bucket/holidays/beach/photo-0002.jpg", picture_bytes(70, width=120))
    memory.pipe("/bucket/holidays/new.jpg", picture_bytes(71))
    memory.mv("/bucket/holidays/town/photo-0001.jpg", "/bucket/holidays/moved.jpg")
    memory.rm("/bucket/holidays/town/photo-0003.jpg")
    report = index(STORE, tmp_path / "lib", model=model)
    assert (report.added, report.changed, report.moved, report.missing) == (1, 1, 1, 1)


def test_a_store_that_does_not_answer_loses_nothing(photos, tmp_path, model, memory, monkeypatch):
    index(STORE, tmp_path / "lib", model=model)

    def unreachable(self, *_, **__):
        raise ConnectionError("Network is unreachable")

    monkeypatch.setattr(type(memory), "ls", unreachable)
    with pytest.raises(ImageError, match="Network is unreachable"):
        index(STORE, tmp_path / "lib", model=model)
    with Library.open(tmp_path / "lib") as library:
        assert len(library) == 12
        assert not library.missing.any()


def test_a_connection_that_breaks_ends_the_run_and_the_next_one_goes_on(
    photos, tmp_path, model, memory, monkeypatch
):
    def unreachable(self, *_, **__):
        raise ConnectionError("Network is unreachable")

    with monkeypatch.context() as broken:
        broken.setattr(type(memory), "cat_file", unreachable)
        broken.setattr(type(memory), "exists", unreachable)
        with pytest.raises(EncodingError, match="memory://bucket/holidays is no longer there"):
            index(STORE, tmp_path / "lib", model=model)
    report = index(STORE, tmp_path / "lib", model=model)
    assert (report.added, report.problems) == (12, 3)


def test_a_library_of_a_store_takes_no_other_photos(photos, tmp_path, model):
    index(STORE, tmp_path / "lib", model=model)
    with pytest.raises(LibraryError, match="holds the photos of memory://bucket/holidays, not of"):
        index(photos, tmp_path / "lib", model=model)
    with pytest.raises(LibraryError, match="holds the photos of memory://bucket/holidays, not of memory://b"):
        index(Store("memory://bucket"), tmp_path / "lib", model=model)
    index(photos, tmp_path / "other", model=model)
    with pytest.raises(LibraryError, match="not of memory://bucket/holidays"):
        index(STORE, tmp_path / "other", model=model)


def test_a_library_alone_fetches_nothing(photos, tmp_path, model):
    index(STORE, tmp_path / "lib", model=model)
    with pytest.raises(EncodingError, match="Run hashviewer index memory://bucket/holidays -o"):
        encode_library(tmp_path / "lib", model=model)


def test_a_packed_library_remembers_the_url(photos, tmp_path, model):
    index(STORE, tmp_path / "lib", model=model)
    with Library.open(tmp_path / "lib") as library:
        pack(library, tmp_path / "lib.h5")
    with Library.open(tmp_path / "lib.h5") as packed:
        assert (packed.root, packed.url) == (None, STORE.url)


def test_a_mistyped_url_leaves_no_library(photos, tmp_path, model):
    with pytest.raises(ImageError, match="nothing at memory://bucket/holiday:"):
        index(Store("memory://bucket/holiday"), tmp_path / "lib", model=model)
    assert not (tmp_path / "lib").exists()
