"""What a worker of a cluster does: encode one part's photos into the part's file, unless it is there already.

A part may be given to a worker again, after another one has died over it or was thought dead: the result is the same
file. What was being decoded when a worker died stands in a journal beside it.
"""

import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path

from hashviewer import __version__
from hashviewer.encoding.cores import available_cores
from hashviewer.encoding.engine import Engine, open_engine
from hashviewer.encoding.journal import (
    Journal,
    Precautions,
    in_flight,
    read_precautions,
    write_precautions,
)
from hashviewer.encoding.pipeline import Job, Outcome, Pipeline, reading_threads
from hashviewer.encoding.scheduler_parts import Part, write_part
from hashviewer.encoding.turns import condemned, in_turns
from hashviewer.errors import EncodingError, ImageError
from hashviewer.images import Store, is_there
from hashviewer.networks import Card, read_card

_CHANGED = "This file has changed since it was indexed. Index its folder again."


@dataclass(frozen=True, slots=True)
class EngineOrder:
    """The network that a worker is to run.

    Attributes:
        model: Path of the checkpoint, as the workers see it.
        sha256: Of the checkpoint.
        device: See `open_engine`.
        engine: See `open_engine`.
        precisions: The first one that the worker has is taken.
        lanes: Forward passes at the same time; 0 takes as many as Dask gives the worker threads.
        version: Of HashViewer.
    """

    model: str
    sha256: str
    device: str
    engine: str = "auto"
    precisions: tuple[str, ...] = ("auto",)
    lanes: int = 0
    version: str = __version__


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What a worker's network turned out to be; fields as in `Engine`."""

    name: str
    device: str
    precision: str


@dataclass(frozen=True, slots=True)
class Task:
    """One part's work.

    Attributes:
        order: The network.
        root: The folder or the store of the photos.
        staging: The folder for the parts' files, shared with whoever gave the task.
        part: What to do.
        contents: For each job the content hash of its row, "" for a file that has no row.
    """

    order: EngineOrder
    root: Path | Store
    staging: Path
    part: Part
    contents: tuple[str, ...]

    @property
    def file(self) -> Path:
        """The part's file."""
        return self.staging / f"{self.part.name}.part"

    @property
    def journal(self) -> Path:
        """Notes what is being decoded."""
        return self.staging / f"{self.part.name}.journal"

    @property
    def precautions(self) -> Path:
        """What deaths over this part have taught."""
        return self.staging / f"{self.part.name}.json"


def prepare(order: EngineOrder, root: Path | Store, token: Path) -> EngineFacts:
    """Make a worker ready and say what its network is.

    Args:
        order: The network.
        root: The folder or the store of the photos.
        token: A file in the folder for the parts.

    Raises:
        EncodingError: The worker does not see these folders, or cannot run the network.
        CheckpointError: The worker cannot read the checkpoint.
    """
    if order.version != __version__:
        raise EncodingError(f"it runs HashViewer {__version__} instead of {order.version}")
    if not token.is_file():
        raise EncodingError(f"it does not see the library's folder {token.parent.parent}")
    if not is_there(root):
        raise EncodingError(f"it does not see the photos' folder {root}")
    with _turn:
        engine, _ = _opened(order)
        return EngineFacts(engine.name, engine.device, engine.precision)


def encode_part(task: Task) -> int:
    """Leave the part's file; the number of its jobs. Parts take turns within a process.

    Raises:
        EncodingError: The network failed, or the folder is not there any more.
        OSError: The file cannot be written.
    """
    with _turn:
        if not task.file.exists():
            write_part(task.file, _outcomes(task))
        for trace in (task.journal, task.precautions):
            trace.unlink(missing_ok=True)
    return len(task.part.jobs)


_turn = threading.Lock()  # a death then concerns one part, and the network has the cores to itself
_engines: dict[tuple[str, str, str, int], tuple[Engine, Card]] = {}  # the one in use


def _opened(order: EngineOrder) -> tuple[Engine, Card]:
    """The engine, opened once for a process."""
    lanes = order.lanes or _own_threads()
    key = (order.model, order.sha256, order.device, lanes)
    found = _engines.get(key)
    if found is not None and _fits(found[0], order):
        return found
    while _engines:
        _engines.popitem()[1][0].close()
    card = read_card(Path(order.model))
    if card.sha256 != order.sha256:
        raise EncodingError(
            f"its model file {order.model} is another one; copy the same file to all machines"
        )
    _engines[key] = opened = (_engine(order, lanes), card)
    return opened


def _engine(order: EngineOrder, lanes: int) -> Engine:
    *earlier, last = order.precisions
    for precision in earlier:
        with contextlib.suppress(EncodingError):  # another machine's precision: then the best one here
            return open_engine(
                Path(order.model), device=order.device, engine=order.engine, precision=precision, lanes=lanes
            )
    return open_engine(
        Path(order.model), device=order.device, engine=order.engine, precision=last, lanes=lanes
    )


def _fits(engine: Engine, order: EngineOrder) -> bool:
    return order.engine in ("auto", engine.name) and order.precisions[0] in ("auto", engine.precision)


def _own_threads() -> int:
    from distributed import get_worker

    return min(int(get_worker().state.nthreads), available_cores())


def _outcomes(task: Task) -> list[Outcome]:
    engine, card = _opened(task.order)
    jobs = task.part.jobs
    precautions = _learned(task)
    contents = {job.order: content for job, content in zip(jobs, task.contents, strict=True) if content}
    done = {outcome.job.order: outcome for outcome in condemned(jobs, precautions)}
    with contextlib.closing(Journal(task.journal)) as journal:
        for some, threads in in_turns(jobs, precautions, threads=reading_threads(task.root, engine.lanes)):
            pipeline = Pipeline(
                some,
                root=task.root,
                engine=engine,
                preprocessing=card.preprocessing,
                recognise=lambda job, content: _recognised(job, content, contents),
                threads=threads,
                journal=journal,
            )
            with pipeline:
                for outcome in pipeline.outcomes():
                    if outcome is not None:
                        _check_folder(outcome, task.root)
                        done[outcome.job.order] = outcome
    return [done[job.order] for job in jobs]


def _recognised(job: Job, content: str, contents: dict[int, str]) -> int | None:
    """The row whose content a file has still; photos that have moved are found out by who has the library."""
    if job.row is None:
        return None
    same = contents.get(job.order) == content
    if job.changed:
        return job.row if same else None
    if not same:
        raise ImageError(_CHANGED)
    return None


def _learned(task: Task) -> Precautions:
    """What an earlier death over this part teaches, written down for the next."""
    known = Precautions()
    with contextlib.suppress(OSError, ValueError, KeyError):
        known = read_precautions(task.precautions)
    flying = in_flight(task.journal)
    if flying:
        known = known.after_death(flying)
        write_precautions(task.precautions, known)
    return known


def _check_folder(outcome: Outcome, root: Path | Store) -> None:
    if outcome.passing and not is_there(root):  # else every photo would be a problem
        raise EncodingError(
            f"The folder {root} is no longer there for one of the workers. Connect it again, then index again: what is "
            "done is kept."
        )
