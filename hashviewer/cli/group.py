"""How the first word is understood, and how failures end: a sentence on stderr and an exit code."""

import difflib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
import typer.core

from hashviewer.cli.log import LOGGER, log_file, start_log, stop_log
from hashviewer.cli.output import shown
from hashviewer.engines import is_address
from hashviewer.errors import HashViewerError
from hashviewer.progress import Cancelled

WINDOW = "window"  # the command behind ``hashviewer PATH``
FAILED, STOPPED = 1, 130
_OF_THE_GROUP = {"--help", "-h", "--version"}


class Commands(typer.core.TyperGroup):
    """The commands; a first word that is none of them is a path that the window opens.

    typer's own `Context` is what its groups get; some versions declare the wider one of click, hence the ignores.
    """

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put the window's command in front of a path; a command wins over a file of the same name."""
        first = args[0] if args else ""
        if first not in self.commands and first not in _OF_THE_GROUP:
            if first and not first.startswith("-") and not Path(first).exists() and not is_address(first):
                _refuse(ctx, first, sorted(self.commands))
            args = [WINDOW, *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command; what goes wrong becomes a sentence and an exit code."""
        start_log()
        try:
            with failures_in_words():
                return super().invoke(ctx)
        finally:
            stop_log()


def _refuse(ctx: typer.Context, word: str, commands: list[str]) -> None:
    near = difflib.get_close_matches(word, commands, n=1)
    hint = f"Did you mean “{near[0]}”?" if near else "“hashviewer --help” lists the commands."
    typer.echo(f"There is no command and no file “{shown(word)}”. {hint}", err=True)
    ctx.exit(2)


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turn errors into a sentence on stderr and an exit code; what nobody foresaw goes to the log file.

    Raises:
        typer.Exit: With the exit code.
    """
    try:
        yield
    except HashViewerError as error:
        if error.__cause__ is not None:
            LOGGER.warning("%s", sys.argv, exc_info=True)
        typer.echo(shown(str(error)), err=True)
        raise typer.Exit(FAILED) from error
    except (Cancelled, KeyboardInterrupt) as stop:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(STOPPED) from stop
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except OSError as error:  # disk full, a folder that may not be read: not ours, but worth the details
        LOGGER.exception("%s", sys.argv)
        typer.echo(shown(f"{error.filename or 'The output'}: {error.strerror or error}."), err=True)
        raise typer.Exit(FAILED) from error
    except Exception as error:  # the log keeps the traceback, the user gets a sentence
        if type(error).__module__.startswith(("click.", "typer.")):
            raise  # a wrong option: the command line's own message
        LOGGER.exception("not foreseen: %s", sys.argv)
        typer.echo(f"Something went wrong: {shown(str(error)) or type(error).__name__}", err=True)
        typer.echo(f"This is a mistake in HashViewer; the details are in {shown(str(log_file()))}.", err=True)
        raise typer.Exit(FAILED) from error
