"""Full disks, read-only folders, damaged files and second writers end in sentences, and the library still opens."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from library_samples import KEY, as_found, new_photo, put_codes, put_photos, some_codes

from hashviewer.errors import LibraryError
from hashviewer.library import Library, LibraryWriter, is_library, pack, plan_scan

HERE = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])


def make(folder: Path, *counts: int) -> Path:
    with Library.create(folder, root=None) as library, LibraryWriter(library) as writer:
        put_photos(writer, *counts)
    return folder


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that a process without rights can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def run(script: str, *arguments: Path, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": HERE},
        **options,
    )


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    folder = make(tmp_path / "library", 2)
    with Library.open(folder) as first, Library.open(folder) as second:
        with LibraryWriter(first), pytest.raises(LibraryError, match="Another program is writing"):
            LibraryWriter(second)
        with LibraryWriter(second) as writer:
            put_photos(writer, 1, first=2)
        assert first.refresh()
        assert len(first) == 3


def test_a_writer_in_another_process_is_refused(tmp_path: Path) -> None:
    folder = make(tmp_path / "library", 2)
    script = (
        "import sys; from pathlib import Path\n"
        "from hashviewer.errors import LibraryError\n"
        "from hashviewer.library import Library, LibraryWriter\n"
        "try: LibraryWriter(Library.open(Path(sys.argv[1])))\n"
        "except LibraryError as error: print(error)\n"
    )
    with Library.open(folder) as library, LibraryWriter(library):
        assert "Another program is writing" in run(script, folder).stdout


READ_ONLY = """
import os, sys
from pathlib import Path
import h5py
from hashviewer.errors import LibraryError
from hashviewer.library import Library, LibraryWriter
if os.geteuid() == 0:
    os.setuid(65534)
library = Library.open(Path(sys.argv[1]))
print(len(library), library.writable, library.setting("theme"), library.missing.tolist(), library.codes("photos-20")[0].shape)
print(library.thumbnail(1))
for change in (lambda: LibraryWriter(library), lambda: library.set_setting("a", "b"), lambda: library.set_root(Path("/x"))):
    try:
        change()
    except LibraryError as error:
        print("refused:", error)
