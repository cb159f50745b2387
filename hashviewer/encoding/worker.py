"""The indexing process: does the work, tells of it on standard output, stops when told or when its parent is gone."""

import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from hashviewer.encoding import messages
from hashviewer.encoding.indexing import Settings, encode_library_with, index_with
from hashviewer.encoding.journal import Precautions, read_precautions
from hashviewer.encoding.messages import Message
from hashviewer.encoding.places import Place
from hashviewer.encoding.report import IndexReport
from hashviewer.images import place_of, read_list
from hashviewer.progress import Cancelled

_NICE = 5  # the window goes first


def work(
    library: Path,
    *,
    place: Place | None,
    model: Path,
    device: str,
    precision: str,
    precautions: Path | None,
) -> int:
    """Index a place, or with None encode the library's photos again; returns the exit status.

    A line "stop", the end of standard input, SIGINT and SIGTERM all stop it, keeping what is done.
    """
    reporter = _Reporter(messages.own_output())
    reporter.stop_on_signals()
    threading.Thread(target=reporter.stop_on_input, name="stop", daemon=True).start()
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(_NICE)
    try:
        report = _report(
            library,
            place=place,
            settings=Settings(
                model=model,
                device=device,
                precision=precision,
                progress=reporter.progress,
                on_committed=reporter.committed,
                precautions=read_precautions(precautions) if precautions else Precautions(),
            ),
        )
    except Exception as error:  # noqa: BLE001 - the parent shows it
        sys.excepthook(type(error), error, error.__traceback__)
        reporter.send(messages.error_message(error))
        return 1
    reporter.send(Message("done", asdict(report)))
    return 0


def place_named(folder: str | None, listed: Path | None) -> Place:
    """The place that a parent has named: a folder, a URL, or a file with a base folder and then absolute paths."""
    if listed is not None:
        base, _, files = listed.read_bytes().partition(b"\n")
        return read_list(files, Path(os.fsdecode(base)))
    assert folder is not None, "the parser asks for one of them"
    return place_of(folder)


def _report(library: Path, *, place: Place | None, settings: Settings) -> IndexReport:
    if place is None:
        return encode_library_with(library, settings)
    return index_with(place, library, settings)


class _Reporter:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._stop = threading.Event()

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """See `hashviewer.progress.Progress`."""
        if self._stop.is_set():
            raise Cancelled
        self.send(Message("progress", {"done": done, "total": total, "message": message}))

    def committed(self, rows: int) -> None:
        """Tell that photos have become durable."""
        self.send(Message("committed", {"rows": rows}))

    def send(self, message: Message) -> None:
        """Send a message; a parent that is gone is no error: the work is stopped and kept."""
        try:
            messages.write(self._stream, message)
        except OSError:
            self._stop.set()

    def stop_on_input(self) -> None:
        """Wait for "stop" or the end of standard input.

        Reads the descriptor itself: a thread that waits within `sys.stdin` would hold its lock when Python ends.
        """
        with suppress(OSError):
            while (data := os.read(0, 64)) and b"stop" not in data:
                continue
        self._stop.set()

    def stop_on_signals(self) -> None:
        """Let signals stop the work as a line does; Ctrl-C reaches parent and child alike."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop.set())
