"""A folder's photos into a library, and a library's photos through another model."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hashviewer.encoding.committing import Committer, Counts
from hashviewer.encoding.cores import available_cores
from hashviewer.encoding.engine import Engine, open_engine
from hashviewer.encoding.journal import Journal, Precautions
from hashviewer.encoding.pace import Pace
from hashviewer.encoding.pipeline import Job, Outcome, Pipeline
from hashviewer.encoding.planning import Work, code_set, new_key, plan_index, rows_without_codes
from hashviewer.encoding.report import IndexReport
from hashviewer.encoding.waiting import wait_for
from hashviewer.errors import EncodingError, ImageError, LibraryError
from hashviewer.library import CodeSetInfo, Library, LibraryWriter, is_library
from hashviewer.networks import Card, check_searchable, read_card
from hashviewer.progress import Cancelled, Progress, silent

_REPORT_EVERY = 0.1  # s
_CRASHED = "The decoder crashed on this file, so it was left out. It is damaged, or it is not a picture."


def _nobody(rows: int) -> None:
    """Nobody is told what has become durable."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is done.

    Attributes:
        model: The checkpoint.
        device: See `open_engine`.
        precision: See `open_engine`.
        progress: Is told of photos done.
        on_committed: Is told how many photos have just become durable.
        precautions: What earlier deaths teach.
    """

    model: Path
    device: str
    precision: str
    progress: Progress
    on_committed: Callable[[int], None]
    precautions: Precautions = field(default_factory=Precautions)


def index(
    folder: Path,
    library: Path,
    *,
    model: Path,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress = silent,
    on_committed: Callable[[int], None] = _nobody,
) -> IndexReport:
    """Bring a library up to date with a folder of photos, in this process.

    The library is made if it is not there. Files known and unchanged are not opened. A stop asked for by `progress`
    or Ctrl-C keeps every photo that has been begun.

    Args:
        folder: The photos.
        library: The library's folder.
        model: The checkpoint that makes the codes.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: "auto", "float32" or "bfloat16"; "auto" stays with what the library has.
        progress: Called with photos done and to be done, and the pace in words.
        on_committed: Called with the number of photos that have just become durable.

    Raises:
        EncodingError: The engine cannot start or has failed.
        LibraryError: The library cannot be written. It opens still, with all that was reported as done.
        ImageError: The folder cannot be read.
        CheckpointError: The model cannot be used.
    """
    return index_with(folder, library, Settings(model, device, precision, progress, on_committed))


def encode_library(
    library: Path,
    *,
    model: Path,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress = silent,
    on_committed: Callable[[int], None] = _nobody,
) -> IndexReport:
    """Give the photos that a library has the codes of a model, in this process. Arguments and errors as in `index`.

    Photos whose file has vanished or changed since are left without a code.
    """
    return encode_library_with(library, Settings(model, device, precision, progress, on_committed))


def index_with(folder: Path, library: Path, settings: Settings) -> IndexReport:
    """`index` with all its settings."""
    card = _usable_card(settings.model)  # first: a model that cannot be used leaves no empty library
    return _run(_opened(folder, library), card, settings, folder=folder)


def encode_library_with(library: Path, settings: Settings) -> IndexReport:
    """`encode_library` with all its settings."""
    card = _usable_card(settings.model)
    return _run(Library.open(library), card, settings, folder=None)


def _opened(folder: Path, library: Path) -> Library:
    if not is_library(library):
        return Library.create(library, root=folder.absolute())
    opened = Library.open(library)
    root = opened.root
    if root is None:
        opened.close()
        raise LibraryError(
            f"The library {library} holds codes without pictures; photos cannot be added to it. Choose another library "
            "for this folder."
        )
    if root.resolve() == folder.resolve():
        return opened
    if root.is_dir():
        opened.close()
        raise LibraryError(
            f"The library {library} holds the photos of {root}, not of {folder}. Choose another library for this folder."
        )
    opened.set_root(folder.absolute())  # the photos have moved as a whole
    return opened


def _usable_card(model: Path) -> Card:
    card = read_card(model)
    check_searchable(card)
    return card


def _run(library: Library, card: Card, settings: Settings, *, folder: Path | None) -> IndexReport:
    started = time.monotonic()
    with library, LibraryWriter(library) as writer:
        run = _Run(library, writer, card, settings)
        try:
            work = run.planned(folder)
            run.do(work)
        except (Cancelled, KeyboardInterrupt):
            run.cancelled = True
        if not run.cancelled:
            writer.tidy()
        return run.report(time.monotonic() - started)


class _Run:
    def __init__(self, library: Library, writer: LibraryWriter, card: Card, settings: Settings) -> None:
        self.cancelled = False
        self._library = library
        self._writer = writer
        self._card = card
        self._settings = settings
        self._existing = code_set(library, card, precision=settings.precision)
        self._work = Work([], 0, 0, 0)
        self._counts = Counts()
        self._busy = 0.0
        self._claims: set[int] = set()
        self._turn = threading.Lock()

    def planned(self, folder: Path | None) -> Work:
        """What is to be done."""
        key = self._key()
        if folder is not None:
            self._work = plan_index(
                folder, self._library, self._writer, key=key, progress=self._settings.progress
            )
        else:
            if self._library.root is None:
                raise EncodingError(
                    f"The library {self._library.path} has codes only: there are no photos to encode."
                )
            found = list(rows_without_codes(self._library, key=key, skip=[]))
            jobs = [Job(order, file, row) for order, (row, file) in enumerate(found)]
            unchanged = int((self._library.alive & ~self._library.missing).sum()) - len(jobs)
            self._work = Work(jobs, unchanged, 0, 0)
        return self._work

    def do(self, work: Work) -> None:
        """Decode, encode and write all jobs."""
        care = self._settings.precautions
        jobs = [job for job in work.jobs if job.file.path not in care.condemned]
        condemned = [Outcome(job, reason=_CRASHED) for job in work.jobs if job.file.path in care.condemned]
        if not work.jobs:
            return
        with contextlib.closing(self._engine_for(len(jobs))) as engine:
            committer = Committer(self._writer, self._info(engine), on_committed=self._settings.on_committed)
            self._counts = committer.counts
            for outcome in condemned:
                committer.add(outcome)
            began = time.monotonic()
            try:
                self._encode(jobs, engine, committer)
            finally:
                self._busy = time.monotonic() - began

    def report(self, seconds: float) -> IndexReport:
        """What was done."""
        counts = self._counts
        return IndexReport(
            added=counts.added,
            changed=counts.changed,
            moved=counts.moved,
            missing=max(0, self._work.missing - counts.moved),
            unchanged=self._work.unchanged + counts.touched,
            encoded=counts.encoded,
            problems=len(self._library.problems()),
            seconds=seconds,
            photos_per_second=counts.encoded / self._busy if self._busy else 0.0,
            cancelled=self.cancelled,
        )

    def _encode(self, jobs: Sequence[Job], engine: Engine, committer: Committer) -> None:
        suspects = [job for job in jobs if job.file.path in self._settings.precautions.suspects]
        others = [job for job in jobs if job.file.path not in self._settings.precautions.suspects]
        progress = _Throttled(self._settings.progress, len(jobs))
        with _journal(self._settings.precautions.journal) as journal:
            for some, threads in ((suspects, 1), (others, available_cores() + 1)):
                if not some or self.cancelled:
                    continue
                pipeline = Pipeline(
                    some,
                    root=self._root(),
                    engine=engine,
                    preprocessing=self._card.preprocessing,
                    recognise=self._recognise,
                    threads=threads,
                    journal=journal,
                )
                with pipeline:
                    self._collect(pipeline, committer, progress)
                committer.flush()
        if self.cancelled:
            raise Cancelled

    def _collect(self, pipeline: Pipeline, committer: Committer, progress: "_Throttled") -> None:
        for outcome in pipeline.outcomes():
            try:
                if outcome is not None:
                    self._check_drive(outcome, committer)
                    committer.add(outcome)
                    progress.done += 1
                if committer.due():
                    committer.flush()
                if not self.cancelled:
                    progress.report()
            except (Cancelled, KeyboardInterrupt):
                self.cancelled = True
                pipeline.stop()

    def _check_drive(self, outcome: Outcome, committer: Committer) -> None:
        """Ends the run, keeping what is done, where the folder has gone: else every photo would be a problem."""
        if outcome.passing and _is_gone(self._root()):
            committer.flush()
            raise EncodingError(
                f"The folder {self._root()} is no longer there. Plug its drive in or connect to it again, then index "
                "again: what is done is kept."
            )

    def _recognise(self, job: Job, content: str) -> int | None:
        """The row whose content a file has: its own if it was only touched, a vanished one's if it was moved."""
        if job.row is None:
            return self._claimed(content)
        same = self._library.photo(job.row).content == content
        if job.changed:
            return job.row if same else None
        if not same:
            raise ImageError("This file has changed since it was indexed. Index its folder again.")
        return None

    def _claimed(self, content: str) -> int | None:
        with self._turn:
            row = self._library.find_content(content)
            if row is None or row in self._claims:  # the second of two copies is a photo of its own
                return None
            self._claims.add(row)
            return row

    def _engine_for(self, jobs: int) -> Engine:
        """The engine. Its first start with a model takes many seconds: a stop does not wait for it."""
        return wait_for(
            self._engine, meanwhile=lambda: self._settings.progress(0, jobs, "Preparing the network")
        )

    def _engine(self) -> Engine:
        settings = self._settings
        if settings.precision == "auto" and self._existing is not None:
            with contextlib.suppress(EncodingError):  # another machine's precision: then the best one here
                return open_engine(settings.model, device=settings.device, precision=self._existing.precision)
        return open_engine(settings.model, device=settings.device, precision=settings.precision)

    def _key(self) -> str:
        if self._existing is not None:
            return self._existing.key
        return new_key(self._library, self._card, precision=self._settings.precision)

    def _info(self, engine: Engine) -> CodeSetInfo:
        card = self._card
        info = CodeSetInfo(
            key=self._key(),
            model=card.name,
            method=card.method,
            bits=card.bits,
            feature_dim=card.feature_dim,
            encoded=0,
            model_sha256=card.sha256,
            preprocessing=card.preprocessing.to_json(),
            engine=engine.name,
            precision=engine.precision,
            model_path=str(card.path.absolute()),
        )
        return info if self._existing is None else replace(info, model=self._existing.model)

    def _root(self) -> Path:
        root = self._library.root
        assert root is not None, "checked when the work was planned"
        return root


def _is_gone(folder: Path) -> bool:
    """Whether a folder is not there, or is the empty place where a drive was mounted."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return True


class _Throttled:
    """Passes progress on ten times a second."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.done = 0
        self._progress = progress
        self._total = total
        self._pace = Pace(total)
        self._last = 0.0

    def report(self) -> None:
        """Tell how far it is, if it is time; may raise `Cancelled`."""
        now = time.monotonic()
        if now - self._last >= _REPORT_EVERY or self.done == self._total:
            self._last = now
            self._progress(self.done, self._total, self._pace.message(self.done))


@contextlib.contextmanager
def _journal(path: Path | None) -> Iterator[Journal | None]:
    if path is None:
        yield None
        return
    with contextlib.closing(Journal(path)) as journal:
        yield journal
