"""The encoding processes: ``python -m hashviewer.encoding index|encode|queries …``; see `supervisor` and `queries`."""

import argparse
import os
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one of the processes; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m hashviewer.encoding", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("index", "encode", "queries"):
        command = commands.add_parser(name)
        command.add_argument("--model", type=Path, required=True)
        command.add_argument("--device", default="auto")
        command.add_argument("--precision", default="auto")
        if name == "queries":
            command.add_argument("--engine", default="auto")
            continue
        command.add_argument("--library", type=Path, required=True)
        command.add_argument("--precautions", type=Path)
        if name == "index":
            where = command.add_mutually_exclusive_group(required=True)
            where.add_argument("--folder", help="a folder or a URL")
            where.add_argument(
                "--list", type=Path, help="a file with a base folder and then absolute paths, a line each"
            )
    options = parser.parse_args(arguments)
    if options.command == "queries":
        from hashviewer.encoding.query_server import serve

        return serve(options.model, engine=options.engine, device=options.device, precision=options.precision)
    from hashviewer.encoding.worker import place_named, work

    return work(
        options.library,
        place=place_named(options.folder, options.list) if options.command == "index" else None,
        model=options.model,
        device=options.device,
        precision=options.precision,
        precautions=options.precautions,
    )


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(
        status
    )  # all is written and closed; taking OpenVINO apart would keep the parent waiting for 0.4 s
