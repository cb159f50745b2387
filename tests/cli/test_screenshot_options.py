"""What `hashviewer screenshot` accepts before it opens a window."""

import pytest

from hashviewer.cli.screenshot import check_output, edges
from hashviewer.errors import ExportError


@pytest.mark.parametrize(("text", "size"), [("1600x1000", (1600, 1000)), (" 800X600", (800, 600))])
def test_a_size_is_two_numbers(text, size):
    assert edges(text) == size


@pytest.mark.parametrize("text", ["", "1600", "1600x", "axb", "10x10", "99999x1000", "1600x1000x3", "-5x700"])
def test_other_sizes_are_refused_with_an_example(text):
    with pytest.raises(ExportError, match="1600x1000"):
        edges(text)


def test_only_a_png_is_made(tmp_path):
    with pytest.raises(ExportError, match=r"name it shot\.png"):
        check_output(tmp_path / "shot.jpg", "")


def test_the_query_picture_and_links_are_never_replaced(tmp_path):
    picture = tmp_path / "mine.png"
    picture.write_bytes(b"png")
    with pytest.raises(ExportError, match="query picture itself"):
        check_output(picture, str(picture))
    (tmp_path / "link.png").symlink_to(picture)
    with pytest.raises(ExportError, match="not a plain file"):
        check_output(tmp_path / "link.png", "")
    check_output(picture, "")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ExportError, match="does not exist"):
        check_output(tmp_path / "none" / "shot.png", "")