"""


@pytest.mark.skipif(os.name == "nt", reason="folders have no such permissions")
@pytest.mark.parametrize("open_elsewhere", [False, True], ids=["closed", "with a log left"])
def test_a_read_only_library_opens_with_what_the_user_had_set(
    open_to_all: Path, open_elsewhere: bool
) -> None:
    folder = make(open_to_all / "library", 3)
    with Library.open(folder) as library:
        library.set_setting("theme", "dark")
        with LibraryWriter(library) as writer:
            writer.mark_missing([2])
        if not open_elsewhere:
            library.close()
        else:
            assert (folder / "user.sqlite-wal").stat().st_size
        everything = [folder, *folder.rglob("*")]
        for entry in everything:
            entry.chmod(0o555 if entry.is_dir() else 0o444)
        try:
            done = run(READ_ONLY, folder, cwd=open_to_all)
        finally:
            for entry in everything:
                entry.chmod(0o755 if entry.is_dir() else 0o644)
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "3 False dark [False, False, True] (3, 3)",
        str(new_photo(1).thumbnail),
    ], done.stderr
    assert len([line for line in lines if line.startswith("refused:")]) == 3


class _Failing:
    """Lets a function work `calls` times and then fail as on a full disk."""

    def __init__(self, function: object, calls: int) -> None:
        self.function, self.left = function, calls

    def __call__(self, *arguments: object) -> object:
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.function(*arguments)  # type: ignore[operator]


def _grow(writer: LibraryWriter, reported: list[int]) -> None:
    for first in (4, 6, 8):
        writer.add_photos([new_photo(first), new_photo(first + 1)])
        reported.append(first + 2)
        writer.tidy()


@pytest.mark.parametrize("calls", range(8))
def test_a_disk_that_is_full_at_any_moment_costs_only_what_was_not_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    folder = make(tmp_path / "library", 2, 2)
    reported = [4]
    with Library.open(folder) as library, LibraryWriter(library) as writer, monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _Failing(os.fsync, calls))
        with pytest.raises(LibraryError, match="disk is full"):
            _grow(writer, reported)
    with Library.open(folder) as library:
        assert library.damage == ()
        assert len(library) >= reported[-1]
        assert library.all_paths() == [new_photo(number).path for number in range(len(library))]
        np.testing.assert_array_equal(library.codes(KEY)[0][2:4], some_codes(2, seed=2).codes)
        assert not list(folder.rglob("*.part"))
        with LibraryWriter(library) as writer:
            assert writer.add_photos([new_photo(99)]).start == library.alive.size - 1


@pytest.mark.skipif(os.name == "nt", reason="there are no such limits")
@pytest.mark.parametrize("limit", [0, 1000, 30_000], ids=str)
def test_a_write_that_fails_midway_leaves_the_library_as_it_was(tmp_path: Path, limit: int) -> None:
    folder = make(tmp_path / "library", 3)
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from hashviewer.errors import LibraryError\n"
        "from hashviewer.library import Library, LibraryWriter\n"
        "from library_samples import new_photo\n"
        "with Library.open(Path(sys.argv[1])) as library, LibraryWriter(library) as writer:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
        "    try: writer.add_photos([new_photo(n, thumbnail=b'x' * 50_000) for n in range(3, 6)])\n"
        "    except LibraryError as error: print('refused:', error)\n"
        "    print(len(library))\n"
    )
    done = run(script, folder, Path(str(limit)))
    assert done.stdout.startswith("refused: Writing "), done.stderr
    assert done.stdout.splitlines()[-1] == "3", done.stdout
    assert done.stderr == ""
    with Library.open(folder) as library:
        assert len(library) == 3
        assert not list(folder.rglob("*.part"))


def test_photos_are_kept_when_only_the_database_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path / "library", 2)
    with Library.open(folder) as library, LibraryWriter(library) as writer:
        with monkeypatch.context() as patch:
            patch.setattr(library.database, "writable", False)
            with pytest.raises(LibraryError, match="read-only"):
                writer.add_photos([new_photo(1)])
        assert library.alive.tolist() == [True, False, True]
        with Library.open(folder) as beside:
            assert beside.alive.tolist() == [True, False, True]
        assert writer.add_photos([new_photo(0)]) == range(3, 4)
        assert library.alive.tolist() == [False, False, True, True]
    with sqlite3.connect(folder / "user.sqlite") as database:
        assert database.execute("SELECT row, by FROM superseded ORDER BY row").fetchall() == [(0, 3), (1, 2)]
    database.close()


def test_a_truncated_segment_is_named_and_the_others_keep_their_rows(tmp_path: Path) -> None:
    folder = make(tmp_path / "library", 2, 3, 2)
    broken = folder / "photos/0000000002-0000000004.h5"
    os.truncate(broken, 3000)
    with Library.open(folder) as library:
        assert len(library) == 7
        (sentence,) = library.damage
        assert str(broken) in sentence
        assert "cut short" in sentence
        assert library.missing.tolist() == [False, False, True, True, True, False, False]
        assert library.thumbnail(3) == b""
        assert library.photo(3).path == ""
        assert library.photo(5).path == new_photo(5).path
        rest = as_found([new_photo(number) for number in (0, 1, 5, 6)])
        assert plan_scan(library, rest).missing == []
        with LibraryWriter(library) as writer:
            writer.tidy()
            assert writer.add_photos([new_photo(3)]) == range(7, 8)
        assert library.path_of(7) == new_photo(3).path
    broken.unlink()
    with Library.open(folder) as library:
        assert library.alive.tolist() == [True, True, False, False, False, True, True, True]
        assert "3 photos are lost" in library.damage[0]
        pack(library, tmp_path / "packed.h5")
        with Library.open(tmp_path / "packed.h5") as packed:
            assert packed.alive.tolist() == library.alive.tolist()
            assert packed.missing.tolist() == library.missing.tolist()


def test_rows_of_a_lost_last_segment_are_not_given_to_other_photos(tmp_path: Path) -> None:
    folder = make(tmp_path / "library", 2, 2)
    (folder / "photos/0000000002-0000000003.h5").unlink()
    with Library.open(folder) as library, LibraryWriter(library) as writer:
        assert writer.add_photos([new_photo(9)]) == range(4, 5)


def test_a_damaged_code_segment_leaves_its_rows_unencoded(tmp_path: Path) -> None:
    folder = make(tmp_path / "library", 2, 3)
    (folder / f"codes/{KEY}/00000001.h5").write_bytes(b"no longer HDF5")
    with Library.open(folder) as library:
        assert "Delete it and encode" in library.damage[0]
        assert not library.codes(KEY)[1][:2].any()
        np.testing.assert_array_equal(library.codes(KEY)[0][2:], some_codes(3, seed=2).codes)
        with LibraryWriter(library) as writer:
            put_codes(writer, 0, some_codes(2, seed=0))
        np.testing.assert_array_equal(library.codes(KEY)[0][:2], some_codes(2, seed=0).codes)


def test_a_segment_cut_short_while_open_is_an_error_in_words(tmp_path: Path) -> None:
    folder = make(tmp_path / "library", 3)
    with Library.open(folder) as library:
        file = next((folder / "photos").iterdir())
        os.truncate(file, 100)
        with pytest.raises(LibraryError, match="shorter than it should be"):
            library.thumbnail(1)


def test_a_library_whose_drive_is_gone_says_so(tmp_path: Path) -> None:
    folder = make(tmp_path / "library", 3)
    with Library.open(folder) as library:
        folder.rename(tmp_path / "unplugged")
        for ask in (lambda: library.thumbnail(1), library.refresh, lambda: library.features(KEY, [0])):
            with pytest.raises(LibraryError, match="plug it in again"):
                ask()
        (tmp_path / "unplugged").rename(folder)
        assert library.thumbnail(1) == new_photo(1).thumbnail


def test_newer_versions_are_refused_in_words(tmp_path: Path) -> None:
    newer = "written by a newer HashViewer"
    folder = make(tmp_path / "library", 2)
    described = json.loads((folder / "library.json").read_text())
    (folder / "library.json").write_text(json.dumps({**described, "version": "2.0"}))
    with pytest.raises(LibraryError, match=newer):
        Library.open(folder)
    (folder / "library.json").write_text(json.dumps({**described, "version": "1.7"}))
    with h5py.File(folder / "photos/0000000000-0000000001.h5", "r+") as file:
        file.attrs["encoding-version"] = "2.0"
    with pytest.raises(LibraryError, match=newer):
        Library.open(folder)
    with h5py.File(folder / "photos/0000000000-0000000001.h5", "r+") as file:
        file.attrs["encoding-version"] = "1.9"
    Library.open(folder).close()
    with sqlite3.connect(folder / "user.sqlite") as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(LibraryError, match=newer):
        Library.open(folder)


def test_what_is_no_library_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(LibraryError, match="not a library"):
        Library.open(tmp_path)
    with pytest.raises(LibraryError, match=r"other files already, such as “photo\.jpg”"):
        Library.create(tmp_path, root=None)
    with pytest.raises(LibraryError, match="cannot be opened as a library"):
        Library.open(tmp_path / "photo.jpg")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = [1]
    with pytest.raises(LibraryError, match="hashviewer pack"):
        Library.open(tmp_path / "other.h5")
    folder = make(tmp_path / "library", 1)
    with pytest.raises(LibraryError, match="already"):
        Library.create(folder, root=None)
    marked = [path.name for path in tmp_path.iterdir() if is_library(path)]
    assert marked == ["library"]
    assert not is_library(tmp_path / "absent")


def test_a_creation_that_was_interrupted_can_be_repeated(tmp_path: Path) -> None:
    folder = make(tmp_path / "library")
    (folder / "library.json").unlink()
    with Library.create(folder, root=None) as library:
        assert len(library) == 0


def test_a_damaged_database_is_named_with_the_way_out(tmp_path: Path) -> None:
    folder = make(tmp_path / "library", 2)
    (folder / "user.sqlite").write_bytes(b"no longer a database" * 100)
    with pytest.raises(LibraryError, match="rename it"):
        Library.open(folder)
    (folder / "user.sqlite").unlink()
    with Library.open(folder) as library:
        assert library.alive.tolist() == [True, True]
