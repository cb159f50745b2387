"""What the first word of the command line means: a command, or a path that the window opens."""

import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from hashviewer import __version__
from hashviewer.cli import window as window_module
from hashviewer.cli.app import app


@pytest.fixture
def opened(monkeypatch):
    """The paths that the window was asked to open."""
    paths = []

    def open_window(path, *, sample):
        paths.append("sample" if sample else path)
        return 0

    monkeypatch.setattr(window_module, "open_window", open_window)
    return paths


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_no_word_opens_the_window(opened):
    assert run().exit_code == 0
    assert opened == [None]


def test_a_path_opens_the_window_on_it(opened, tmp_path):
    assert run(str(tmp_path)).exit_code == 0
    assert opened == [tmp_path]


def test_the_sample_opens_in_the_window(opened):
    assert run("--sample").exit_code == 0
    assert opened == ["sample"]


def test_a_command_wins_over_a_folder_of_the_same_name(opened, tmp_path, monkeypatch):
    (tmp_path / "query").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "Missing argument" in run("query").stderr
    assert opened == []
    assert run("./query").exit_code == 0
    assert [str(path) for path in opened] == ["query"]


def test_a_mistyped_command_is_answered_with_the_nearest(opened):
    result = run("qurey", "lib", "5")
    assert result.exit_code == 2
    assert "“qurey”. Did you mean “query”?" in result.stderr
    assert opened == []


def test_the_version_is_shown():
    assert run("--version").stdout.strip() == __version__


def test_help_lists_every_command():
    text = run("--help").stdout
    for command in ("index", "query", "buckets", "bits", "info", "export", "pack", "train", "screenshot"):
        assert f"\n  {command} " in text


def test_help_is_there_at_once_without_numpy_torch_and_qt():
    script = (
        "import sys\n"
        "from hashviewer.cli.app import app\n"
        "app(['--help'], standalone_mode=False)\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'PySide6', 'numpy', 'h5py', 'rich'}))\n"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - started < 5  # measured 0.15 s; the margin is for a busy machine
