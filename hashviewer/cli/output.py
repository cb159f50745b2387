"""Words and JSON on stdout."""

import json
import re
import sys
from collections.abc import Iterable, Sequence

import typer

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    r"""Text that is safe on a terminal: control signs and undecodable bytes are written as escapes (``\x1b``)."""
    visible = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return _CONTROL.sub(lambda sign: sign[0].encode("unicode_escape").decode("ascii"), visible)


def say(text: str) -> None:
    """A line for the user."""
    typer.echo(shown(text))


def print_json(document: object) -> None:
    r"""One JSON document on one line.

    ASCII only: a byte of a path that is no UTF-8 is written as ``\udcXX``, which `os.fsencode` turns back.
    """
    sys.stdout.write(json.dumps(document, ensure_ascii=True, allow_nan=False) + "\n")
    sys.stdout.flush()


def say_table(header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """A table with columns as wide as they need to be; numbers stand on the right."""
    rows = [list(line) for line in lines]
    cells = [list(header), *[[shown(str(value)) for value in row] for row in rows]]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    right = [all(isinstance(row[column], int | float) for row in rows) for column in range(len(header))]
    for line in cells:
        padded = [
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ]
        typer.echo("  ".join(padded).rstrip())
