"""Encoding on the workers of a Dask scheduler: one machine plans and writes the library, the others read the photos."""

import json
import time
import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hashviewer.encoding.pipeline import Job, Outcome
from hashviewer.encoding.scheduler_connecting import Crew, connected, no_workers
from hashviewer.encoding.scheduler_parts import STAGING, cut
from hashviewer.encoding.scheduler_tasks import TaskRun
from hashviewer.encoding.scheduler_worker import EngineFacts, EngineOrder, Task, prepare
from hashviewer.errors import EncodingError, HashViewerError
from hashviewer.images import Store
from hashviewer.library.durable import in_words
from hashviewer.networks import Card
from hashviewer.progress import Progress

if TYPE_CHECKING:
    from distributed import Future

_TICK = 0.1  # s


@dataclass(frozen=True, slots=True)
class Spread:
    """What is to be spread over the workers.

    Attributes:
        scheduler: See `connected`.
        library: The library's folder; the workers leave their files in it until they are taken over.
        root: The folder or the store of the photos, as the workers see it.
        card: The model.
        device: See `open_engine`.
        precisions: The first one that the workers have is taken.
        part_photos: About so many photos for each task.
    """

    scheduler: str
    library: Path
    root: Path | Store
    card: Card
    device: str
    precisions: tuple[str, ...]
    part_photos: int

    @property
    def staging(self) -> Path:
        """The folder for the workers' files."""
        return self.library / STAGING

    def order(self, *, lanes: int) -> EngineOrder:
        """The network that is asked for."""
        path = str(self.card.path.absolute())
        return EngineOrder(path, self.card.sha256, self.device, precisions=self.precisions, lanes=lanes)


@dataclass(slots=True)
class Workers:
    """Workers that are ready.

    Attributes:
        facts: The network that they all run.
    """

    facts: EngineFacts
    _crew: Crew
    _order: EngineOrder
    _spread: Spread
    _taken: list[Task] = field(default_factory=list)

    def outcomes(
        self, jobs: Sequence[Job], contents: Sequence[str]
    ) -> Generator[list[Outcome] | None, None, None]:
        """Outcomes of the jobs in their order, some at a time; None ten times a second while there are none.

        Args:
            jobs: In the order of their paths.
            contents: For each the content hash of its row, "" for a file without one.
        """
        made_by = json.dumps([self._order.sha256, *self._order.precisions, self._order.engine])
        known = {job.order: content for job, content in zip(jobs, contents, strict=True)}
        tasks = [
            Task(
                self._order,
                self._spread.root,
                self._spread.staging,
                part,
                tuple(known[job.order] for job in part.jobs),
            )
            for part in cut(jobs, photos=self._spread.part_photos, made_by=made_by)
        ]
        unread = iter(tasks)
        with closing(TaskRun(self._crew, tasks).outcomes()) as results:
            for found in results:
                if found is not None:
                    self._taken.append(next(unread))
                yield found

    def discard_taken(self) -> None:
        """Delete the files of the tasks whose outcomes are in the library now."""
        for task in self._taken:
            with suppress(OSError):
                task.file.unlink(missing_ok=True)
        self._taken = []


@contextmanager
def workers_for(spread: Spread, *, progress: Progress) -> Iterator[Workers]:
    """Workers for the time of a `with`.

    Raises:
        EncodingError: There is no scheduler or worker, or a worker is not fit for the work.
        LibraryError: The library's folder cannot be written.
        CheckpointError: A worker cannot read the model.
    """
    with connected(spread.scheduler) as crew:
        order = spread.order(lanes=crew.lanes)
        facts = _prepared(crew, order, spread, progress)
        order = replace(order, device=_kind(facts, order), engine=facts.name, precisions=(facts.precision,))
        yield Workers(facts, crew, order, spread)


def _kind(facts: EngineFacts, order: EngineOrder) -> str:
    """The device for all workers: not the first worker's own number of a GPU."""
    return facts.device.partition(":")[0] if order.device == "auto" else order.device


def _prepared(crew: Crew, order: EngineOrder, spread: Spread, progress: Progress) -> EngineFacts:
    """Make all workers ready; the network that all of them have."""
    token = spread.staging / f"{uuid.uuid4().hex}.token"
    try:
        spread.staging.mkdir(exist_ok=True)
        token.touch()
        facts = _asked(crew, order, spread.root, token, progress)
        if (
            len({_same(each) for each in facts.values()}) > 1
        ):  # processors that differ in their best precision
            order = replace(order, precisions=("float32",))
            facts = _asked(crew, order, spread.root, token, progress)
        if len({_same(each) for each in facts.values()}) > 1:
            told = "; ".join(
                f"{where}: {each.name} on {each.device}" for where, each in sorted(facts.items())
            )
            raise EncodingError(
                f"The workers run the network differently ({told}), so their codes would not be the same. Name the device "
                "with --device, for example --device cpu."
            )
        return next(iter(facts.values()))
    except OSError as error:
        raise in_words(error, f"The folder {spread.staging} cannot be written") from error
    finally:
        with suppress(OSError):
            token.unlink(missing_ok=True)


def _same(facts: EngineFacts) -> tuple[str, str, str]:
    return facts.name, facts.device.partition(":")[0], facts.precision


def _asked(
    crew: Crew, order: EngineOrder, root: Path | Store, token: Path, progress: Progress
) -> dict[str, EngineFacts]:
    """What every worker says about its network, by its address."""
    asked = {
        address: crew.client.submit(
            prepare, order, root, token, workers=[address], allow_other_workers=False, pure=False
        )
        for address in crew.await_workers(progress)
    }
    try:
        while not all(future.done() for future in asked.values()):
            progress(0, None, f"Preparing the network on {len(asked)} workers")
            time.sleep(_TICK)
            here = crew.workers()
            asked = {address: future for address, future in asked.items() if address in here}
            if not asked:
                raise no_workers()
        return {address: _told(address, future) for address, future in asked.items()}
    finally:
        for future in asked.values():
            future.release()


def _told(address: str, future: "Future") -> EngineFacts:
    """What a worker has said, or why it is not fit for the work."""
    error = future.exception() if future.status == "error" else None
    if isinstance(error, HashViewerError):
        raise EncodingError(f"The worker {address} cannot encode: {str(error).rstrip('.')}.") from error
    if isinstance(error, ImportError):
        raise EncodingError(
            f"The worker {address} has no HashViewer of this version ({error}). Install the same one on all machines."
        ) from error
    if error is not None or future.status != "finished":
        raise EncodingError(
            f"The worker {address} cannot be made ready ({future.status}: {error}). Its log has the details."
        ) from error
    facts: EngineFacts = future.result()
    return facts
