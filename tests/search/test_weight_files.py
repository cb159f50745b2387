"""Weights in a text file."""

import pytest

from hashviewer.errors import SearchError
from hashviewer.search.weight_files import read_weights, write_weights


def test_what_is_written_is_read_again_exactly(tmp_path):
    weights = (0.0, 1.0, 0.1, 1e-9, 123456.789, 1 / 3)
    write_weights(tmp_path / "w.txt", weights)
    assert read_weights(tmp_path / "w.txt", bits=6) == weights
    assert (tmp_path / "w.txt").read_text().count("\n") == 6


def test_empty_lines_and_remarks_are_left_out(tmp_path):
    (tmp_path / "w.txt").write_text("\ufeff# of the photos\n1\n\n 0.5 # half\r\n2e-1\n", encoding="utf-8")
    assert read_weights(tmp_path / "w.txt", bits=3) == (1.0, 0.5, 0.2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1\n2\n", "2 weights.*3 bits"),
        ("1\nmany\n3", "Line 2.*many"),
        ("1\n-2\n3", "Line 2.*0 or more"),
        ("1\nnan\n3", "Line 2"),
        ("1\ninf\n3", "Line 2"),
        ("", "0 weights"),
    ],
)
def test_what_are_no_weights_is_refused_with_the_line(tmp_path, text, words):
    (tmp_path / "w.txt").write_text(text)
    with pytest.raises(SearchError, match=words):
        read_weights(tmp_path / "w.txt", bits=3)


def test_a_picture_or_a_folder_or_nothing_is_refused(tmp_path):
    (tmp_path / "w.jpg").write_bytes(b"\xff\xd8\xff\xe0" * 40)
    for path, words in (
        (tmp_path / "w.jpg", "not text"),
        (tmp_path, "cannot be read"),
        (tmp_path / "no", "cannot be read"),
    ):
        with pytest.raises(SearchError, match=words):
            read_weights(path, bits=3)
    (tmp_path / "long").write_bytes(b"1\n" * 600_000)
    with pytest.raises(SearchError, match="too large"):
        read_weights(tmp_path / "long", bits=3)


def test_where_it_cannot_be_written_it_says_so(tmp_path):
    with pytest.raises(SearchError, match="cannot be written"):
        write_weights(tmp_path / "no" / "w.txt", (1.0,))
