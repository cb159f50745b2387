"""`make zoo` as one command: its programs, in their order, with options that they have."""

import importlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IN_ORDER = (
    "zoo",
    "zoo_held_out",
    "zoo",
    "zoo_sanity",
    "zoo_sanity",
    "zoo",
    "zoo_whole",
    "zoo_scratch",
    "zoo_check",
)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_zoo_runs_its_programs_in_order_with_options_that_they_have(monkeypatch):
    words = ["make", "--dry-run", "--always-make", "zoo", "ZOO_DATA=some set.zip", "PYTHON=true"]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    commands = [shlex.split(line) for line in said.splitlines() if " -m benchmarks." in line]
    programs = [words[2].removeprefix("benchmarks.") for words in commands]
    assert programs == ["zoo_trunk", *IN_ORDER]
    for program, command in zip(programs, commands, strict=True):
        module = importlib.import_module(f"benchmarks.{program}")
        monkeypatch.setattr(sys, "argv", command[2:])
        assert module._arguments().data == "some set.zip"
