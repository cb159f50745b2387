import csv

import numpy as np
import pytest

from hashviewer.search import rank
from hashviewer.ui.dialogs.export import ExportDialog, parts_of


@pytest.fixture
def matches():
    codes = np.packbits(np.tril(np.ones((12, 16), dtype=bool)), axis=1)  # distances 0 … 11
    return rank(codes[0], codes, 16, k=8)


def test_the_parts_are_what_is_shown_what_is_near_and_what_is_selected(matches):
    shown, near, selected = parts_of(matches, k=8, radius=3, selected=(10, 2))
    assert shown.matches.rows.tolist() == list(range(8))
    assert near.matches.rows.tolist() == [0, 1, 2, 3]
    assert near.radius == 3
    assert selected.matches.rows.tolist() == [2, 10]
    assert selected.matches.distances.tolist() == [2, 10]


def test_without_a_selection_there_is_no_such_part(matches):
    assert len(parts_of(matches, k=8, radius=3, selected=())) == 2


def test_nothing_is_overwritten(qtbot, matches, tmp_path):
    (tmp_path / "like.csv").write_text("mine")
    dialog = ExportDialog(None, parts_of(matches, k=8, radius=3, selected=()), folder=tmp_path, name="like")
    qtbot.addWidget(dialog)
    assert dialog.output.text() == str(tmp_path / "like-2.csv")
    dialog.output.setText(str(tmp_path / "like.csv"))
    assert not dialog.export.isEnabled()


def test_an_export_from_the_window_writes_the_photos_within_the_radius(qtbot, open_window, ask, tmp_path):
    window = open_window
    ask(window, 5)
    window.commands.export_results()
    dialog = window.findChild(ExportDialog)
    dialog.part.setCurrentIndex(1)
    dialog.output.setText(str(tmp_path / "near.csv"))
    dialog.export.click()
    qtbot.waitUntil(lambda: window.message_bar.isVisible())
    assert window.message_bar.text.startswith("10 photos were exported")
    with (tmp_path / "near.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = [line for line in csv.reader(file) if line and not line[0].startswith("#")]
    assert len(rows) == 1 + 10


def test_without_an_answer_the_export_says_what_to_do(open_window):
    open_window.commands.export_results()
    assert "ask a query first" in open_window.message_bar.text
