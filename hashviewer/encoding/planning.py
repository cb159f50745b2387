"""What an index run has to do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hashviewer.encoding.pipeline import Job
from hashviewer.images import FoundFile, find_photos
from hashviewer.library import CodeSetInfo, Library, LibraryWriter, Problem, plan_scan
from hashviewer.networks import Card
from hashviewer.progress import Progress


@dataclass(frozen=True, slots=True)
class Work:
    """The jobs of a run and what the scan already tells.

    Attributes:
        jobs: Files to be decoded.
        unchanged: Photos that are as they were.
        missing: Photos whose files have vanished since the last run.
        failed: Files that are known problems and have not changed.
    """

    jobs: list[Job]
    unchanged: int
    missing: int
    failed: int


@dataclass(slots=True)
class _Scan:
    """Files of a folder as they are found, without those of a library that lies inside it."""

    folder: Path
    library: Path
    progress: Progress
    unreadable: dict[str, str] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)

    def files(self) -> Iterator[FoundFile]:
        inside = self._library_inside()
        for file in find_photos(self.folder, progress=self.progress, on_problem=self.unreadable.__setitem__):
            if inside and file.path.startswith(inside):
                continue
            self.paths.add(file.path)
            yield file

    def _library_inside(self) -> str:
        try:
            inside = self.library.resolve().relative_to(self.folder.resolve())
        except ValueError:
            return ""
        return "" if inside == Path() else f"{inside.as_posix()}/"


def plan_index(
    folder: Path, library: Library, writer: LibraryWriter, *, key: str, progress: Progress
) -> Work:
    """Scan a folder, note what has vanished or come back, and list what is to be decoded. Reads no pixel."""
    scan = _Scan(folder, library.path, progress)
    plan = plan_scan(library, scan.files())
    hidden = tuple(f"{path}/" for path in scan.unreadable)
    missing = plan.missing
    if scan.unreadable:  # what cannot be looked at is not gone
        missing = [row for row in missing if not _below(library.path_of(row), hidden)]
        writer.add_problems(Problem(path, reason, 0, 0) for path, reason in scan.unreadable.items())
    gone = (problem.path for problem in library.problems() if problem.path not in scan.paths)
    for path in [*plan.mended, *(path for path in gone if path not in scan.unreadable)]:
        writer.clear_problem(path)
    if missing:
        writer.mark_missing(missing)
    if plan.returned:
        writer.mark_found(plan.returned)
    changed = [row for row, _ in plan.changed]
    files: list[tuple[FoundFile, int | None, bool]] = [(file, None, False) for file in plan.new]
    files += [(file, row, True) for row, file in plan.changed]
    files += [(file, row, False) for row, file in rows_without_codes(library, key=key, skip=changed)]
    files.sort(key=lambda item: item[0].path)
    jobs = [Job(order, file, row, changed) for order, (file, row, changed) in enumerate(files)]
    return Work(jobs, plan.unchanged + len(plan.returned), len(missing), plan.failed_before)


def rows_without_codes(library: Library, *, key: str, skip: list[int]) -> Iterator[tuple[int, FoundFile]]:
    """Photos that are there and have no code of this set, with their files as the library knows them."""
    wanted = library.alive & ~library.missing
    wanted[skip] = False
    if any(info.key == key for info in library.code_sets):
        wanted &= ~library.codes(key)[1]
    rows = np.flatnonzero(wanted)
    if not len(rows):
        return
    failed = {(problem.path, problem.size, problem.mtime_ns) for problem in library.problems()}
    sizes, mtimes = library.sizes, library.mtimes
    for row, path in zip(rows.tolist(), library.paths(rows), strict=True):
        file = FoundFile(path, int(sizes[row]), int(mtimes[row]))
        if path and (file.path, file.size, file.mtime_ns) not in failed:
            yield row, file


def code_set(library: Library, card: Card, *, precision: str) -> CodeSetInfo | None:
    """The code set of a library that this checkpoint made, in this precision ("auto": in any)."""
    for info in library.code_sets:
        if info.model_sha256 == card.sha256 and precision in ("auto", info.precision):
            return info
    return None


def new_key(library: Library, card: Card, *, precision: str) -> str:
    """A key for a code set that the library does not have: the model's name, or more where that is taken."""
    taken = {info.key for info in library.code_sets}
    same_model = any(info.model_sha256 == card.sha256 for info in library.code_sets)
    more = precision if same_model else card.sha256[:8]
    candidates = (card.name, f"{card.name}-{more}", f"{card.name}-{card.sha256[:8]}-{precision}")
    return next(key for key in candidates if key not in taken)


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return path.replace("\\", "/").startswith(folders)
