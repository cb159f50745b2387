"""What an index run has to do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hashviewer.encoding.pipeline import Job
from hashviewer.encoding.places import Place
from hashviewer.images import FoundFile, PhotoList, Store, find_photos
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
    """Files of a place as they are found, without those of a library that lies inside it."""

    place: Place
    library: Library
    progress: Progress
    unreadable: dict[str, str] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)

    def files(self) -> Iterator[FoundFile]:
        inside = self._library_inside()
        for file in self._found():
            if inside and file.path.startswith(inside):
                continue
            self.paths.add(file.path)
            yield file

    def covered(self) -> Callable[[str], bool]:
        """Whether a path that was not found is to be taken as gone: what could not be looked at is not gone."""
        if isinstance(self.place, PhotoList):
            return frozenset(self.place.below(self._root())).__contains__
        hidden = tuple(f"{path}/" for path in self.unreadable)
        return lambda path: not _below(path, hidden)

    def _found(self) -> Iterator[FoundFile]:
        note = self.unreadable.__setitem__
        if isinstance(self.place, PhotoList):
            return self.place.find(self._root(), progress=self.progress, on_problem=note)
        if isinstance(self.place, Store):
            return self.place.find_photos(progress=self.progress, on_problem=note)
        return find_photos(self.place, progress=self.progress, on_problem=note)

    def _root(self) -> Path:
        assert self.library.root is not None, "a list's library has a folder"
        return self.library.root

    def _library_inside(self) -> str:
        if not isinstance(self.place, Path):
            return ""
        try:
            inside = self.library.path.resolve().relative_to(self.place.resolve())
        except ValueError:
            return ""
        return "" if inside == Path() else f"{inside.as_posix()}/"


def plan_index(
    place: Place, library: Library, writer: LibraryWriter, *, key: str, progress: Progress
) -> Work:
    """Scan a place, note what has vanished or come back, and list what is to be decoded. Reads no pixel.

    Of a list, only what it names is looked at: the library's other photos stay as they are.
    """
    scan = _Scan(place, library, progress)
    plan = plan_scan(library, scan.files())
    covered = scan.covered()
    missing = [row for row in plan.missing if covered(library.path_of(row))] if plan.missing else []
    _note_problems(scan, library, writer, mended=plan.mended, covered=covered)
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


def _note_problems(
    scan: _Scan,
    library: Library,
    writer: LibraryWriter,
    *,
    mended: Sequence[str],
    covered: Callable[[str], bool],
) -> None:
    """Write down what could not be looked at, and forget the problems of files that are gone."""
    unreadable = scan.unreadable
    if unreadable and isinstance(
        scan.place, PhotoList
    ):  # a photo that the library has is missing, no problem
        known = set(library.all_paths())
        unreadable = {path: reason for path, reason in unreadable.items() if path not in known}
    if unreadable:
        writer.add_problems(Problem(path, reason, 0, 0) for path, reason in unreadable.items())
    gone = [problem.path for problem in library.problems() if problem.path not in scan.paths]
    for path in [*mended, *(path for path in gone if path not in unreadable and covered(path))]:
        writer.clear_problem(path)


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
