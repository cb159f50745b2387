"""hashviewer push: copy a library to a search engine."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hashviewer.cli.asking import JsonOption, LibraryArgument, opened
from hashviewer.cli.output import print_json, say
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from hashviewer.engines.pushing import PushReport


def push(
    library: LibraryArgument,
    address: Annotated[
        str,
        typer.Argument(
            metavar="ENGINE", help="chdb:///FOLDER, or clickhouse://USER@HOST:PORT/DATABASE[?cluster=NAME]."
        ),
    ],
    codes: Annotated[
        list[str] | None,
        typer.Option(
            "--codes", metavar="KEY", help="A code set; may be given several times. All if left out."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Copy a library's codes, labels, dates and paths to an engine, which then opens as a library does.

    Ctrl-C keeps what was sent, and the next push goes on; a library that has grown sends what is new.
    """
    from hashviewer.engines import parse
    from hashviewer.engines.connection import Connection
    from hashviewer.engines.pushing import push as push_library

    connection = Connection(parse(address))
    try:
        with opened(library) as workspace, watched() as progress:
            report = push_library(
                workspace.library, connection, name=workspace.name, codes=codes or (), progress=progress
            )
    finally:
        connection.close()
    if json:
        print_json({**asdict(report), "engine": str(connection.address)})
    else:
        _say(report, str(connection.address))


def _say(report: "PushReport", address: str) -> None:
    sets = f"{len(report.code_sets)} code set" + ("" if len(report.code_sets) == 1 else "s")
    if not report.sent:
        say(f"{address} was up to date: {report.photos:,} photos, {sets}.")
        return
    kept = f", {report.kept:,} were there already" if report.kept else ""
    say(
        f"{report.photos:,} photos with {sets} are at {address}: {report.sent:,} rows were sent in "
        f"{report.seconds:.1f} s{kept}."
    )
