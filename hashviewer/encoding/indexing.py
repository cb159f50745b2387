"""A folder's photos into a library, and a library's photos through another model."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from hashviewer.encoding.committing import Committer, Counts
from hashviewer.encoding.cores import available_cores
from hashviewer.encoding.engine import Engine, open_engine
from hashviewer.encoding.journal import Journal, Precautions
from hashviewer.encoding.pace import PacedProgress
from hashviewer.encoding.pipeline import Job, Outcome, Pipeline, in_order, reading_threads
from hashviewer.encoding.places import Place, is_gone, open_for, root_of
from hashviewer.encoding.planning import Work, code_set, new_key, plan_index, rows_without_codes
from hashviewer.encoding.report import IndexReport
from hashviewer.encoding.scheduler_parts import discard_staging
from hashviewer.encoding.turns import condemned, in_turns
from hashviewer.encoding.waiting import wait_for
from hashviewer.errors import EncodingError, ImageError
from hashviewer.images import Store
from hashviewer.library import CodeSetInfo, Library, LibraryWriter
from hashviewer.networks import Card, check_searchable, read_card
from hashviewer.progress import Cancelled, Progress, silent


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
        scheduler: A Dask scheduler's address or "local:N", whose workers decode and encode; "" does it in this process.
        part_photos: About so many photos are one task of a worker.
    """

    model: Path
    device: str
    precision: str
    progress: Progress
    on_committed: Callable[[int], None]
    precautions: Precautions = field(default_factory=Precautions)
    scheduler: str = ""
    part_photos: int = 256


def index(
    place: Place,
    library: Path,
    *,
    model: Path,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress = silent,
    on_committed: Callable[[int], None] = _nobody,
    scheduler: str = "",
) -> IndexReport:
    """Bring a library up to date with the photos of a folder, a store or a list, in this process.

    The library is made if it is not there. Files known and unchanged are not opened. A stop asked for by `progress`
    or Ctrl-C keeps every photo that has been begun.

    Args:
        place: The photos. Of a library that has others than a list names, those stay as they are.
        library: The library's folder.
        model: The checkpoint that makes the codes.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: "auto", "float32" or "bfloat16"; "auto" stays with what the library has.
        progress: Called with photos done and to be done, and the pace in words.
        on_committed: Called with the number of photos that have just become durable.
        scheduler: Address of a Dask scheduler whose workers encode, or "local:N" for N processes on this machine; ""
            encodes in this process. The workers must see the folder, the library and the model at the same paths.

    Raises:
        EncodingError: The engine cannot start or has failed.
        LibraryError: The library cannot be written. It opens still, with all that was reported as done.
        ImageError: The folder or the store cannot be read.
        CheckpointError: The model cannot be used.
    """
    settings = Settings(model, device, precision, progress, on_committed, scheduler=scheduler)
    return index_with(place, library, settings)


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


def index_with(place: Place, library: Path, settings: Settings) -> IndexReport:
    """`index` with all its settings."""
    card = _usable_card(settings.model)  # first: a model that cannot be used leaves no empty library
    return _run(open_for(place, library), card, settings, place=place)


def encode_library_with(library: Path, settings: Settings) -> IndexReport:
    """`encode_library` with all its settings."""
    card = _usable_card(settings.model)
    return _run(Library.open(library), card, settings, place=None)


def _usable_card(model: Path) -> Card:
    card = read_card(model)
    check_searchable(card)
    return card


