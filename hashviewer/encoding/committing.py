"""From outcomes to segments of a library."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes
from hashviewer.encoding.pipeline import Outcome
from hashviewer.errors import EncodingError
from hashviewer.library import CodeSetInfo, LibraryWriter, NewPhoto, Problem

SEGMENT_ROWS = 8192
_PAUSES = (2.0, 4.0, 8.0)  # s; the first photos are to be seen soon, later segments may be larger
_LONGEST_PAUSE = 10.0  # s; so much work a kill may cost
_GAP = 64  # rows without a code that one segment may span rather than to begin another


@dataclass(slots=True)
class Counts:
    """What has been written."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    touched: int = 0
    problems: int = 0
    encoded: int = 0


class Committer:
    """Collects outcomes and writes them in segments, by number or by time.

    Args:
        writer: Of the library.
        info: The code set that the outcomes belong to.
        on_committed: Called with the number of photos that have just become durable.
    """

    def __init__(
        self, writer: LibraryWriter, info: CodeSetInfo, *, on_committed: Callable[[int], None]
    ) -> None:
        self.counts = Counts()
        self._writer = writer
        self._info = info
        self._on_committed = on_committed
        self._photos: list[Outcome] = []
        self._coded: list[Outcome] = []
        self._moves: dict[int, Outcome] = {}
        self._problems: list[Problem] = []
        self._flushes = 0
        self._last = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        """Take an outcome in; it is not durable yet.

        Raises:
            EncodingError: The network's outputs are not numbers.
        """
        job = outcome.job
        if outcome.outputs is not None and not np.isfinite(outcome.outputs).all():
            raise EncodingError(
                f"The model “{self._info.model}” gives outputs that are not numbers; its file is damaged. Fetch or "
                "train it again."
            )
        if outcome.reason:
            self._problems.append(_problem(outcome))
        elif outcome.same_as is not None:
            self._moves[outcome.same_as] = outcome
        elif job.row is None or job.changed:
            self._photos.append(outcome)
        else:
            self._coded.append(outcome)

    def due(self) -> bool:
        """Whether it is time to `flush`."""
        pause = _PAUSES[self._flushes] if self._flushes < len(_PAUSES) else _LONGEST_PAUSE
        late = time.monotonic() - self._last > pause
        waiting = len(self._photos) + len(self._coded)
        return waiting >= SEGMENT_ROWS or (late and bool(waiting or self._moves or self._problems))

    def flush(self) -> None:
        """Write what has been taken in.

        Raises:
            LibraryError: It cannot be written.
        """
        durable = len(self._photos) + len(self._coded) + len(self._moves)
        if self._moves:
            self._write_moves()
        if self._photos:
            self._write_photos()
        if self._coded:
            self._write_coded()
        if self._problems:
            self._writer.add_problems(self._problems)
            self.counts.problems += len(self._problems)
            self._problems = []
        self._flushes += 1
        self._last = time.monotonic()
        if durable:
            self._on_committed(durable)

    def _write_moves(self) -> None:
        moves = {row: (o.job.file.path, o.job.file.mtime_ns) for row, o in self._moves.items()}
        self._writer.move_all(moves)
        touched = sum(outcome.job.row == row for row, outcome in self._moves.items())
        self.counts.touched += touched
        self.counts.moved += len(moves) - touched
        self._moves = {}

    def _write_photos(self) -> None:
        ready = sorted(self._photos, key=lambda outcome: outcome.job.order)
        self._photos = []
        rows = self._writer.add_photos([_new_photo(outcome) for outcome in ready])
        self._add_codes(rows.start, list(rows), ready)
        changed = sum(outcome.job.changed for outcome in ready)
        self.counts.changed += changed
        self.counts.added += len(ready) - changed
        self.counts.encoded += len(ready)

    def _write_coded(self) -> None:
        ready = sorted(self._coded, key=_row)
        self._coded = []
        start = 0
        for stop in range(1, len(ready) + 1):
            if stop == len(ready) or _row(ready[stop]) - _row(ready[stop - 1]) > _GAP:
                run = ready[start:stop]
                self._add_codes(_row(run[0]), [_row(outcome) for outcome in run], run)
                start = stop
        self.counts.encoded += len(ready)

    def _add_codes(self, first: int, rows: Sequence[int], ready: Sequence[Outcome]) -> None:
        count = rows[-1] - first + 1
        places = np.asarray(rows) - first
        outputs = _placed([outcome.outputs for outcome in ready], places, count, self._info.bits)
        features = _placed([outcome.features for outcome in ready], places, count, self._info.feature_dim)
        encoded = np.zeros(count, np.bool_)
        encoded[places] = True
        self._writer.add_codes(self._info, first, codes.from_outputs(outputs), outputs, features, encoded)


def _placed(
    values: Sequence[NDArray[np.float32] | None], places: NDArray[np.int64], count: int, width: int
) -> NDArray[np.float32]:
    array = np.zeros((count, width), np.float32)
    for place, value in zip(places, values, strict=True):
        array[place] = value
    return array


def _problem(outcome: Outcome) -> Problem:
    """The problem of an outcome. One that may pass is noted with a time that no file has: it is tried again."""
    file = outcome.job.file
    if outcome.passing:
        return Problem(file.path, outcome.reason, 0, 0)
    return Problem(file.path, outcome.reason, file.size, file.mtime_ns)


def _row(outcome: Outcome) -> int:
    assert outcome.job.row is not None, "a photo that the library has"
    return outcome.job.row


def _new_photo(outcome: Outcome) -> NewPhoto:
    file, photo = outcome.job.file, outcome.decoded
    assert photo is not None, "a photo that was decoded"
    parts = PurePath(file.path).parts
    return NewPhoto(
        path=file.path,
        size=file.size,
        mtime_ns=file.mtime_ns,
        content=outcome.content,
        width=photo.width,
        height=photo.height,
        orientation=photo.orientation,
        taken=photo.taken,
        label=parts[0] if len(parts) > 1 else "",
        thumbnail=photo.thumbnail,
    )
