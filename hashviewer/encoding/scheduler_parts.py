"""A run of jobs as one task: where runs are cut, what they are called, and the file that a worker leaves of each.

A part's file holds the outcomes in the order of its jobs. It gets its name only when it is complete, so whoever finds
it may take it; its name says from which files and by which network it was made.
"""

import contextlib
import itertools
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.encoding import messages
from hashviewer.encoding.messages import Message
from hashviewer.encoding.pipeline import Facts, Job, Outcome
from hashviewer.images import content_hash

STAGING = "staging"  # within the library's folder
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Part:
    """Jobs that are done as one task.

    Attributes:
        name: Says which files, as they are now, and by which network: the same name is the same work.
        jobs: In the order of their paths.
    """

    name: str
    jobs: tuple[Job, ...]


def cut(jobs: Sequence[Job], *, photos: int, made_by: str) -> Iterator[Part]:
    """Cut jobs into parts of about this many photos.

    The paths themselves decide where the cuts are. So a run that goes on after a part of the work was done finds the
    same parts again, and with them the files that the run before has left.

    Args:
        jobs: In the order of their paths.
        photos: About so many for each part: at least a quarter of it, at most twice as many.
        made_by: What else decides about the outcomes, such as the network.
    """
    run: list[Job] = []
    for job in jobs:
        run.append(job)
        if len(run) >= 2 * photos or (len(run) * 4 >= photos and _is_a_cut(job, photos)):
            yield _part(run, made_by)
            run = []
    if run:
        yield _part(run, made_by)


def _is_a_cut(job: Job, photos: int) -> bool:
    return int(content_hash(os.fsencode(job.file.path))[:12], 16) % max(1, photos * 3 // 4) == 0


def _part(jobs: Sequence[Job], made_by: str) -> Part:
    files = [(job.file.path, job.file.size, job.file.mtime_ns, job.row, job.changed) for job in jobs]
    return Part(
        content_hash(repr((_VERSION, made_by, files)).encode("utf-8", "surrogateescape")), tuple(jobs)
    )


def write_part(file: Path, outcomes: Sequence[Outcome]) -> None:
    """Put a part's file in place, complete or not at all; another writer's, which says the same, is replaced.

    Raises:
        OSError: It cannot be written.
    """
    encoded = [outcome for outcome in outcomes if outcome.decoded is not None]
    parts = (
        _joined([outcome.outputs for outcome in encoded]),
        _joined([outcome.features for outcome in encoded]),
        b"".join(outcome.decoded.thumbnail for outcome in encoded if outcome.decoded is not None),
    )
    fields = {"outcomes": [_told(outcome) for outcome in outcomes], "check": content_hash(b"".join(parts))}
    unfinished = file.with_name(f"{file.name}.{uuid.uuid4().hex}.tmp")
    try:
        with unfinished.open("wb") as stream:
            messages.write(stream, Message("part", fields, parts))
            os.fsync(stream.fileno())
        unfinished.replace(file)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def read_part(file: Path, part: Part) -> list[Outcome]:
    """What `write_part` has written, one outcome for each job.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged.
    """
    with file.open("rb") as stream:
        message = messages.read(stream)
    if message is None or message.fields["check"] != content_hash(b"".join(message.parts)):
        raise ValueError(f"{file} is cut short")
    told = message.fields["outcomes"]
    count = sum(each["photo"] is not None for each in told)
    outputs, features = (_rows(data, count) for data in message.parts[:2])
    ends = [0, *itertools.accumulate(each["photo"][-1] for each in told if each["photo"] is not None)]
    place = itertools.count()
    outcomes = []
    for job, each in zip(part.jobs, told, strict=True):
        same_as = job.row if each["same"] else None
        outcome = Outcome(job, each["content"], each["reason"], each["passing"], same_as)
        if each["photo"] is not None:
            row = next(place)
            facts = Facts(message.parts[2][ends[row] : ends[row + 1]], *each["photo"][:-1])
            outcome = Outcome(
                job, each["content"], decoded=facts, outputs=outputs[row], features=features[row]
            )
        outcomes.append(outcome)
    return outcomes


def discard_staging(library: Path) -> None:
    """Delete whatever workers have left in a library's folder."""
    shutil.rmtree(library / STAGING, ignore_errors=True)


def _told(outcome: Outcome) -> dict[str, Any]:
    photo = outcome.decoded
    facts = None
    if photo is not None:
        facts = (photo.width, photo.height, photo.orientation, photo.taken, len(photo.thumbnail))
    return {
        "content": outcome.content,
        "reason": outcome.reason,
        "passing": outcome.passing,
        "same": outcome.same_as is not None,
        "photo": facts,
    }


def _joined(values: Sequence[NDArray[np.float32] | None]) -> bytes:
    return b"".join(np.asarray(value, "<f4").tobytes() for value in values)


def _rows(data: bytes, count: int) -> NDArray[np.float32]:
    return np.frombuffer(data, "<f4").reshape(count, len(data) // 4 // count if count else 0)
