"""docs/command-line.md names every command and every option."""

import re
from pathlib import Path

import pytest
import typer.main

from hashviewer.cli.app import app
from hashviewer.cli.group import WINDOW

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
COMMANDS = typer.main.get_command(app).commands


def section(command):
    """The part of the page under a command's heading; the window's is the introduction."""
    parts = re.split(r"^## (\w+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    return parts[0] if command == WINDOW else named[command]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_of_a_command_is_documented(command):
    text = section(command)
    options = [
        name for parameter in COMMANDS[command].params for name in parameter.opts if name.startswith("-")
    ]
    missing = [name for name in options if name not in {"--help", "-h"} and f"{name}" not in text]
    assert missing == []


def test_every_section_is_a_command():
    headings = re.findall(r"^## (\w+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(headings) == sorted(set(COMMANDS) - {WINDOW})
