import os
from pathlib import Path

import pytest

from hashviewer.errors import ImageError
from hashviewer.images import read_list


def test_lines_are_absolute_or_relative_to_the_list_and_each_photo_counts_once(tmp_path):
    text = f"b.jpg\r\n\n  \n{tmp_path}/c.jpg\n./b.jpg\nsub/../a.jpg\n# 1.jpg\n spaced .jpg"
    listed = read_list(b"\xef\xbb\xbf" + text.encode(), tmp_path)
    names = ["b.jpg", "c.jpg", "a.jpg", "# 1.jpg", " spaced .jpg"]
    assert listed.files == tuple(str(tmp_path / name) for name in names)
    assert listed.folder == tmp_path
    assert listed.below(tmp_path) == sorted(names)


def test_photos_elsewhere_have_the_deepest_folder_that_holds_them(tmp_path):
    listed = read_list(b"../x/y/1.jpg\n../x/z/2.jpg\n", tmp_path / "lists")
    assert listed.folder == tmp_path / "x"
    assert listed.below(tmp_path / "x") == ["y/1.jpg", "z/2.jpg"]
    assert listed.outside(tmp_path / "x" / "y") == [str(tmp_path / "x" / "z" / "2.jpg")]
    (beside,) = read_list(b"../photos-2/1.jpg", tmp_path / "photos").files
    assert read_list(b"../photos-2/1.jpg", tmp_path / "photos").outside(tmp_path / "photos") == [beside]


@pytest.mark.skipif(os.name == "nt", reason="names of any bytes")
def test_names_may_have_any_bytes(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"1234")
    (file,) = read_list(b"caf\xe9.jpg\n", tmp_path).find(tmp_path)
    assert (os.fsencode(file.path), file.size) == (b"caf\xe9.jpg", 4)


def test_what_is_not_there_is_told(tmp_path):
    (tmp_path / "b.jpg").write_bytes(b"12")
    told = {}
    found = read_list(b"b.jpg\nc.jpg\nb.jpg/d.jpg\n", tmp_path).find(tmp_path, on_problem=told.__setitem__)
    assert [(file.path, file.size) for file in found] == [("b.jpg", 2)]
    assert set(told) == {"c.jpg", "b.jpg/d.jpg"}
    assert all("the list names it" in reason for reason in told.values())


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "The list is empty"), (b"\n \r\n", "The list is empty"), (b"s3://b/1.jpg\n", "names the URL")],
)
def test_a_list_of_nothing_or_of_urls_is_refused(data, said):
    with pytest.raises(ImageError, match=said):
        read_list(data, Path.cwd())


def test_a_file_that_is_no_text_is_refused():
    with pytest.raises(ImageError, match="no text file"):
        read_list(b"\x00\x01\x02\n\x00", Path.cwd())
