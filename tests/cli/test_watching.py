"""The progress bar and Ctrl-C."""

import io
import signal

import pytest
import typer

from hashviewer.cli import watching
from hashviewer.cli.group import failures_in_words
from hashviewer.cli.output import shown
from hashviewer.cli.watching import line, watched
from hashviewer.progress import Cancelled


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_fills_and_says_how_far_it_is():
    assert line(5, 20, "214 photos/s") == f"[{'#' * 7}{'.' * 21}] 5 of 20  214 photos/s"
    assert line(20, 20, "").count("#") == watching.WIDTH
    assert line(1500, None, "files found") == "1,500 files found"
    assert line(0, None, "Searching") == "Searching"


def test_the_bar_is_drawn_on_a_terminal_and_taken_away(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with watched() as progress:
        progress(3, 10, "going")
    assert "3 of 10  going" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_nothing_is_drawn_where_stderr_is_no_terminal(capsys):
    with watched() as progress:
        progress(3, 10, "going")
    assert capsys.readouterr().err == ""


def test_ctrl_c_stops_at_the_next_report_and_ends_with_130(capsys):
    reached = []

    def work():
        with failures_in_words(), watched() as progress:
            progress(1, 3)
            signal.raise_signal(signal.SIGINT)
            reached.append("the step under way is finished")
            progress(2, 3)
            reached.append("never")

    with pytest.raises(typer.Exit) as ended:
        work()
    assert ended.value.exit_code == 130
    assert reached == ["the step under way is finished"]
    assert "Stopped." in capsys.readouterr().err


def test_a_second_ctrl_c_stops_at_once():
    def work():
        with watched():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        work()


def test_ctrl_c_is_as_before_afterwards():
    before = signal.getsignal(signal.SIGINT)

    def work():
        with watched() as progress:
            signal.raise_signal(signal.SIGINT)
            progress(0)

    with pytest.raises(Cancelled):
        work()
    assert signal.getsignal(signal.SIGINT) is before


def test_control_signs_of_file_names_never_reach_the_terminal():
    assert shown("a\x1b[2Jb\rc\u202ed\udcff") == "a\\x1b[2Jb\\rc\\u202ed\\udcff"
    assert shown("Grüße “a” – b") == "Grüße “a” – b"
