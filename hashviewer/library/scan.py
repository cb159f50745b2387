"""What a scan of the photo folder means for a library; reads no pixel."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np

from hashviewer.library.library import Library


class ScannedFile(Protocol):
    """A file that a scan has found, its path relative to the root."""

    @property
    def path(self) -> str: ...  # noqa: D102

    @property
    def size(self) -> int: ...  # noqa: D102

    @property
    def mtime_ns(self) -> int: ...  # noqa: D102


F = TypeVar("F", bound=ScannedFile)


@dataclass(frozen=True, slots=True)
class ScanPlan(Generic[F]):
    """What to do after a scan.

    Attributes:
        new: Files that the library does not know; some may be moved photos, which only their content tells.
        changed: Rows whose file differs in size or time, with the file.
        missing: Rows whose file has vanished since the last scan.
        returned: Rows marked missing whose file is there again, unchanged.
        unchanged: How many photos are as they were.
        failed_before: How many files are known problems and unchanged since: not to be tried again.
        mended: Paths of known problems where the photo is again what the library holds: no problems any more.
    """

    new: list[F] = field(default_factory=list)
    changed: list[tuple[int, F]] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    unchanged: int = 0
    failed_before: int = 0
    mended: list[str] = field(default_factory=list)


def plan_scan(library: Library, found: Iterable[F]) -> ScanPlan[F]:
    """Compare the files found with the library by path, size and time of last change."""
    state = library.state
    known = state.alive & ~state.photos.lost
    everything = library.all_paths()
    rows = {everything[row]: row for row in np.flatnonzero(known).tolist()}
    del everything
    problems = {problem.path: (problem.size, problem.mtime_ns) for problem in library.problems()}
    sizes, mtimes = library.sizes, library.mtimes
    missing = state.missing
    vanished = known & ~missing
    plan: ScanPlan[F] = ScanPlan()
    unchanged = failed_before = 0
    for file in found:
        row = rows.get(file.path)
        if row is not None:
            vanished[row] = False
        if row is not None and sizes[row] == file.size and mtimes[row] == file.mtime_ns:
            if problems.get(file.path, (file.size, file.mtime_ns)) != (file.size, file.mtime_ns):
                plan.mended.append(file.path)
            if missing[row]:
                plan.returned.append(row)
            else:
                unchanged += 1
        elif problems.get(file.path) == (file.size, file.mtime_ns):
            failed_before += 1
        elif row is None:
            plan.new.append(file)
        else:
            plan.changed.append((row, file))
    return ScanPlan(
        new=plan.new,
        changed=plan.changed,
        missing=np.flatnonzero(vanished).tolist(),
        returned=plan.returned,
        unchanged=unchanged,
        failed_before=failed_before,
        mended=plan.mended,
    )
