"""Reading, decoding and the forward pass, all at the same time.

Files → decoding threads → engine threads → whoever asks for `outcomes`. Decoding and the forward pass leave the
interpreter's lock, so a few threads fill all cores; the queues between them are bounded.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from hashviewer.encoding.engine import Engine
from hashviewer.encoding.journal import Journal
from hashviewer.errors import EncodingError, HashViewerError, ImageError
from hashviewer.images import Decoded, FoundFile, Preprocessing, Store, StoredPhoto, content_hash, decode
from hashviewer.images.reading import read_picture

_FINISHED = 4096  # outcomes that may wait for the writer
_REMOTE_READERS = 16  # files fetched from a store at the same time
_TICK = 0.1  # s; how soon a thread that waits notices that it is not wanted any more
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """A file to be encoded.

    Attributes:
        order: Its place among all jobs.
        file: The file.
        row: The row that it has; None for a file that is new to the library.
        changed: Whether the file is another one than its row holds.
    """

    order: int
    file: FoundFile
    row: int | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: exactly one of `reason`, `same_as` and `decoded` says something.

    Attributes:
        job: The job.
        content: Hash of the file's bytes.
        reason: Why the file cannot be read.
        passing: Whether the reason lies with the drive or the machine rather than in the file: to be tried again.
        same_as: The row that holds this very content already: nothing was decoded.
        decoded: The photo; its pixels have been dropped.
        outputs: (bits,) float32.
        features: (feature_dim,) float32.
    """

    job: Job
    content: str = ""
    reason: str = ""
    passing: bool = False
    same_as: int | None = None
    decoded: "Facts | None" = None
    outputs: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """A decoded photo without the pixels for the network; fields as in `images.Decoded`."""

    thumbnail: bytes
    width: int
    height: int
    orientation: int
    taken: float | None


@dataclass(frozen=True, slots=True)
class _Picture:
    job: Job
    content: str
    decoded: Decoded


def reading_threads(root: Path | Store, cores: int) -> int:
    """Decoding threads for so many cores: more where they wait for a network."""
    return max(cores + 1, _REMOTE_READERS) if isinstance(root, Store) else cores + 1


def in_order(outcomes: Iterable[Outcome | None], jobs: Sequence[Job]) -> Iterator[Outcome | None]:
    """Outcomes in the order of their jobs, each held back until those before it have come; None passes at once.

    Rows then follow the paths, whatever the threads were faster with and whenever a segment is written.
    """
    waiting: dict[int, Outcome] = {}
    place = 0
    for outcome in outcomes:
        if outcome is None:
            yield None
            continue
        waiting[outcome.job.order] = outcome
        while place < len(jobs) and jobs[place].order in waiting:
            yield waiting.pop(jobs[place].order)
            place += 1
    yield from sorted(waiting.values(), key=lambda outcome: outcome.job.order)


