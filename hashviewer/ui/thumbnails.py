"""Thumbnails of the open library: decoded in workers, kept in a cache of limited size.

Requests form a stack: what was asked for last is decoded first, and what has left the screen is forgotten
before it costs anything. Workers make QImage; only the GUI thread makes QPixmap.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Condition, Thread
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap

from hashviewer.errors import ImageError

if TYPE_CHECKING:
    from hashviewer.library import Library

WORKERS = 1  # more would take turns with the GUI thread for the interpreter, and delay the frame of an answer
LIMIT_BYTES = 160 * 2**20
WAITING_LIMIT = 1500  # requests kept; the oldest beyond are stale and dropped
DEFAULT_EDGE = 192

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Box:
    """What a thumbnail is scaled to.

    Attributes:
        size: In device pixels; a picture keeps its shape within it.
        enlarge: Whether smaller pictures are scaled up to it.
    """

    size: QSize
    enlarge: bool = False

    def fitting(self, size: QSize) -> QSize:
        """The size that a picture gets."""
        fits = size.width() <= self.size.width() and size.height() <= self.size.height()
        if fits and not self.enlarge:
            return size
        return size.scaled(self.size, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))

    def is_smaller(self, other: "_Box") -> bool:
        """Whether what was made for this box is too small for the other."""
        return self.size.width() < other.size.width() or self.size.height() < other.size.height()


class _Requests:
    """The rows that are wanted, newest first; shared by the GUI thread and the workers."""

    def __init__(self) -> None:
        self._rows: OrderedDict[int, bool] = OrderedDict()  # row: whether it may be forgotten unseen
        self._changed = Condition()
        self._closed = False
        self._decoding = 0

    def push(self, rows: Iterable[int], *, passing: bool) -> None:
        """Put rows on top; the last one given is taken first."""
        with self._changed:
            for row in rows:
                self._rows[row] = passing and self._rows.get(row, True)
                self._rows.move_to_end(row)
            while len(self._rows) > WAITING_LIMIT:
                self._rows.popitem(last=False)
            self._changed.notify_all()

    def forget_passing(self) -> None:
        """Forget what was asked for only while it passed."""
        with self._changed:
            for row in [row for row, passing in self._rows.items() if passing]:
                del self._rows[row]

    def clear(self) -> None:
        """Forget everything that waits."""
        with self._changed:
            self._rows.clear()

    def take(self) -> int | None:
        """The newest row, waiting for one; None when it is over."""
        with self._changed:
            while not self._rows and not self._closed:
                self._changed.wait()
            if self._closed:
                return None
            self._decoding += 1
            return self._rows.popitem(last=True)[0]

    def delivered(self) -> None:
        """A worker has delivered the row it took."""
        with self._changed:
            self._decoding -= 1

    def close(self) -> None:
        """Let all workers end."""
        with self._changed:
            self._closed = True
            self._rows.clear()
            self._changed.notify_all()

    @property
    def empty(self) -> bool:
        """Whether nothing waits and nothing is being decoded."""
        with self._changed:
            return not self._rows and self._decoding == 0


class Thumbnails(QObject):
    """Cache of decoded thumbnails for the open library.

    Pixmaps fit a square of `edge` device pixels, or fill cells that `fill` has told, so that painting a cell only
    copies. They carry no device pixel ratio: draw them into a rectangle of your own.

    Signals:
        ready: Row whose thumbnail has just become available.
    """

    ready = Signal(int)
    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library: Library | None = None
        self._box = _Box(QSize(DEFAULT_EDGE, DEFAULT_EDGE))
        self._cache: OrderedDict[int, tuple[QPixmap, _Box]] = OrderedDict()
        self._bytes = 0
        self._broken: set[int] = set()
        self._requests = _Requests()
        self._decoded: SimpleQueue[tuple[Library, int, _Box, QImage | None]] = SimpleQueue()
        self._woken.connect(self._take_decoded)
        self._workers: list[Thread] = []

    @property
    def edge(self) -> int:
        """Longest edge of what is decoded, device pixels; smaller pictures are not enlarged."""
        return max(self._box.size.width(), self._box.size.height())

    @edge.setter
    def edge(self, edge: int) -> None:
        self._box = _Box(QSize(edge, edge))

    def fill(self, size: QSize) -> None:
        """Scale pictures to cells of this size in device pixels, smaller ones too: once, not at every paint."""
        self._box = _Box(size, enlarge=True)

    def set_library(self, library: "Library | None") -> None:
        """Show another library; everything cached and waiting is forgotten."""
        self._library = library
        self._cache.clear()
        self._broken.clear()
        self._bytes = 0
        self._requests.clear()

    def pixmap(self, row: int) -> QPixmap | None:
        """The thumbnail if it is there; otherwise None, and `ready` follows."""
        entry = self._cache.get(row)
        if entry is None:
            self.prefetch([row])
            return None
        self._cache.move_to_end(row)
        pixmap, box = entry
        if box.is_smaller(self._box):
            self.prefetch([row])  # made for smaller cells: good until the sharper one arrives
        return pixmap

    def is_broken(self, row: int) -> bool:
        """Whether the row has no readable thumbnail."""
        return row in self._broken

    def peek(self, row: int) -> QPixmap | None:
        """The thumbnail if it is there; asks for nothing."""
        entry = self._cache.get(row)
        if entry is None:
            return None
        self._cache.move_to_end(row)
        return entry[0]

    def prefetch(self, rows: Sequence[int]) -> None:
        """Ask for rows; the first given is decoded first, and before all that were asked for earlier."""
        self._ask(rows, passing=False)

    def look_at(self, rows: Sequence[int]) -> None:
        """The viewport of the grid shows these rows (most wanted first): what it passed before is forgotten."""
        self._requests.forget_passing()
        self._ask(rows, passing=True)

    def from_bytes(self, data: bytes) -> QPixmap:
        """Decode one thumbnail at once; a null pixmap when `data` is no picture."""
        image = _decode(data, None)
        return QPixmap() if image is None else QPixmap.fromImage(image)

    @property
    def settled(self) -> bool:
        """Whether everything asked for has been delivered."""
        return self._requests.empty and self._decoded.empty()

    def shutdown(self) -> None:
        """End the workers and wait for them."""
        self._requests.close()
        for worker in self._workers:
            worker.join()
        self._workers.clear()

    def _ask(self, rows: Sequence[int], *, passing: bool) -> None:
        if self._library is None:
            return
        wanted = [row for row in reversed(rows) if self._is_wanted(row)]
        if wanted:
            self._start_workers()
            self._requests.push(wanted, passing=passing)

    def _is_wanted(self, row: int) -> bool:
        if row in self._broken:
            return False
        entry = self._cache.get(row)
        return entry is None or entry[1].is_smaller(self._box)

    def _start_workers(self) -> None:
        if self._workers:
            return
        self._workers = [
            Thread(target=self._work, name=f"thumbnail-{i}", daemon=True) for i in range(WORKERS)
        ]
        for worker in self._workers:
            worker.start()

    def _work(self) -> None:
        """In a worker: decode the newest request until the end."""
        while (row := self._requests.take()) is not None:
            library, box = self._library, self._box
            if library is not None:
                image = _read(library, row, box)
                self._decoded.put((library, row, box, image))
            self._requests.delivered()
            self._woken.emit()

    def _take_decoded(self) -> None:
        while True:
            try:
                library, row, box, image = self._decoded.get_nowait()
            except Empty:
                return
            if library is not self._library:
                continue
            if image is None:
                self._broken.add(row)
            else:
                self._put(row, QPixmap.fromImage(image), box)
            self.ready.emit(row)

    def _put(self, row: int, pixmap: QPixmap, box: _Box) -> None:
        before = self._cache.pop(row, None)
        if before is not None:
            self._bytes -= _size(before[0])
        self._cache[row] = (pixmap, box)
        self._bytes += _size(pixmap)
        while self._bytes > LIMIT_BYTES and len(self._cache) > 1:
            _, (oldest, _) = self._cache.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4


def _read(library: "Library", row: int, box: _Box) -> QImage | None:
    try:
        return _decode(library.thumbnail(row), box)
    except Exception as error:  # noqa: BLE001 - a thumbnail that cannot be read must not end the worker
        _log.warning("no thumbnail of row %d: %s", row, error)
        return None


def _decode(data: bytes, box: _Box | None) -> QImage | None:
    """The picture as an image that owns its pixels, scaled to `box`; None when it is none."""
    from hashviewer.images import decode_thumbnail

    if not data:
        return None
    try:
        pixels = decode_thumbnail(data)
    except ImageError:
        return None
    height, width = pixels.shape[:2]
    shared = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    size = shared.size() if box is None else box.fitting(shared.size())
    if size != shared.size():
        shared = shared.scaled(
            size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
    return shared.convertToFormat(QImage.Format.Format_RGB32)  # a copy: the array may go
