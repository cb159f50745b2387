"""What is written into a library is what is read from it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from library_samples import BITS, DIM, INFO, KEY, Codes, new_photo, put_codes, put_photos, some_codes

import hashviewer.library
from hashviewer.errors import LibraryError
from hashviewer.library import Library, LibraryWriter, NewPhoto, Problem, create_code_only
from hashviewer.library.database import TABLES

file_names = st.binary(min_size=1, max_size=12).filter(lambda name: b"\0" not in name).map(os.fsdecode)
photos = st.builds(
    NewPhoto,
    path=file_names,
    size=st.integers(0, 2**62),
    mtime_ns=st.integers(-(2**62), 2**62),
    content=st.text("0123456789abcdef", max_size=32),
    width=st.integers(0, 2**31 - 1),
    height=st.integers(0, 2**31 - 1),
    orientation=st.integers(1, 8),
    taken=st.none() | st.floats(-1e12, 1e12),
    label=st.sampled_from(["", "a", "Blume", "\udcff", "花"]),
    thumbnail=st.binary(max_size=40),
)
several_segments = st.lists(st.lists(photos, max_size=5), max_size=6)


def assert_photo(library: Library, row: int, photo: NewPhoto) -> None:
    record = library.photo(row)
    for name in ("path", "size", "mtime_ns", "content", "width", "height", "orientation", "taken", "label"):
        assert getattr(record, name) == getattr(photo, name), name
    assert library.thumbnail(row) == photo.thumbnail
    assert library.path_of(row) == photo.path


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(segments=several_segments)
def test_photos_of_any_bytes_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, segments: list[list[NewPhoto]]
) -> None:
    folder = tmp_path_factory.mktemp("any") / "library"
    written = [photo for segment in segments for photo in segment]
    with Library.create(folder, root=None) as library, LibraryWriter(library) as writer:
        for segment in segments:
            writer.add_photos(segment)
        for row, photo in enumerate(written):
            assert_photo(library, row, photo)
        writer.tidy()
    with Library.open(folder) as reopened:
        assert len(reopened) == len(written)
        assert reopened.paths(range(len(written))) == [photo.path for photo in written]
        for row, photo in enumerate(written):
            assert_photo(reopened, row, photo)
        last = {photo.path: row for row, photo in enumerate(written)}
        assert np.flatnonzero(reopened.alive).tolist() == sorted(last.values())


@settings(max_examples=15, deadline=None)
@given(counts=st.lists(st.integers(1, 12), min_size=1, max_size=6), seed=st.integers(0, 1000))
def test_codes_outputs_and_features_come_back_through_any_segmentation(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], seed: int
) -> None:
    folder, total = tmp_path_factory.mktemp("codes") / "library", sum(counts)
    expected = some_codes(total, seed=seed)
    with Library.create(folder, root=None) as library, LibraryWriter(library) as writer:
        writer.add_photos([new_photo(number) for number in range(total)])
        start = 0
        for count in counts:
            part = slice(start, start + count)
            put_codes(
                writer,
                start,
                Codes(
                    expected.codes[part],
                    expected.outputs[part],
                    expected.features[part],
                    expected.encoded[part],
                ),
            )
            start += count
        assert_codes(library, expected)
        writer.tidy()
        assert_codes(library, expected)
    with Library.open(folder) as reopened:
        assert_codes(reopened, expected)


def assert_codes(library: Library, expected: Codes) -> None:
    codes, encoded = library.codes(KEY)
    np.testing.assert_array_equal(codes, expected.codes)
    np.testing.assert_array_equal(encoded, expected.encoded)
    shuffled = np.random.default_rng(1).permutation(len(codes))
    for rows in (np.arange(len(codes)), shuffled, np.repeat(shuffled[:3], 2)):
        np.testing.assert_array_equal(library.outputs(KEY, rows), expected.outputs[rows])
        np.testing.assert_array_equal(library.features(KEY, rows), expected.features[rows])
    assert library.code_sets[0].encoded == expected.encoded.sum()


def test_another_process_sees_what_was_added_after_a_refresh(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library", root=None) as library:
        with LibraryWriter(library) as writer:
            put_photos(writer, 3, 4)
        codes_before, _ = library.codes(KEY)
        assert not library.refresh()
        script = (
            "import sys; from pathlib import Path\n"
            "from hashviewer.library import Library, LibraryWriter\n"
            "from library_samples import put_photos\n"
            "with Library.open(Path(sys.argv[1])) as library, LibraryWriter(library) as writer:\n"
            "    put_photos(writer, 5, first=7); writer.mark_missing([2])\n"
        )
        here = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
        subprocess.run(
            [sys.executable, "-c", script, str(library.path)],
            check=True,
            env={**os.environ, "PYTHONPATH": here},
        )
        assert len(library) == 7
        assert library.refresh()
        assert len(library) == 12
        assert len(library.codes(KEY)[0]) == 12
        np.testing.assert_array_equal(library.codes(KEY)[0][7:], some_codes(5, seed=7).codes)
        assert len(codes_before) == 7
        assert library.missing.tolist() == [row == 2 for row in range(12)]
        assert library.photo(11).path == new_photo(11).path


def test_later_codes_for_a_row_replace_earlier_ones_and_leave_the_others(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        put_photos(writer, 10)
        first = some_codes(10, seed=0)
        again = some_codes(4, seed=9)
        put_codes(writer, 3, again)
        mask = np.zeros(10, np.bool_)
        mask[3:7] = again.encoded
        expected = first.codes.copy()
        expected[3:7][again.encoded] = again.codes[again.encoded]
        np.testing.assert_array_equal(library.codes(KEY)[0], expected)
        outputs = first.outputs.copy()
        outputs[3:7][again.encoded] = again.outputs[again.encoded]
        np.testing.assert_array_equal(library.outputs(KEY, range(10)), outputs)
        assert library.code_sets[0].encoded == (first.encoded | mask).sum()


def test_a_stored_output_has_the_sign_that_its_code_has(tmp_path: Path) -> None:
    outputs = np.array([[-1e-12, 0.0, 1e-12, -70000.0, 70000.0]], np.float32)
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        writer.add_photos([new_photo(0)])
        info = type(INFO)("k", "k", "", 5, 0, 0, "", "", "", "", "")
        writer.add_codes(
            info,
            0,
            np.packbits(outputs >= 0, axis=1),
            outputs,
            np.zeros((1, 0), np.float32),
            np.ones(1, np.bool_),
        )
        stored = library.outputs("k", [0])
    assert (stored >= 0).tolist() == [[False, True, True, False, True]]
    assert np.isfinite(stored).all()


def test_codes_of_another_model_under_the_same_key_are_refused(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        put_photos(writer, 3)
        other = type(INFO)(KEY, "photos", "", BITS, DIM, 0, "cd" * 32, "{}", "", "", "")
        with pytest.raises(LibraryError, match="another model"):
            put_codes(writer, 0, some_codes(3), other)


def test_codes_of_the_wrong_shape_or_for_absent_rows_are_refused(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        put_photos(writer, 3)
        with pytest.raises(LibraryError, match="do not fit"):
            put_codes(writer, 1, some_codes(3))
        wrong = some_codes(2)
        with pytest.raises(LibraryError, match="shapes"):
            put_codes(writer, 0, Codes(wrong.codes[:, :1], wrong.outputs, wrong.features, wrong.encoded))


def test_settings_and_problems_survive_and_an_added_photo_has_no_problem(tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff\xfe.jpg")
    with Library.create(tmp_path / "library", root=tmp_path) as library, LibraryWriter(library) as writer:
        library.set_setting("theme", "dark")
        writer.add_problem(Problem("b.jpg", "It is empty.", 0, 1))
        writer.add_problem(Problem(odd, "It is cut short.", 5, 2))
        writer.add_problem(Problem("c.jpg", "It is empty.", 0, 3))
        writer.clear_problem("c.jpg")
    with Library.open(tmp_path / "library") as library:
        assert library.setting("theme") == "dark"
        assert library.setting("never set", "default") == "default"
        assert {problem.path for problem in library.problems()} == {"b.jpg", odd}
        with LibraryWriter(library) as writer:
            writer.add_photos([new_photo(0, path=odd)])
        assert library.problems() == [Problem("b.jpg", "It is empty.", 0, 1)]
        assert library.root == tmp_path


def test_rows_sort_by_path_where_the_photos_are_now(tmp_path: Path) -> None:
    names = ["b", "a/z", "c", os.fsdecode(b"\xff"), "ä", "a/b"]
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        writer.add_photos([new_photo(n, path=name) for n, name in enumerate(names)])
        writer.move(0, "zz")
        expected = sorted(range(len(names)), key=lambda row: os.fsencode(library.path_of(row)))
        assert library.name_order().tolist() == expected
        assert expected.index(0) == 3


def test_labels_of_several_segments_are_counted_together(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        writer.add_photos([new_photo(0, label="cat"), new_photo(1, label="")])
        writer.add_photos([new_photo(2, label="dog"), new_photo(3, label="cat")])
        assert library.label_names == ("cat", "dog")
        assert library.labels.tolist() == [0, -1, 1, 0]


def test_a_library_of_codes_alone_is_searchable_and_has_no_pictures(tmp_path: Path) -> None:
    some = some_codes(7, all_encoded=True)
    labels = np.array([0, 1, 1, -1, 0, 1, 0])
    with create_code_only(
        tmp_path / "codes", some.codes, BITS, labels=labels, label_names=["a", "b"]
    ) as library:
        np.testing.assert_array_equal(library.codes("codes")[0], some.codes)
        np.testing.assert_array_equal(library.outputs("codes", [1]) >= 0, some.outputs[1:2] >= 0)
        assert library.codes("codes")[1].all()
        assert library.label_names == ("a", "b")
        assert library.labels.tolist() == labels.tolist()
        assert library.thumbnail(0) == b""
        assert library.full_path(0) is None


def test_the_example_in_the_format_description_reads_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [new_photo(number) for number in range(9)]
    some = some_codes(9)
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        writer.add_photos(photos)
        put_codes(writer, 0, some)
    description = (Path(hashviewer.library.__file__).parent / "FORMAT.md").read_text(encoding="utf-8")
    example = description.partition("```python\n")[2].partition("```")[0]
    example = example.replace("0000065535", "0000000008").replace("photos-64", KEY)
    monkeypatch.chdir(tmp_path)
    read: dict[str, Any] = {}
    exec(example, read)  # our own words
    assert read["path"] == os.fsencode(photos[7].path)
    assert read["jpeg"] == photos[7].thumbnail
    np.testing.assert_array_equal(read["bits"][some.encoded] == 1, some.outputs[some.encoded] >= 0)
    np.testing.assert_array_equal(read["features"], some.features)


def test_every_dataset_and_table_is_in_the_format_description(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        put_photos(writer, 2)
    description = (Path(hashviewer.library.__file__).parent / "FORMAT.md").read_text(encoding="utf-8")
    names = set(TABLES)
    for segment in tmp_path.rglob("*.h5"):
        with h5py.File(segment) as file:
            names |= {*file, *file.attrs}
            assert all(file[name].chunks is None for name in file)
    assert len(names) > 30
    assert [name for name in sorted(names) if f"`{name}`" not in description] == []


def test_a_row_that_does_not_exist_is_refused_in_words(tmp_path: Path) -> None:
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        put_photos(writer, 2)
        for ask in (library.photo, library.thumbnail, library.path_of):
            with pytest.raises(LibraryError, match="no row 2"):
                ask(2)
        with pytest.raises(LibraryError, match="no row -1"):
            library.features(KEY, [-1])
        with pytest.raises(LibraryError, match="has no codes “other”; it has: photos-20"):
            library.codes("other")
