"""An export writes its own place, completely or not at all, and nothing else."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_library import KEY, make_library

from hashviewer.errors import ExportError
from hashviewer.export import Format, export, export_all
from hashviewer.export.escaping import LONGEST_NAME, cell, file_name, markup, script_json
from hashviewer.workspace import Workspace


@pytest.fixture
def made(tmp_path):
    return make_library(tmp_path)


@pytest.fixture
def workspace(made):
    with Workspace.open(made.path) as opened:
        yield opened


def write(workspace, output, format="csv", *, row=5, k=6, force=False):
    query = workspace.query_row(row, codes=KEY)
    matches = workspace.search(query, k=k)
    return export(workspace, query, matches, format=format, output=output, k=k, force=force)


def everything_below(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("format", list(Format))
def test_nothing_that_exists_is_replaced_unasked(workspace, tmp_path, format):
    place = tmp_path / "out"
    write(workspace, place, format)
    before = everything_below(tmp_path)
    with pytest.raises(ExportError, match="exists already"):
        write(workspace, place, format, row=8)
    assert everything_below(tmp_path) == before


@pytest.mark.parametrize("format", list(Format))
def test_force_replaces_an_earlier_export_wholly(workspace, tmp_path, format):
    place = tmp_path / "out"
    write(workspace, place, format, k=9)
    write(workspace, place, format, row=8, k=2, force=True)
    write(workspace, tmp_path / "fresh", format, row=8, k=2)
    if format is Format.FOLDER:
        assert sorted(p.name for p in place.iterdir()) == sorted(
            p.name for p in (tmp_path / "fresh").iterdir()
        )
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith((".part", ".old"))] == []


def test_force_never_replaces_a_picture(workspace, made):
    photo = made.root / "wood" / "photo-09.jpg"
    before = photo.read_bytes()
    with pytest.raises(ExportError, match="never replaces one"):
        write(workspace, photo, force=True)
    assert photo.read_bytes() == before


def test_force_never_replaces_the_query_picture_whatever_its_name(workspace, made, tmp_path):
    place = tmp_path / "odd.csv"
    os.link(made.root / "wood" / "photo-05.jpg", place)
    with pytest.raises(ExportError, match="query picture itself"):
        write(workspace, place, force=True)
    assert place.read_bytes()[:2] == b"\xff\xd8"


def test_force_never_replaces_a_folder_of_other_things(workspace, tmp_path):
    place = tmp_path / "mine"
    place.mkdir()
    (place / "letter.txt").write_text("dear")
    with pytest.raises(ExportError, match="something else"):
        write(workspace, place, "folder", force=True)
    assert (place / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize("format", ["csv", "json", "zip", "html"])
@pytest.mark.parametrize(
    "content", [b"dear diary", b'{"hash": 1}', b"<!DOCTYPE html><p>mine", b"rank,name\r\n", b"PK\3\4 or not"]
)
def test_force_never_replaces_a_file_that_is_no_export(workspace, tmp_path, format, content):
    place = tmp_path / f"mine.{format}"
    place.write_bytes(content)
    with pytest.raises(ExportError, match="something else than an earlier export"):
        write(workspace, place, format, force=True)
    assert place.read_bytes() == content
    assert list(tmp_path.glob("mine.*")) == [place]


def test_force_never_replaces_an_archive_of_other_things(workspace, tmp_path):
    place = tmp_path / "arrays.npz"
    np.savez(place, codes=np.arange(3))
    before = place.read_bytes()
    with pytest.raises(ExportError, match="something else"):
        export_all(workspace, codes=KEY, output=place, force=True)
    assert place.read_bytes() == before


def test_force_replaces_an_earlier_export_of_all_codes(workspace, tmp_path):
    place = tmp_path / "codes.npz"
    export_all(workspace, codes=KEY, output=place)
    assert export_all(workspace, codes=KEY, output=place, force=True).photos > 0


def test_force_keeps_an_exported_folder_to_which_something_was_added(workspace, tmp_path):
    place = tmp_path / "out"
    write(workspace, place, "folder")
    (place / "my notes.txt").write_text("dear")
    with pytest.raises(ExportError, match="my notes"):
        write(workspace, place, "folder", force=True)
    assert (place / "my notes.txt").read_text() == "dear"


def test_an_empty_folder_is_filled(workspace, tmp_path):
    place = tmp_path / "empty"
    place.mkdir()
    write(workspace, place, "folder")
    assert (place / "provenance.json").is_file()


def test_nothing_is_written_into_the_library(workspace, made):
    for place in (made.path / "near.csv", made.path / "photos" / "near.csv", made.path):
        with pytest.raises(ExportError, match="within the library"):
            write(workspace, place, force=True)


@pytest.mark.parametrize("format", list(Format))
def test_a_link_is_not_followed(workspace, tmp_path, format):
    other = tmp_path / "elsewhere"
    other.mkdir()
    (tmp_path / "out").symlink_to(other / "target")
    with pytest.raises(ExportError, match="link"):
        write(workspace, tmp_path / "out", format, force=True)
    assert list(other.iterdir()) == []


def test_a_missing_folder_is_named(workspace, tmp_path):
    with pytest.raises(ExportError, match="does not exist"):
        write(workspace, tmp_path / "none" / "near.csv")
    with pytest.raises(ExportError, match="does not exist"):
        export_all(workspace, codes=KEY, output=tmp_path / "none" / "all.npz")


def test_an_original_that_links_out_of_the_root_is_not_handed_out(made, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    photo = made.root / "wood" / "photo-05.jpg"
    photo.unlink()
    photo.symlink_to(secret)
    with Workspace.open(made.path) as workspace:
        report = write(workspace, tmp_path / "out", "folder")
        files = everything_below(tmp_path / "out")
    assert report.thumbnails == ("wood/photo-05.jpg",)
    assert b"secret" not in files.values()


def test_an_original_that_is_a_pipe_is_not_waited_for(made, tmp_path):
    photo = made.root / "wood" / "photo-05.jpg"
    photo.unlink()
    os.mkfifo(photo)
    with Workspace.open(made.path) as workspace:
        assert write(workspace, tmp_path / "out", "folder").thumbnails == ("wood/photo-05.jpg",)


def test_a_link_within_the_root_is_handed_out(made, tmp_path):
    photo = made.root / "wood" / "photo-05.jpg"
    stored = made.root / "store.bin"
    photo.rename(stored)
    photo.symlink_to(stored)
    with Workspace.open(made.path) as workspace:
        report = write(workspace, tmp_path / "out", "folder")
    assert report.thumbnails == ()
    copied = tmp_path / "out" / "001-d00-photo-05.jpg"
    assert copied.read_bytes() == stored.read_bytes()
    assert not copied.is_symlink()


@given(st.text(st.characters(), max_size=300))
def test_a_file_name_stays_in_its_folder_and_fits_every_file_system(text):
    name = file_name(text)
    assert 0 < len(name.encode()) <= LONGEST_NAME + 1
    assert not set(name) & set('/\\:*?"<>|\0\n\r\t')
    assert name not in {".", ".."}
    assert not name.startswith(".")
    assert not name.endswith((".", " "))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("con.jpg", "_con.jpg"),
        ("a\x1b[31m.jpg", "a_[31m.jpg"),
        ("bild\u202egpj.exe", "bild_gpj.exe"),
        ("", "photo"),
    ],
)
def test_awkward_names_become_harmless(text, name):
    assert file_name(text) == name


@given(st.text(max_size=50))
def test_a_cell_never_starts_a_formula_and_loses_nothing(text):
    shown = cell(text)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert shown in {text, "'" + text}


@given(st.text(st.characters(), max_size=50))
def test_markup_holds_no_tag_and_no_quote(text):
    assert not set(markup(text)) & set("<>\"'")
    markup(text).encode("utf-8")


def test_script_json_cannot_end_its_element():
    assert "</script" not in script_json({"title": "</script><script>alert(1)</script>"})
