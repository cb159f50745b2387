"""A packed library says the same as the folder it was made of, and merging changes nothing but the files."""

import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
from library_samples import INFO, KEY, new_photo, put_codes, put_photos, some_codes

from hashviewer.errors import LibraryError
from hashviewer.library import CodeSetInfo, Library, LibraryWriter, Problem, is_library, pack
from hashviewer.library.tidying import MAX_ROWS, worthwhile
from hashviewer.progress import Cancelled


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Several segments, two code sets, changed, missing and moved photos, settings and a problem."""
    library = Library.create(tmp_path / "library", root=tmp_path)
    other = CodeSetInfo("other/key 2", "o", "", 20, 3, 0, "", "{}", "torch", "float32", "")
    with LibraryWriter(library) as writer:
        put_photos(writer, 3, 5, 2)
        put_codes(writer, 4, some_codes(3, seed=77), other)
        writer.add_photos([new_photo(20, path=new_photo(4).path)])
        writer.mark_missing([0, 7])
        writer.move(2, "elsewhere/ä.jpg", mtime_ns=4)
        writer.add_problem(Problem("broken.jpg", "It is empty – ünreadable.", 0, 3))
    library.set_setting("theme", "dark")
    return library


def assert_same(one: Library, other: Library) -> None:
    assert len(one) == len(other)
    assert [one.photo(row) for row in range(len(one))] == [other.photo(row) for row in range(len(one))]
    assert [one.thumbnail(row) for row in range(len(one))] == [
        other.thumbnail(row) for row in range(len(one))
    ]
    assert one.alive.tolist() == other.alive.tolist()
    assert one.label_names == other.label_names
    assert one.code_sets == other.code_sets
    assert one.problems() == other.problems()
    assert one.setting("theme") == other.setting("theme") == "dark"
    assert (one.root, one.created) == (other.root, other.created)
    for info in one.code_sets:
        for mine, theirs in zip(one.codes(info.key), other.codes(info.key), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        everything = range(len(one))
        np.testing.assert_array_equal(one.outputs(info.key, everything), other.outputs(info.key, everything))
        np.testing.assert_array_equal(
            one.features(info.key, everything), other.features(info.key, everything)
        )


def test_a_packed_library_equals_its_folder(library: Library, tmp_path: Path) -> None:
    pack(library, tmp_path / "packed.h5")
    assert is_library(tmp_path / "packed.h5")
    with Library.open(tmp_path / "packed.h5") as packed:
        assert packed.packed
        assert not packed.writable
        assert_same(library, packed)
        assert not packed.refresh()
        with pytest.raises(LibraryError, match="packed"):
            LibraryWriter(packed)
        with pytest.raises(LibraryError, match="read-only"):
            packed.set_setting("theme", "light")
        pack(packed, tmp_path / "again.h5")
        with Library.open(tmp_path / "again.h5") as again:
            assert_same(library, again)
    with h5py.File(tmp_path / "packed.h5") as file:
        np.testing.assert_array_equal(file[f"codes/{KEY}/codes"][:], library.codes(KEY)[0])
        assert file["photos"].attrs["encoding-type"] == "hashviewer-photos"
        assert file["user/missing/row"][:].tolist() == [0, 7]


def test_an_empty_library_can_be_packed(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library", root=None) as library:
        pack(library, tmp_path / "packed.h5")
    with Library.open(tmp_path / "packed.h5") as packed:
        assert len(packed) == 0
        assert packed.root is None
        assert packed.name_order().tolist() == []


def test_a_cancelled_or_impossible_pack_leaves_nothing(library: Library, tmp_path: Path) -> None:
    def stop(done: int, total: int | None = None, message: str = "") -> None:
        raise Cancelled

    before = sorted(tmp_path.iterdir())
    with pytest.raises(Cancelled):
        pack(library, tmp_path / "packed.h5", progress=stop)
    with pytest.raises(LibraryError, match="is a folder"):
        pack(library, tmp_path)
    with pytest.raises(LibraryError, match="not there any more"):
        pack(library, tmp_path / "absent/packed.h5")
    assert sorted(tmp_path.iterdir()) == before


def test_a_truncated_pack_is_refused_in_words(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "packed.h5"
    pack(library, file)
    file.write_bytes(file.read_bytes()[:-500])
    with pytest.raises(LibraryError, match="copy it again"):
        Library.open(file)


def test_tidying_merges_files_and_changes_nothing_else(library: Library, tmp_path: Path) -> None:
    pack(library, tmp_path / "before.h5")
    assert len(list((library.path / "photos").iterdir())) == 4
    with LibraryWriter(library) as writer:
        writer.tidy()
    assert [file.name for file in (library.path / "photos").iterdir()] == ["0000000000-0000000010.h5"]
    assert [file.name for file in (library.path / "codes" / KEY).iterdir()] == ["00000001-00000003.h5"]
    with Library.open(tmp_path / "before.h5") as before, Library.open(library.path) as after:
        assert_same(before, library)
        assert_same(before, after)


def test_a_merge_killed_before_it_deleted_its_parts_is_finished_by_the_next_writer(library: Library) -> None:
    photos, codes = library.path / "photos", library.path / "codes" / KEY
    parts = {file: file.read_bytes() for file in [*photos.iterdir(), *codes.iterdir()]}
    with LibraryWriter(library) as writer:
        writer.tidy()
    for file, content in parts.items():
        file.write_bytes(content)
    (photos / "0000000011-0000000012.h5.part").write_bytes(b"half")
    with Library.open(library.path) as reopened:
        assert_same(library, reopened)
        LibraryWriter(reopened).close()
    assert [len(list(folder.iterdir())) for folder in (photos, codes)] == [1, 1]


def test_a_library_is_packed_even_if_its_files_were_merged_away_meanwhile(
    library: Library, tmp_path: Path
) -> None:
    with Library.open(library.path) as reader:
        with LibraryWriter(library) as writer:
            writer.tidy()
        pack(reader, tmp_path / "packed.h5")
    with Library.open(tmp_path / "packed.h5") as packed:
        assert_same(library, packed)


def test_a_reader_goes_on_while_the_files_it_knows_are_merged_away(library: Library, tmp_path: Path) -> None:
    with Library.open(library.path) as reader:
        with LibraryWriter(library) as writer:
            writer.tidy()
        assert [reader.thumbnail(row) for row in range(11)] == [library.thumbnail(row) for row in range(11)]
    with Library.open(library.path) as reader:
        assert_same(library, reader)


def test_thumbnails_can_be_read_by_many_threads_while_photos_are_added(library: Library) -> None:
    expected = [library.thumbnail(row) for row in range(11)]
    wrong: list[object] = []

    def read() -> None:
        try:
            for turn in range(300):
                if library.thumbnail(turn % 11) != expected[turn % 11]:
                    wrong.append(turn)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    with LibraryWriter(library) as writer:
        for number in range(4):
            put_photos(writer, 2, first=100 + 2 * number)
            writer.tidy()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_growing_in_small_steps_copies_each_row_a_bounded_number_of_times() -> None:
    sizes: list[int] = []
    copied = steps = 0
    for _ in range(3000):
        sizes.append(100)
        steps += 100
        for run in reversed(worthwhile(sizes)):
            merged = sum(sizes[run.start : run.stop])
            assert merged <= MAX_ROWS
            copied += merged
            sizes[run.start : run.stop] = [merged]
    assert sum(sizes) == steps
    assert copied <= 11 * steps
    assert len(sizes) <= 20


def test_segments_at_the_cap_are_left_alone() -> None:
    assert worthwhile([MAX_ROWS, MAX_ROWS, 1000]) == []
    assert worthwhile([MAX_ROWS, 1000, 1000]) == [range(1, 3)]
    assert worthwhile([60_000, 500, 500, 500]) == [range(1, 4)]


def test_many_small_segments_are_merged_without_being_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hashviewer.library.writer.SMALL_SEGMENTS", 8)
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        put_photos(writer, *[1] * 10)
        assert len(list((library.path / "photos").iterdir())) < 5
        np.testing.assert_array_equal(library.codes(KEY)[0][9:], some_codes(1, seed=9).codes)
        assert library.code_sets[0].model_sha256 == INFO.model_sha256
