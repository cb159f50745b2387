"""Adding photos and codes to a library, and noting what became of its files."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import LibraryError
from hashviewer.library import naming, paths, tidying
from hashviewer.library.code_segment import CodeRows, codes_writer
from hashviewer.library.durable import in_words, remove_parts, sync_folder, write_file
from hashviewer.library.library import Library
from hashviewer.library.loading import CODES, PHOTOS
from hashviewer.library.locking import WriterLock
from hashviewer.library.photo_segment import write_photos
from hashviewer.library.records import CodeSetInfo, NewPhoto, Problem
from hashviewer.library.row_states import CHECKED, Moved, PathIndex, RowStates

LOCK = "writer.lock"
SMALL_SEGMENTS = 64  # so many may lie about until codes are added and they are merged without being asked
HALF_MAX = np.float16(65504.0)
HALF_MIN = np.float16(-6e-8)  # the negative number nearest to zero


class LibraryWriter:
    """The one writer of a library folder; use it with `with`. What a method has done is durable when it returns.

    The library given sees every change at once; other processes see it after `Library.refresh`.

    Args:
        library: A writable library.

    Raises:
        LibraryError: Another writer is at work, or the library is read-only or packed.
    """

    def __init__(self, library: Library) -> None:
        if library.packed:
            raise LibraryError(
                f"{library.path} is a packed library, which is read-only. Index the photos into a library folder instead."
            )
        self._library = library
        self._photos = library.path / PHOTOS
        self._codes = library.path / CODES
        self._lock = WriterLock(library.path / LOCK)
        self._index: PathIndex | None = None
        try:
            self._clean_up()
            library.refresh()
            self._record_earlier()
        except OSError as error:
            self._lock.release()
            raise in_words(error, f"The library {library.path} cannot be changed") from error
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the next writer in."""
        self._lock.release()

    def add_photos(self, photos: Sequence[NewPhoto]) -> range:
        """Add photos as one segment; they supersede earlier rows of the same path and clear its problem.

        Returns:
            Their rows.

        Raises:
            LibraryError: They could not be written; `len(library)` tells whether they are there all the same.
        """
        first = len(self._library)
        rows = range(first, first + len(photos))
        if not photos:
            return rows
        self._record_earlier()
        index = self._paths()
        added = [paths.encode(photo.path) for photo in photos]
        write_file(self._photos / naming.photo_file(first, rows[-1]), partial(write_photos, photos=photos))
        pairs = self._living(index.add(rows, added, paths.hashes(added)))
        try:
            with self._library.database.transaction() as change:
                change.put("superseded", pairs)
                change.put("counters", [(CHECKED, rows.stop)])
                change.remove("problems", added)
        finally:  # the photos are on the disk: should the database fail, who supersedes whom is found out again
            self._library.adopt_segments(superseded=[old for old, _ in pairs])
        return rows

    def add_codes(
        self,
        info: CodeSetInfo,
        first_row: int,
        codes: NDArray[np.uint8],
        outputs: NDArray[np.float32],
        features: NDArray[np.float32],
        encoded: NDArray[np.bool_],
    ) -> None:
        """Add codes for a run of rows as one segment; they replace earlier codes of these rows.

        Args:
            info: The code set; its `encoded` is not looked at.
            first_row: The run's first row.
            codes: (n, W) packed.
            outputs: (n, bits), kept as float16 with the sign kept in any case.
            features: (n, feature_dim), kept as float16.
            encoded: (n,) which rows have a code; the others' values are not kept.

        Raises:
            LibraryError: Shapes do not fit, the set was made by another model, or it could not be written.
        """
        count = len(codes)
        self._check_codes(info, first_row, (codes, outputs, features, encoded))
        if not count:
            return
        mask = np.asarray(encoded, np.bool_)
        kept = np.where(mask[:, None], codes, np.uint8(0))
        rows = CodeRows(kept, _halves(outputs, mask), _halves(features, mask), mask)
        write_file(self._code_file(info.key), codes_writer(info, first_row, count, int(mask.sum()), [rows]))
        self._library.adopt_segments()
        if tidying.small(self._library.state.segments) > SMALL_SEGMENTS:
            with contextlib.suppress(LibraryError):  # the codes are safe; merging can wait
                self.tidy()

    def supersede(self, old_row: int, new_row: int) -> None:
        """Hide a row in favour of a newer one. Rows of the same path need no such call."""
        self._check_rows((old_row, new_row))
        with self._library.database.transaction() as change:
            change.put("superseded", [(old_row, new_row)])
        self._library.adopt_rows(self._states.with_superseded([old_row]))

    def mark_missing(self, rows: Iterable[int]) -> None:
        """Note that the files of these rows have vanished."""
        wanted = self._check_rows(rows)
        with self._library.database.transaction() as change:
            change.put("missing", [(row,) for row in wanted])
        self._library.adopt_rows(self._states.with_missing(wanted, missing=True))

    def mark_found(self, rows: Iterable[int]) -> None:
        """Note that the files of these rows are there."""
        wanted = self._check_rows(rows)
        with self._library.database.transaction() as change:
            change.remove("missing", wanted)
        self._library.adopt_rows(self._states.with_missing(wanted, missing=False))

    def move(self, row: int, new_path: str, *, mtime_ns: int | None = None) -> None:
        """Note that a photo is elsewhere now, or that only its time of change differs. See `move_all`."""
        self.move_all({row: (new_path, mtime_ns)})

    def move_all(self, moves: Mapping[int, tuple[str, int | None]]) -> None:
        """Note where photos are now: they are alive and there, and supersede others at these places.

        Args:
            moves: By row, the new path and the file's time of last change in ns (None: as it was).
        """
        self._check_rows(moves)
        times = self._library.mtimes
        moved = {
            row: Moved(paths.encode(path), int(times[row]) if mtime_ns is None else mtime_ns)
            for row, (path, mtime_ns) in moves.items()
        }
        index = self._paths()
        pairs: list[tuple[int, int]] = []
        for row, there in moved.items():
            pairs += [(old, row) for old in index.find(there.path) if old not in moved]
            index.move(row, there.path)
        pairs = self._living(pairs)
        with self._library.database.transaction() as change:
            change.put("moved", [(row, there.path, there.mtime_ns) for row, there in moved.items()])
            change.remove("missing", list(moved))
            change.remove("superseded", list(moved))
            change.put("superseded", pairs)
            change.remove("problems", [there.path for there in moved.values()])
        self._library.adopt_rows(self._states.with_moved(moved).with_superseded(old for old, _ in pairs))

    def add_problem(self, problem: Problem) -> None:
        """Note that a file cannot be read; an earlier problem of this path is replaced."""
        self.add_problems([problem])

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Note that files cannot be read."""
        rows = [(paths.encode(p.path), p.reason, p.size, p.mtime_ns) for p in problems]
        with self._library.database.transaction() as change:
            change.put("problems", rows)

    def clear_problem(self, path: str) -> None:
        """Forget the problem of a path."""
        with self._library.database.transaction() as change:
            change.remove("problems", [paths.encode(path)])

    def tidy(self) -> None:
        """Merge neighbouring small segments; rows keep their numbers. Safe at any kill."""
        try:
            tidying.tidy(self._library.state.segments)
        finally:
            self._library.adopt_segments()

    @property
    def _states(self) -> RowStates:
        return self._library.state.rows

    def _paths(self) -> PathIndex:
        if self._index is None:
            self._index = self._library.state.path_index(
                len(self._library), lambda row: self._library.state.path(row)
            )
        return self._index

    def _living(self, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
        alive = self._library.alive
        return [(old, new) for old, new in pairs if old >= len(alive) or alive[old]]

    def _clean_up(self) -> None:
        for folder in (self._library.path, self._photos, *self._code_folders()):
            remove_parts(folder)
            for file in naming.superseded(folder):
                with contextlib.suppress(OSError):
                    file.unlink()

    def _code_folders(self) -> list[Path]:
        return [entry for entry in self._codes.iterdir() if entry.is_dir()] if self._codes.is_dir() else []

    def _record_earlier(self) -> None:
        """Write down what a writer that was killed after adding a segment did not come round to."""
        database, count = self._library.database, len(self._library)
        if database.counter(CHECKED) >= count:
            return
        earlier = self._library.unrecorded()
        with database.transaction() as change:
            change.put("superseded", earlier)
            change.put("counters", [(CHECKED, count)])

    def _code_file(self, key: str) -> Path:
        """The name for the next segment of a code set."""
        folder = self._codes / naming.code_folder(key)
        try:
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                sync_folder(self._codes)
            number = max((name.last for name in naming.code_segments(folder)), default=0) + 1
        except OSError as error:
            raise in_words(error, f"Writing to {folder} failed") from error
        return folder / naming.code_file(number, number)

    def _check_rows(self, rows: Iterable[int]) -> list[int]:
        wanted = [int(row) for row in rows]
        for row in wanted:
            if not 0 <= row < len(self._library):
                raise LibraryError(f"There is no row {row}: the library has {len(self._library):,} rows.")
        return wanted

    def _check_codes(
        self,
        info: CodeSetInfo,
        first_row: int,
        arrays: tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]],
    ) -> None:
        count = len(arrays[0])
        expected = ((count, packed.width(info.bits)), (count, info.bits), (count, info.feature_dim), (count,))
        shapes = tuple(array.shape for array in arrays)
        if shapes != expected:
            raise LibraryError(
                f"Codes, outputs, features and mask for “{info.key}” have the shapes {shapes}, but {info.bits} bits and "
                f"{info.feature_dim} features ask for {expected}."
            )
        if first_row < 0 or first_row + count > len(self._library):
            raise LibraryError(
                f"Codes for rows {first_row} to {first_row + count - 1} do not fit a library of {len(self._library):,} rows."
            )
        for earlier in self._library.code_sets:
            same = (earlier.bits, earlier.feature_dim, earlier.model_sha256)
            if earlier.key == info.key and same != (info.bits, info.feature_dim, info.model_sha256):
                raise LibraryError(
                    f"The library has codes “{info.key}” already, but another model made them ({earlier.bits} bits, "
                    f"SHA-256 {earlier.model_sha256[:12] or 'unknown'}). Rename the new model and encode again."
                )


def _halves(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float16]:
    """Values (n, D) as float16, within its range, NaN where not in the mask (n,); negative ones stay negative."""
    halves = np.clip(values, -HALF_MAX, HALF_MAX).astype(np.float16)
    halves[(halves == 0) & (values < 0)] = HALF_MIN
    halves[~mask] = np.nan
    return halves
