"""A library of photos and their codes, open for reading."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hashviewer.errors import LibraryError
from hashviewer.library import description as descriptions
from hashviewer.library import packed_file, paths
from hashviewer.library.code_table import CodeTable
from hashviewer.library.database import FILE as DATABASE
from hashviewer.library.database import Database, open_database
from hashviewer.library.description import Description
from hashviewer.library.durable import in_words, sync_folder
from hashviewer.library.loading import CODES, PHOTOS, Segments, load_folder
from hashviewer.library.records import CodeSetInfo, PhotoRecord, Problem
from hashviewer.library.row_states import CHECKED, RowStates, read_states
from hashviewer.library.state import State

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _LoadedCodes:
    table: CodeTable
    codes: NDArray[np.uint8]
    encoded: NDArray[np.bool_]


class Library:
    """A library folder or a packed .h5 file; get one from `open` or `create`. Reading is safe from many threads.

    Attributes:
        path: The folder or file.
        packed: Whether it is one .h5 file.
        database: What changes; for the writer of this package.
    """

    def __init__(
        self, path: Path, *, description: Description, database: Database, segments: Segments, packed: bool
    ) -> None:
        self.path = path
        self.packed = packed
        self.database = database
        self._description = description
        self._lock = threading.RLock()
        self._codes: dict[str, _LoadedCodes] = {}
        self._content: dict[str, list[int]] | None = None
        self._state = _settled(State(segments, read_states(database, segments.photos)))

    @classmethod
    def create(cls, path: Path, *, root: Path | None, url: str = "") -> "Library":
        """Make an empty library.

        Args:
            path: A folder that does not exist yet, or is empty.
            root: Where the photos are; None for codes without pictures, and for photos behind a URL.
            url: Where they are otherwise.

        Raises:
            LibraryError: There is something already, or the folder cannot be written.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            present = {entry.name for entry in path.iterdir()}
            if descriptions.FILE in present:
                raise LibraryError(f"{path} is a library already. Open it, or choose another folder.")
            ours = {PHOTOS, CODES, *(DATABASE + ending for ending in ("", "-wal", "-shm"))}
            ours |= {"writer.lock", "library.json.part"}
            if strange := present.difference(ours):
                raise LibraryError(
                    f"{path} holds other files already, such as “{min(strange)}”. Choose an empty folder for the library."
                )
            (path / PHOTOS).mkdir(exist_ok=True)
            (path / CODES).mkdir(exist_ok=True)
            sync_folder(path)
            sync_folder(path.parent)
        except OSError as error:
            raise in_words(error, f"No library can be made at {path}") from error
        open_database(path).close()
        descriptions.write(path, descriptions.new(None if root is None else root.absolute(), url=url))
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> "Library":
        """Open a library folder or a packed file.

        Raises:
            LibraryError: It is none, it is newer than this program, or it cannot be read.
        """
        if path.is_file():
            description, database, segments = packed_file.read(path)
            return cls(path, description=description, database=database, segments=segments, packed=True)
        description = descriptions.read(path)
        database = open_database(path)
        try:
            segments = load_folder(path, least_rows=database.counter(CHECKED))
            return cls(path, description=description, database=database, segments=segments, packed=False)
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Let go of the database; nothing else is held open."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._state.photos)

    @property
    def root(self) -> Path | None:
        """The folder that the photos are in; None if they are behind a URL, or if the library has no pictures."""
        return self._description.root

    @property
    def url(self) -> str:
        """The URL that paths are relative to; "" if photos are in a folder, or if there are none."""
        return self._description.url

    @property
    def writable(self) -> bool:
        """Whether settings can be changed and photos added."""
        return self.database.writable and not self.packed

    @property
    def created(self) -> str:
        """When the library was made, ISO 8601."""
        return self._description.created

    @property
    def damage(self) -> tuple[str, ...]:
        """Sentences about files of the library that are damaged or lost, for the user."""
        return self._state.segments.damage

    @property
    def state(self) -> State:
        """The present moment, immutable; for the writer and for packing."""
        return self._state

    @property
    def alive(self) -> NDArray[np.bool_]:
        """(N,) False: superseded by a newer row of a changed file, to be hidden everywhere."""
        return self._state.alive

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(N,) True: the file has vanished, or its part of the library is damaged; still shown, marked."""
        return self._state.missing

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels that `labels` counts."""
        return self._read(lambda state: state.label_names)

    @property
    def labels(self) -> NDArray[np.int32]:
        """(N,) Index into `label_names`, -1 = none."""
        return self._read(lambda state: state.labels)

    def labels_of(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Labels of some photos: (len(rows),)."""
        return self.labels[rows]

    @property
    def taken(self) -> NDArray[np.float64]:
        """(N,) When the pictures were taken, s since 1970; NaN = unknown."""
        return self._read(lambda state: state.photos.taken)

    @property
    def mtimes(self) -> NDArray[np.int64]:
        """(N,) Times of last change, ns since 1970."""
        return self._read(lambda state: state.mtimes)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(N,) Bytes of the files."""
        return self._read(lambda state: state.photos.sizes)

    @property
    def widths(self) -> NDArray[np.int32]:
        """(N,) px of the upright pictures, 0 = unknown."""
        return self._read(lambda state: state.photos.widths)

    @property
    def heights(self) -> NDArray[np.int32]:
        """(N,) px of the upright pictures, 0 = unknown."""
        return self._read(lambda state: state.photos.heights)

    def path_of(self, row: int) -> str:
        """A photo's path relative to the root; "" if it is lost."""
        self._check(row)
        return paths.decode(self._read(lambda state: state.path(row)))

    def paths(self, rows: ArrayLike) -> list[str]:
        """Paths of some photos, in the order asked for."""
        wanted = self._checked(rows).tolist()
        return [paths.decode(path) for path in self._read(lambda state: state.paths(wanted))]

    def all_paths(self) -> list[str]:
        """Paths of all photos, by row: at 1,000,000 rows about 0.5 s and 100 MB."""
        return [paths.decode(path) for path in self._read(lambda state: state.all_paths())]

    def full_path(self, row: int) -> Path | None:
        """Where a photo should be on disk (it need not exist); None without a root or for a lost photo."""
        path = self.path_of(row)
        return None if self.root is None or not path else self.root / path

    def photo(self, row: int) -> PhotoRecord:
        """All there is to know about one photo."""
        self._check(row)
        return self._read(lambda state: state.record(row))

    def name_order(self) -> NDArray[np.int64]:
        """Rows sorted by the bytes of their paths: (N,). At 1,000,000 rows about a second: call it in a task."""
        found = self._read(lambda state: state.all_paths())
        return np.array(sorted(range(len(found)), key=found.__getitem__), dtype=np.int64)

    def thumbnail(self, row: int) -> bytes:
        """JPEG or WebP bytes, b"" if there are none. Quick, and from any number of threads at once."""
        self._check(row)

        def get(state: State) -> bytes:
            segment, local = state.photos.locate(row)
            return segment.blob("thumbnail", local)

        return self._read(get)

    @property
    def code_sets(self) -> tuple[CodeSetInfo, ...]:
        """The code sets, by key."""
        return self._read(lambda state: tuple(table.info for table in state.segments.codes.values()))

    def codes(self, key: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Packed codes (N, W) and which rows are encoded (N,); rows that are not hold zeros. Read once, kept.

        Raises:
            LibraryError: There is no such code set.
        """
        with self._lock:
            table, rows = self._table(key), len(self)
            loaded = self._codes.get(key)
            if loaded is None or loaded.table is not table or len(loaded.codes) != rows:
                known = None if loaded is None else (loaded.table, loaded.codes, loaded.encoded)
                codes, encoded = self._read(lambda state: state.segments.codes[key].codes(rows, known))
                self._codes[key] = loaded = _LoadedCodes(self._table(key), codes, encoded)
            return loaded.codes, loaded.encoded

    def codes_of(self, key: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Packed codes of some photos: (len(rows), W)."""
        return self.codes(key)[0][rows]

    def outputs(self, key: str, rows: ArrayLike) -> NDArray[np.float32]:
        """Real-valued outputs before the sign (len(rows), bits); NaN where not encoded."""
        wanted = self._checked(rows)
        self._table(key)
        return self._read(lambda state: state.segments.codes[key].outputs(wanted)).astype(np.float32)

    def features(self, key: str, rows: ArrayLike) -> NDArray[np.float32]:
        """Features for re-ranking (len(rows), feature_dim); NaN where not encoded."""
        wanted = self._checked(rows)
        self._table(key)
        return self._read(lambda state: state.segments.codes[key].features(wanted)).astype(np.float32)

    def problems(self) -> list[Problem]:
        """Files that could not be read, by path."""
        return self.database.problems()

    def setting(self, name: str, default: str = "") -> str:
        """What `set_setting` has kept under this name."""
        value = self.database.setting(name)
        return default if value is None else value

    def set_setting(self, name: str, value: str) -> None:
        """Keep a text under a name, for good. Raises LibraryError if the library is read-only."""
        with self.database.transaction(by_user=True) as change:
            change.put("settings", [(name, value)])

    def set_root(self, root: Path) -> None:
        """Note that the photos are in another folder now. Raises LibraryError if the library is read-only."""
        if not self.writable:
            raise LibraryError(f"The library {self.path} is read-only: its photo folder cannot be changed.")
        self._description = Description(root.absolute(), self._description.created)
        descriptions.write(self.path, self._description)

    def find_content(self, content: str) -> int | None:
        """The living row marked missing whose file had this content hash: a moved photo is found by it."""
        with self._lock:
            if self._content is None:
                rows = np.flatnonzero(self.missing & self.alive & ~self._state.photos.lost)
                self._content = {}
                for row, text in zip(
                    rows.tolist(), self._read(lambda state: state.photos.contents(rows)), strict=True
                ):
                    self._content.setdefault(text, []).append(row)
            missing = self._state.missing
            return next((row for row in self._content.get(content, ()) if missing[row]), None)

    def refresh(self) -> bool:
        """Take in what another process has written; True if anything changed. Arrays handed out stay as they are."""
        if self.packed:
            return False
        with self._lock:
            if not self.path.exists():
                raise LibraryError(
                    f"The library {self.path} is not there any more. If it is on a drive, plug it in again."
                )
            self._description = descriptions.read(self.path)
            before = self._state
            segments = load_folder(
                self.path, least_rows=self.database.counter(CHECKED), known=before.segments
            )
            changed = self.database.changed_elsewhere()
            if segments == before.segments and not changed:
                return False
            rows = (
                read_states(self.database, segments.photos) if changed else before.rows.grown(segments.photos)
            )
            self._adopt(_settled(State(segments, rows)))
            return True

    def adopt_rows(self, rows: RowStates) -> None:
        """Take over states that the writer of this process has recorded."""
        with self._lock:
            self._adopt(State(self._state.segments, rows))

    def adopt_segments(self, *, superseded: Iterable[int] = ()) -> None:
        """Take in segments that the writer of this process has written, and which rows their photos supersede."""
        with self._lock:
            before = self._state
            segments = load_folder(self.path, least_rows=len(before.photos), known=before.segments)
            rows = before.rows.grown(segments.photos).with_superseded(superseded)
            self._adopt(State(segments, rows.with_checked(len(segments.photos))))

    def unrecorded(self) -> list[tuple[int, int]]:
        """Superseded and newer rows that the database does not know yet."""
        segments = self._state.segments
        return State(segments, read_states(self.database, segments.photos)).unrecorded()

    def _adopt(self, state: State) -> None:
        known = np.zeros(len(state.missing), np.bool_)
        known[: len(self._state.missing)] = self._state.missing
        if (state.missing & ~known).any():
            self._content = None
        self._state = state

    def _read(self, get: Callable[[State], T]) -> T:
        """What `get` reads; once more after a refresh if a merge took a file away meanwhile."""
        try:
            try:
                return get(self._state)
            except FileNotFoundError:
                self.refresh()
                return get(self._state)
        except OSError as error:
            raise in_words(error, f"The library {self.path} cannot be read") from error

    def _table(self, key: str) -> CodeTable:
        table = self._state.segments.codes.get(key)
        if table is None:
            there = ", ".join(self._state.segments.codes) or "none yet"
            raise LibraryError(
                f"The library {self.path} has no codes “{key}”; it has: {there}. Encode it with that model first."
            )
        return table

    def _check(self, row: int) -> None:
        if not 0 <= row < len(self):
            raise LibraryError(f"There is no row {row}: the library has {len(self):,} rows, counted from 0.")

    def _checked(self, rows: ArrayLike) -> NDArray[np.int64]:
        wanted = np.asarray(rows, dtype=np.int64).reshape(-1)
        if len(wanted):
            self._check(int(wanted.min()))
            self._check(int(wanted.max()))
        return wanted


def _settled(state: State) -> State:
    """The state with rows superseded that a killed writer did not come round to record."""
    old = [row for row, _ in state.unrecorded()]
    return State(state.segments, state.rows.with_superseded(old).with_checked(len(state.photos)))
