"""Which jobs are run together, after what the deaths of earlier processes have taught."""

from collections.abc import Sequence

from hashviewer.encoding.journal import Precautions
from hashviewer.encoding.pipeline import Job, Outcome

_CRASHED = "The decoder crashed on this file, so it was left out. It is damaged, or it is not a picture."


def condemned(jobs: Sequence[Job], precautions: Precautions) -> list[Outcome]:
    """The outcomes of files that have killed a process: they are problems without being opened."""
    return [Outcome(job, reason=_CRASHED) for job in jobs if job.file.path in precautions.condemned]


def in_turns(jobs: Sequence[Job], precautions: Precautions, *, threads: int) -> list[tuple[list[Job], int]]:
    """The other jobs in groups, each with its number of decoding threads: suspects come first, one at a time."""
    left = [job for job in jobs if job.file.path not in precautions.condemned]
    suspects = [job for job in left if job.file.path in precautions.suspects]
    others = [job for job in left if job.file.path not in precautions.suspects]
    return [(some, count) for some, count in ((suspects, 1), (others, threads)) if some]
