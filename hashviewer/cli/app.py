"""The command ``hashviewer`` and its table of commands."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from hashviewer import __version__
from hashviewer.cli.bits import bits
from hashviewer.cli.buckets import buckets
from hashviewer.cli.evaluate import evaluate
from hashviewer.cli.export import export
from hashviewer.cli.group import WINDOW, Commands
from hashviewer.cli.index import index
from hashviewer.cli.info import info
from hashviewer.cli.methods import methods
from hashviewer.cli.pack import pack
from hashviewer.cli.plan import plan
from hashviewer.cli.push import push
from hashviewer.cli.query import query
from hashviewer.cli.sample import sample
from hashviewer.cli.screenshot import screenshot
from hashviewer.cli.train import train
from hashviewer.cli.window import window

# rich is left out: its import would double the time that a command needs to start
app = typer.Typer(
    name="hashviewer",
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 110},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def hashviewer(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A retrieval explorer for deep hashing: browse photos by similarity, and see how the codes behave.

    hashviewer [LIBRARY|FOLDER] opens the window; the commands below work without it.
    """


for command in (
    index,
    query,
    plan,
    buckets,
    bits,
    info,
    export,
    pack,
    push,
    train,
    methods,
    evaluate,
    screenshot,
    sample,
):
    app.command()(command)
app.command(WINDOW)(window)


def main() -> None:
    """Run the command line and exit."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell, or a program without a console
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a file name must never break the output
    app(prog_name="hashviewer")
