import datetime
import subprocess
import sys
from pathlib import Path

import pytest

from hashviewer.errors import ImageError
from hashviewer.images import Store, find_photos, is_url, place_of
from hashviewer.images import stores as module
from hashviewer.images.reading import read_picture

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def memory():
    """An object store that lives in this process."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def fill(folder, write):
    names = ["b.jpg", "a/2.png", "a/1.JPEG", "a.b/x.webp", "a-b/y.gif", "é ü/%41 #1.jpg", "deep/er/z.tif"]
    left_out = ["notes.txt", ".hidden.jpg", "a/@eaDir/1.jpg", ".cache/1.jpg", "#recycle/2.jpg"]
    for name in [*names, *left_out]:
        write(f"{folder}/{name}", name.encode())
    return names


def test_photos_of_a_store_are_those_that_a_folder_would_have_in_the_same_order(memory, tmp_path):
    def write(path, data):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data)

    fill(tmp_path / "photos", write)
    names = fill("/bucket/photos", memory.pipe)
    in_folder = [(file.path, file.size) for file in find_photos(tmp_path / "photos")]
    in_store = [(file.path, file.size) for file in Store("memory://bucket/photos").find_photos()]
    assert in_store == in_folder
    assert sorted(path for path, _ in in_store) == sorted(names)


def test_a_photo_of_a_store_is_read_whole(memory):
    fill("/bucket", memory.pipe)
    store = Store("memory://bucket")
    for file in store.find_photos():
        assert store.photo(file).read() == file.path.encode()
        assert store.url_of(file.path) == f"memory://bucket/{file.path}"


def test_a_local_store_tells_the_times_of_its_files(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"1")
    (file,) = Store(f"local://{tmp_path}").find_photos()
    assert abs(file.mtime_ns - (tmp_path / "a.jpg").stat().st_mtime_ns) < 1000


@pytest.mark.parametrize(
    ("entry", "seconds"),
    [
        ({"mtime": 12.5}, 12.5),
        ({"mtime": 12}, 12),
        ({"LastModified": datetime.datetime(1970, 1, 1, 1, tzinfo=datetime.UTC)}, 3600),
        ({"LastModified": datetime.datetime(1970, 1, 1, 1)}, 3600),
        (
            {"last_modified": datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC), "creation_time": "x"},
            86400,
        ),
        ({"updated": "1970-01-01T00:01:00.500000+00:00"}, 60.5),
        ({"updated": "some day"}, 0),
        ({"mtime": None}, 0),
        ({}, 0),
    ],
)
def test_times_of_all_kinds_of_stores_are_understood(entry, seconds):
    assert module._mtime_ns(entry) == int(seconds * 10**9)


def test_a_store_that_cannot_be_used_is_a_sentence(memory):
    for url, said in {
        "memory://nowhere": "There is nothing at memory://nowhere",
        "nosuchprotocol://x": "nosuchprotocol",
        "reference://x": "cannot be re",
    }.items():
        with pytest.raises(ImageError, match=said):
            list(Store(url).find_photos())
        assert not Store(url).is_there()


def test_a_store_whose_client_fails_is_a_sentence(memory, monkeypatch):
    fill("/bucket", memory.pipe)

    def unreachable(self, *_, **__):
        raise RuntimeError("Could not connect to the endpoint URL\nand more")

    monkeypatch.setattr(type(memory), "ls", unreachable)
    monkeypatch.setattr(type(memory), "cat_file", unreachable)
    with pytest.raises(
        ImageError, match=r"memory://bucket cannot be read: Could not connect to the endpoint"
    ):
        list(Store("memory://bucket").find_photos())
    with pytest.raises(ImageError, match="cannot be read: Could not connect") as caught:
        read_picture(module.StoredPhoto(Store("memory://bucket"), "b.jpg", 0))
    assert isinstance(caught.value.__cause__, OSError)  # it may pass: the photo is tried again


def test_a_folder_of_a_store_that_cannot_be_listed_is_told_and_the_others_are_found(memory, monkeypatch):
    fill("/bucket", memory.pipe)
    real = type(memory).ls

    def forbidden(self, path, *rest, **options):
        if path.rstrip("/").endswith("/a"):
            raise PermissionError("access denied")
        return real(self, path, *rest, **options)

    monkeypatch.setattr(type(memory), "ls", forbidden)
    told = []
    found = [
        file.path for file in Store("memory://bucket").find_photos(on_problem=lambda *what: told.append(what))
    ]
    assert told == [("a", "This folder cannot be read: access denied.")]
    assert "b.jpg" in found
    assert not [path for path in found if path.startswith("a/")]


def test_a_photo_that_is_gone_or_too_large_is_a_sentence(memory):
    fill("/bucket", memory.pipe)
    store = Store("memory://bucket")
    with pytest.raises(ImageError, match="no longer there"):
        module.StoredPhoto(store, "gone.jpg", 5).read()
    with pytest.raises(ImageError, match=r"too large to be a picture: 3\.0 GB"):
        module.StoredPhoto(store, "b.jpg", 3_000_000_000).read()


def test_urls_and_paths_are_told_apart():
    assert is_url("s3://bucket/x")
    assert is_url("S3://bucket")
    assert not any(map(is_url, ("C:/photos", "C://photos", "/photos", "photos", "a:b", "", "://x")))
    assert place_of("photos") == Path("photos")
    assert place_of("s3://bucket/x/") == Store("s3://bucket/x")
    assert str(place_of("memory://")) == "memory://"


def test_a_file_url_is_a_folder_of_this_machine(tmp_path):
    folder = tmp_path / "my photos"
    assert place_of(folder.as_uri()) == folder
    assert place_of(f"file://localhost{tmp_path}") == tmp_path
    with pytest.raises(ImageError, match="another machine"):
        place_of("file://server/photos")


def test_a_password_in_a_url_is_refused():
    with pytest.raises(ImageError, match="Leave the password out") as caught:
        place_of("sftp://me:secret@host/photos")
    assert "secret" not in str(caught.value)
    assert place_of("sftp://me@host/photos") == Store("sftp://me@host/photos")
    with pytest.raises(ImageError, match="joins several stores"):
        place_of("simplecache::s3://bucket")
    with pytest.raises(ImageError, match="joins several stores"):
        place_of("s3://bucket::memory://x")


def test_fsspec_is_not_loaded_without_a_url(tmp_path):
    words = (
        "import sys; from pathlib import Path; from hashviewer.images import find_photos, place_of;"
        "list(find_photos(place_of(sys.argv[1]))); print('fsspec' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", words, str(tmp_path)],
        cwd=Path(module.__file__).parents[2],
        capture_output=True,
        check=True,
    )
    assert said.stdout.strip() == b"False"


def test_without_fsspec_the_way_to_install_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ImageError, match=r"pip install 'hashviewer\[cluster\]'"):
        Store("memory://never-used-before").find_photos()