def _run(library: Library, card: Card, settings: Settings, *, place: Place | None) -> IndexReport:
    started = time.monotonic()
    with library, LibraryWriter(library) as writer:
        run = _Run(library, writer, card, settings)
        try:
            work = run.planned(place)
            run.do(work)
        except (Cancelled, KeyboardInterrupt):
            run.cancelled = True
        if not run.cancelled:
            writer.tidy()
            discard_staging(library.path)
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

    def planned(self, place: Place | None) -> Work:
        """What is to be done."""
        key = self._key()
        if place is not None:
            self._work = plan_index(
                place, self._library, self._writer, key=key, progress=self._settings.progress
            )
        else:
            self._check_photos()
            found = list(rows_without_codes(self._library, key=key, skip=[]))
            jobs = [Job(order, file, row) for order, (row, file) in enumerate(found)]
            unchanged = int((self._library.alive & ~self._library.missing).sum()) - len(jobs)
            self._work = Work(jobs, unchanged, 0, 0)
        return self._work

    def _check_photos(self) -> None:
        """Photos of a store are not fetched because a library says where they are: the user names the URL."""
        where, url = self._library.path, self._library.url
        if url:
            raise EncodingError(
                f"The photos are at {url}. Run hashviewer index {url} -o {where} --model MODEL."
            )
        if self._library.root is None:
            raise EncodingError(f"The library {where} has codes only: there are no photos to encode.")

    def do(self, work: Work) -> None:
        """Decode, encode and write all jobs."""
        if not work.jobs:
            return
        if self._settings.scheduler:
            self._do_elsewhere(work.jobs)
            return
        with contextlib.closing(self._engine_for(len(work.jobs))) as engine:
            committer = self._committer(engine.name, engine.precision)
            for outcome in condemned(work.jobs, self._settings.precautions):
                committer.add(outcome)
            with self._timed():
                self._encode(work.jobs, engine, committer)

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

    def _do_elsewhere(self, jobs: Sequence[Job]) -> None:
        """Let a scheduler's workers decode and encode; write what they give in the order of the jobs."""
        from hashviewer.encoding.scheduler import Spread, workers_for

        spread = Spread(
            self._settings.scheduler,
            self._library.path,
            self._root(),
            self._card,
            self._settings.device,
            self._precisions(),
            self._settings.part_photos,
        )
        progress = PacedProgress(self._settings.progress, len(jobs))
        with workers_for(spread, progress=self._settings.progress) as workers:
            committer = self._committer(workers.facts.name, workers.facts.precision)
            with self._timed(), contextlib.closing(workers.outcomes(jobs, self._contents(jobs))) as found:
                try:
                    for outcomes in found:
                        self._take(outcomes or (), committer, progress)
                        if committer.due():
                            committer.flush()
                            workers.discard_taken()
                        progress.report()
                finally:
                    committer.flush()
                    workers.discard_taken()

    def _take(self, outcomes: Sequence[Outcome], committer: Committer, progress: PacedProgress) -> None:
        """Take in what a worker has made of some photos; those that have only moved keep their rows."""
        for outcome in outcomes:
            self._check_drive(outcome, committer)
            moved = self._claimed(outcome.content) if outcome.job.row is None and outcome.content else None
            committer.add(outcome if moved is None else Outcome(outcome.job, outcome.content, same_as=moved))
            progress.done += 1

    def _contents(self, jobs: Sequence[Job]) -> list[str]:
        """The content hash of each job's row; "" for files that are new."""
        rows = np.unique([job.row for job in jobs if job.row is not None]).astype(np.int64)
        known = dict(zip(rows.tolist(), self._library.state.photos.contents(rows), strict=True))
        return ["" if job.row is None else known[job.row] for job in jobs]

    def _encode(self, jobs: Sequence[Job], engine: Engine, committer: Committer) -> None:
        precautions = self._settings.precautions
        progress = PacedProgress(self._settings.progress, len(jobs))
        with _journal(precautions.journal) as journal:
            for some, threads in in_turns(
                jobs, precautions, threads=reading_threads(self._root(), available_cores())
            ):
                if self.cancelled:
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
                    self._collect(pipeline, some, committer, progress)
                committer.flush()
        if self.cancelled:
            raise Cancelled

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self._busy = time.monotonic() - began

    def _collect(
        self, pipeline: Pipeline, jobs: Sequence[Job], committer: Committer, progress: PacedProgress
    ) -> None:
        for outcome in in_order(pipeline.outcomes(), jobs):
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
        if outcome.passing and is_gone(self._root()):
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
        *earlier, last = self._precisions()
        for precision in earlier:
            with contextlib.suppress(EncodingError):  # another machine's precision: then the best one here
                return open_engine(self._settings.model, device=self._settings.device, precision=precision)
        return open_engine(self._settings.model, device=self._settings.device, precision=last)

    def _precisions(self) -> tuple[str, ...]:
        """What to ask an engine for, one after the other: "auto" stays with what the library has."""
        wanted = self._settings.precision
        return (self._existing.precision, "auto") if wanted == "auto" and self._existing else (wanted,)

    def _committer(self, engine: str, precision: str) -> Committer:
        info = self._info(engine, precision)
        committer = Committer(self._writer, info, on_committed=self._settings.on_committed)
        self._counts = committer.counts
        return committer

    def _key(self) -> str:
        if self._existing is not None:
            return self._existing.key
        return new_key(self._library, self._card, precision=self._settings.precision)

    def _info(self, engine: str, precision: str) -> CodeSetInfo:
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
            engine=engine,
            precision=precision,
            model_path=str(card.path.absolute()),
            query=card.query,
            bit_weights=card.bit_weights,
            segment=card.segment,
        )
        return info if self._existing is None else replace(info, model=self._existing.model)

    def _root(self) -> Path | Store:
        root = root_of(self._library)
        assert root is not None, "checked when the work was planned"
        return root


@contextlib.contextmanager
def _journal(path: Path | None) -> Iterator[Journal | None]:
    if path is None:
        yield None
        return
    with contextlib.closing(Journal(path)) as journal:
        yield journal
