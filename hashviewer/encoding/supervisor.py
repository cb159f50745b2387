"""Runs the indexing process and looks after it.

A crash or an out-of-memory takes only the child. The file that was being decoded is found out, noted as a problem,
and the work goes on with a new child.
"""

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Protocol

from hashviewer.encoding import messages
from hashviewer.encoding.attended import AttendedChild
from hashviewer.encoding.child import command
from hashviewer.encoding.journal import Precautions, in_flight, write_precautions
from hashviewer.encoding.messages import Message
from hashviewer.encoding.places import Place
from hashviewer.encoding.report import IndexReport
from hashviewer.errors import EncodingError
from hashviewer.images import PhotoList
from hashviewer.progress import Cancelled, Progress, silent

_FAREWELL = 120.0  # s; a child that was told to stop may need so long to write what is done
_BARREN_DEATHS = 3  # deaths in a row that teach nothing
_DEATHS = 20  # deaths in a row without a photo written

_log = logging.getLogger(__name__)


class Committed(Protocol):
    """Is told how many photos have just become durable."""

    def __call__(self, rows: int) -> object:
        """Note it."""


def index_in_child(
    place: Place,
    library: Path,
    *,
    model: Path,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress = silent,
    on_committed: Committed | None = None,
) -> IndexReport:
    """`index` in a process of its own; blocks. A stop by `progress` or Ctrl-C keeps what is done.

    Args:
        place: See `index`.
        library: See `index`.
        model: See `index`.
        device: See `index`.
        precision: See `index`.
        progress: Called at least ten times a second, in this thread.
        on_committed: Called in this thread with the number of photos that `Library.refresh` will find.

    Raises:
        EncodingError: The engine cannot start, or the child has died again and again.
        LibraryError: See `index`.
        ImageError: See `index`.
        CheckpointError: See `index`.
    """
    words = ["index", "--library", str(library), "--model", str(model)]
    words += ["--device", device, "--precision", precision]
    if not isinstance(place, PhotoList):
        return _supervised([*words, "--folder", str(place)], progress=progress, on_committed=on_committed)
    with tempfile.TemporaryDirectory(prefix="hashviewer-") as scratch:
        listed = Path(scratch) / "list"
        listed.write_bytes(b"\n".join(os.fsencode(name) for name in (str(place.base), *place.files)))
        return _supervised([*words, "--list", str(listed)], progress=progress, on_committed=on_committed)


def encode_library_in_child(
    library: Path,
    *,
    model: Path,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress = silent,
    on_committed: Committed | None = None,
) -> IndexReport:
    """`encode_library` in a process of its own; blocks. Arguments and errors as in `index_in_child`."""
    words = ["encode", "--library", str(library), "--model", str(model)]
    words += ["--device", device, "--precision", precision]
    return _supervised(words, progress=progress, on_committed=on_committed)


def _supervised(words: Sequence[str], *, progress: Progress, on_committed: Committed | None) -> IndexReport:
    with tempfile.TemporaryDirectory(prefix="hashviewer-") as scratch:
        journal = Path(scratch) / "journal"
        case = _Case(Precautions(journal=journal))
        while True:
            write_precautions(Path(scratch) / "precautions", case.precautions)
            careful = command(*words, "--precautions", str(Path(scratch) / "precautions"))
            child = AttendedChild(careful, read=_messages, farewell=_FAREWELL)
            run = _Run(case.written, progress, on_committed)
            with child:
                report = run.follow(child)
            if report is not None:
                return replace(
                    report, added=report.added + case.written, encoded=report.encoded + case.written
                )
            case.learn(child, in_flight(journal), written=run.written)


@dataclass(slots=True)
class _Case:
    """What the deaths so far have taught."""

    precautions: Precautions
    written: int = 0
    deaths: int = 0
    barren: int = 0

    def learn(self, child: AttendedChild[Message], flying: Sequence[str], *, written: int) -> None:
        """Take in a death; raises `EncodingError` when there is no sense in going on."""
        self.written += written
        self.deaths = 0 if written else self.deaths + 1
        self.barren = 0 if written or flying else self.barren + 1
        _log.warning(
            "The encoding process died (%s) with %d files in flight.\n%s",
            _ending(child),
            len(flying),
            child.said,
        )
        if self.barren >= _BARREN_DEATHS or self.deaths >= _DEATHS:
            raise EncodingError(
                f"The encoding process died again and again ({_ending(child)}). What it had reported as done is in the "
                "library. Close other programs if memory is short, then try again; the log has the details."
            )
        self.precautions = self.precautions.after_death(flying)


@dataclass(slots=True)
class _Run:
    """One child's run as its parent sees it."""

    before: int
    progress: Progress
    on_committed: Committed | None
    written: int = 0
    _state: tuple[int, int | None, str] = (0, None, "")
    _told: bool = field(default=False)

    def follow(self, child: AttendedChild[Message]) -> IndexReport | None:
        """Pass messages on until the end; the report, or None if the child died."""
        for message in child.messages():
            try:
                if message is not None and message.event == "done":
                    return IndexReport(**message.fields)
                if message is not None and message.event == "error":
                    raise message.error()
                self._take(message)
                if not self._told:
                    done, total, words = self._state
                    self.progress(done + self.before, total and total + self.before, words)
            except (Cancelled, KeyboardInterrupt):
                self._told = True
                child.stop()
        if self._told:
            return IndexReport(self.written, 0, 0, 0, 0, 0, 0.0, 0.0, cancelled=True, encoded=self.written)
        return None

    def _take(self, message: Message | None) -> None:
        if message is None:
            return
        if message.event == "committed":
            rows = int(message.fields["rows"])
            self.written += rows
            if self.on_committed is not None:
                self.on_committed(rows)
        elif message.event == "progress":
            self._state = (message.fields["done"], message.fields["total"], message.fields["message"])


def _messages(stream: IO[bytes]) -> Iterator[Message]:
    while (message := messages.read(stream)) is not None:
        yield message


def _ending(child: AttendedChild[Message]) -> str:
    """How it ended, in words."""
    return child.killed_by or f"exit status {child.status}"