class Pipeline:
    """Runs jobs; use it with `with`: no thread is left behind.

    Args:
        jobs: What to do, in this order as far as threads allow.
        root: The folder or the store that paths are relative to.
        engine: Runs the network.
        preprocessing: What the network wants.
        recognise: The row that holds this content already, or None; called from many threads.
        threads: Decoding threads.
        journal: Notes the files in flight.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        root: Path | Store,
        engine: Engine,
        preprocessing: Preprocessing,
        recognise: Callable[[Job, str], int | None],
        threads: int,
        journal: Journal | None = None,
    ) -> None:
        self._jobs = iter(jobs)
        self._root = root
        self._engine = engine
        self._preprocessing = preprocessing
        self._recognise = recognise
        self._journal = journal
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._abandoned = threading.Event()
        self._decoders = threads
        self._encoders = engine.lanes
        self._pictures: queue.Queue[_Picture | None] = queue.Queue(threads + 2 * engine.batch * engine.lanes)
        self._finished: queue.Queue[Outcome | HashViewerError | None] = queue.Queue(_FINISHED)
        self._threads = [
            threading.Thread(target=self._decode_all, args=(slot,), name=f"decode-{slot}", daemon=True)
            for slot in range(threads)
        ] + [
            threading.Thread(target=self._encode_all, name=f"encode-{lane}", daemon=True)
            for lane in range(engine.lanes)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._abandoned.set()
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        """Begin no further file; those begun come out of `outcomes` still."""
        self._stopped.set()

    def outcomes(self) -> Iterator[Outcome | None]:
        """Every job's outcome as it is ready; None ten times a second while there is nothing.

        Raises:
            EncodingError: The engine failed.
        """
        while True:
            try:
                item = self._finished.get(timeout=_TICK)
            except queue.Empty:
                yield None
                continue
            if item is None:
                return
            if isinstance(item, HashViewerError):
                raise item
            yield item

    def _decode_all(self, slot: int) -> None:
        while (job := self._next_job()) is not None:
            if self._journal is not None:
                self._journal.begin(slot, job.file.path)
            result = self._decoded(job)
            if self._journal is not None:
                self._journal.end(slot)
            if isinstance(result, _Picture):
                self._put(self._pictures, result)
            else:
                self._put(self._finished, result)
        with self._turn:
            self._decoders -= 1
            last = self._decoders == 0
        if last:
            self._put(self._pictures, None)

    def _next_job(self) -> Job | None:
        with self._turn:
            return None if self._stopped.is_set() else next(self._jobs, None)

    def _decoded(self, job: Job) -> "_Picture | Outcome":
        try:
            data, _ = read_picture(self._place(job.file))
        except ImageError as error:
            return Outcome(job, reason=str(error), passing=isinstance(error.__cause__, OSError))
        try:
            content = content_hash(data)
            known = self._recognise(job, content)
            if known is not None:
                return Outcome(job, content, same_as=known)
            return _Picture(job, content, decode(data, self._preprocessing))
        except ImageError as error:
            return Outcome(job, reason=str(error))
        except MemoryError:
            return Outcome(job, reason="This picture needs more memory than there is.", passing=True)
        except Exception as error:  # noqa: BLE001 - whatever a decoder stumbles over costs that file only
            return Outcome(job, reason=f"This file cannot be read ({type(error).__name__}: {error}).")

    def _place(self, file: FoundFile) -> Path | StoredPhoto:
        return self._root.photo(file) if isinstance(self._root, Store) else self._root / file.path

    def _encode_all(self) -> None:
        try:
            while pictures := self._next_pictures():
                self._encode(pictures)
        except HashViewerError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - an engine's own error must reach the caller in words
            self._fail(EncodingError(f"The network failed: {type(error).__name__}: {error}."))
        with self._turn:
            self._encoders -= 1
            last = self._encoders == 0
        if last:
            self._put(self._finished, None)

    def _encode(self, pictures: list[_Picture]) -> None:
        encoded = self._engine.encode(np.stack([picture.decoded.pixels for picture in pictures]))
        for picture, outputs, features in zip(pictures, encoded.outputs, encoded.features, strict=True):
            photo = picture.decoded
            facts = Facts(photo.thumbnail, photo.width, photo.height, photo.orientation, photo.taken)
            outcome = Outcome(picture.job, picture.content, decoded=facts, outputs=outputs, features=features)
            self._put(self._finished, outcome)

    def _next_pictures(self) -> list[_Picture]:
        """A full batch, or what is left at the end; empty when all is done."""
        pictures: list[_Picture] = []
        while len(pictures) < self._engine.batch:
            item = self._get(self._pictures)
            if item is None:
                self._put(self._pictures, None)  # for the other engine threads
                break
            pictures.append(item)
        return pictures

    def _fail(self, error: HashViewerError) -> None:
        self._stopped.set()
        self._put(self._finished, error)
        while self._get(self._pictures) is not None:  # decoding threads may wait for room
            continue
        self._put(self._pictures, None)

    def _put(self, target: "queue.Queue[T]", item: T) -> None:
        while not self._abandoned.is_set():
            try:
                target.put(item, timeout=_TICK)
            except queue.Full:
                continue
            return

    def _get(self, source: "queue.Queue[T | None]") -> T | None:
        while not self._abandoned.is_set():
            try:
                return source.get(timeout=_TICK)
            except queue.Empty:
                continue
        return None
