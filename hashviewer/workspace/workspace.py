"""An open library and everything that can be asked of it."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer import statistics
from hashviewer.engines import is_address
from hashviewer.errors import LibraryError, SearchError
from hashviewer.library import CodeSetInfo, Library, is_library
from hashviewer.planner import Plan
from hashviewer.progress import Progress, silent
from hashviewer.search import EXACT, Matches, SearchHow, kernels
from hashviewer.statistics import BitStatistics, Buckets
from hashviewer.workspace.encoders import Encoders, has_model
from hashviewer.workspace.location import CheckpointGivenError, is_checkpoint, name_of
from hashviewer.workspace.plans import Plans
from hashviewer.workspace.query import Explanation, Query
from hashviewer.workspace.searching import Searching, both, searched

LARGE = 100_000  # photos from which the compiled scans are worth loading


class Workspace:
    """An open library and everything that can be asked of it.

    Attributes:
        library: The library.
        name: What the user calls it.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.name = name_of(library)
        self._lock = threading.Lock()  # guards the dictionary, never held while something slow runs
        self._encoders = Encoders()
        self._searching = Searching(self)
        self._plans = Plans(library)
        self._bit_statistics: dict[tuple[str, int, int], BitStatistics] = {}

    @classmethod
    def open(cls, path: Path) -> "Workspace":
        """Open a library folder, a packed ``.h5`` file, or what was pushed to the engine whose address `path` is.

        Raises:
            CheckpointGivenError: `path` is a model checkpoint.
            LibraryError: There is no library at `path`; the text says what is there and what to do.
            EngineError: The engine does not answer, or has no whole library.
        """
        if is_address(path):
            from hashviewer.workspace.at_engine import open_at_engine

            return open_at_engine(path)
        if not path.exists():
            raise LibraryError(
                f"There is nothing at {path}: check the name, or whether the drive is connected."
            )
        if is_checkpoint(path):
            raise CheckpointGivenError(path)
        if path.is_dir() and not is_library(path):
            raise LibraryError(
                f"{path} is a folder but not a HashViewer library: index it first, with “hashviewer index” "
                "or File > New library from folder."
            )
        return cls(Library.open(path))

    @property
    def place(self) -> str:
        """Where the library is, for the user: a path, or an engine's address."""
        return str(self.library.path)

    @property
    def at_engine(self) -> bool:
        """Whether the library's rows are at an engine, so that it is not changed here."""
        return False

    def close(self) -> None:
        """End the query encoders and let the files go. Closing twice does nothing."""
        self._encoders.close()
        self._searching.close()
        self.library.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def refresh(self) -> bool:
        """Pick up what another process has added; True if anything changed. Row numbers stay valid."""
        return self.library.refresh()

    # Code sets

    @property
    def code_sets(self) -> tuple[CodeSetInfo, ...]:
        """The code sets of the library, by key."""
        return self.library.code_sets

    def default_codes(self) -> str | None:
        """Key of the code set that covers most photos; None if there is none.

        Of equals one whose model is here, so that pictures from outside can be asked, and then the one with the fewest
        bits.
        """
        sets = self.code_sets
        covered = max((info.encoded for info in sets), default=0)
        widest = [info for info in sets if info.encoded == covered]
        if len(widest) > 1:  # only then is it worth opening model files
            widest.sort(key=lambda info: (not has_model(info), info.bits))
        return widest[0].key if widest else None

    def code_set(self, key: str) -> CodeSetInfo:
        """The code set called `key`.

        Raises:
            SearchError: There is none of that name; the text lists those there are.
        """
        for info in self.code_sets:
            if info.key == key:
                return info
        known = ", ".join(info.key for info in self.code_sets) or "none yet: index its photos first"
        raise SearchError(f"This library has no code set “{key}”; it has {known}.")

    def searchable(self, codes: str) -> NDArray[np.bool_]:
        """(N,) True for the rows that queries of the code set `codes` can find."""
        _, encoded = self.library.codes(codes)
        return both(encoded, self.library.alive)

    # Queries

    def query_row(self, row: int, *, codes: str) -> Query:
        """The photo `row` as a query; reads that row alone.

        Raises:
            SearchError: There is no such row, or it has no code in this set.
        """
        code = self.code_of(row, codes)
        path = self.library.path_of(row)
        full = self.library.full_path(row)
        return Query(
            title=Path(path).name or f"row {row}",
            row=row,
            path=path if full is None else str(full),
            code=code,
            outputs=self.outputs_of(row, codes),
            feature=self._feature_of(row, codes),
            thumbnail=self.library.thumbnail(row),
            codes=codes,
        )

    def query_image(self, source: Path | bytes, *, codes: str, title: str = "") -> Query:
        """A picture from outside as a query, encoded as the library's photos were.

        Blocks for the time of one forward pass, and for the encoder's start the first time.

        Raises:
            ImageError: The picture cannot be read.
            SearchError: The model of this code set is not on this machine.
            EncodingError: The encoder process failed; the next query starts a new one.
        """
        encoded = self._encoders.encode(self.code_set(codes), source)
        path = str(source) if isinstance(source, Path) else None
        return Query(
            title=title or (source.name if isinstance(source, Path) else "Pasted picture"),
            row=None,
            path=path,
            code=encoded.code,
            outputs=encoded.outputs,
            feature=encoded.feature if encoded.feature.size else None,
            thumbnail=encoded.thumbnail,
            codes=codes,
        )

    def warm_up(self, codes: str) -> None:
        """Start the encoder of a code set and, for a large library, load the compiled scans; does not block."""
        if len(self.library) >= LARGE:
            kernels.warm()
        self._encoders.of(self.code_set(codes)).start()

    # Answers

    def search(
        self,
        query: Query,
        *,
        k: int | None = 200,
        radius: int | None = None,
        rerank: int = 0,
        rows: NDArray[np.bool_] | None = None,
        how: SearchHow = EXACT,
        progress: Progress = silent,
    ) -> Matches:
        """Rank the library by its distance to `query`, ties by row; a query in the library finds itself at 0.

        Args:
            query: From `query_row` or `query_image`, or composed of several, which are then all compared with every code
                by the Hamming distance.
            k: At most so many photos; None for all.
            radius: Only photos that differ in at most so many bits; None for any.
            rerank: Re-order so many of the first by the cosine of their features; it may exceed `k`.
            rows: (N,) True for the rows to search; None searches all, and rows beyond its end are left out.
            how: By which distance, and through which tables; by default every code, by the Hamming distance.
            progress: Asked before each step whether to stop.

        Raises:
            SearchError: The query does not fit, or features are missing for `rerank`, or outputs for the distance.
        """
        return self._searching.search(
            query, k=k, radius=radius, rerank=rerank, rows=rows, how=how, progress=progress
        )

    def search_several(
        self,
        queries: Sequence[Query],
        *,
        k: int | None = 200,
        radius: int | None = None,
        rerank: int = 0,
        rows: NDArray[np.bool_] | None = None,
        how: SearchHow = EXACT,
        progress: Progress = silent,
    ) -> Matches:
        """Ask one photo of several code sets and fuse the rankings by the places of the rows.

        Only photos with a code in every set are searched. Distances and re-ranking are those of the first set.

        Args:
            queries: The photo as a query of each code set.
            k: At most so many photos; None for all.
            radius: Only photos that differ in at most so many bits of a set count in its ranking; None for any.
            rerank: Re-order so many of the first by the cosine of their features.
            rows: (N,) True for the rows to search; None searches all.
            how: How each set is searched.
            progress: Asked before each step whether to stop.

        Raises:
            SearchError: As for `search`, or there is no query.
        """
        return self._searching.search_several(
            queries, k=k, radius=radius, rerank=rerank, rows=rows, how=how, progress=progress
        )

    def prepare(self, codes: str, how: SearchHow) -> None:
        """Build the tables that `how` looks into, so that the next search finds them; takes seconds for millions.

        Raises:
            SearchError: The code set cannot be searched so.
        """
        self._searching.prepare(codes, how)

    def plan(
        self,
        codes: str,
        *,
        recall: float = 0.99,
        k: int | None = None,
        radius: int | None = None,
        progress: Progress = silent,
    ) -> Plan:
        """Try every way to find a share of the `k` nearest, or of all within a radius; of the 100 nearest if neither is given.

        Blocks for up to about a minute. Nothing is changed: see `remember_plan`.

        Raises:
            SearchError: There are no codes, or a number is out of range.
        """
        bits = self.code_set(codes).bits
        return self._plans.make(codes, bits, recall=recall, k=k, radius=radius, progress=progress)

    def remember_plan(self, codes: str, plan: Plan) -> bool:
        """Keep a plan for the code set; False where the library is read-only, then only as long as it is open."""
        return self._plans.remember(self.code_set(codes).key, plan)

    def plan_of(self, codes: str) -> Plan | None:
        """The plan that is remembered for a code set."""
        return self._plans.known(codes)

    def buckets(
        self,
        query: Query,
        *,
        radius: int,
        distances: NDArray[np.unsignedinteger] | None = None,
        rows: NDArray[np.bool_] | None = None,
    ) -> Buckets:
        """The occupied codes within `radius` of the query and their photos.

        Args:
            query: From `query_row` or `query_image`.
            radius: In bits.
            distances: (N,) `Matches.all_distances` of the same query, which spares computing them again.
            rows: (N,) True for the rows to look at; None for all.
        """
        info = self.code_set(query.codes)
        codes, mask = searched(self.library, info.key, rows)
        if distances is not None and len(distances) != len(codes):
            distances = None  # the library has grown since
        return statistics.buckets(query.code, codes, info.bits, radius=radius, distances=distances, rows=mask)

    def bit_statistics(self, codes: str, *, progress: Progress = silent) -> BitStatistics:
        """Balance, entropy and correlation of the bits over the library; kept until it changes."""
        info = self.code_set(codes)
        values, mask = searched(self.library, codes, None)
        key = (codes, len(values), int(np.count_nonzero(mask)))
        with self._lock:
            known = self._bit_statistics.get(key)
        if known is None:
            known = statistics.bit_statistics(values, info.bits, rows=mask, progress=progress)
            with self._lock:
                self._bit_statistics[key] = known
        return known

    def explain(self, query: Query, row: int, matches: Matches) -> Explanation:
        """Why the photo `row` is where it is among `matches`, whether it is shown or not.

        Raises:
            SearchError: The photo was not searched.
        """
        rank = matches.rank_of(row)
        if rank is None and matches.complete is not None:
            raise SearchError(
                f"Photo {row} is not among the {matches.total:,} that the tables found; compare all codes to see its place."
            )
        if rank is None:
            raise SearchError(
                f"Photo {row} was not searched: it has no code in the set “{query.codes}” or the filter leaves it out."
            )
        code = self.code_of(row, query.codes)
        return Explanation(
            row=row,
            distance=int(matches.all_distances[row]),
            rank=rank,
            differing_bits=self.differing_bits(query.nearest_to(code), code, codes=query.codes),
            total=matches.total,
        )

    def differing_bits(self, a: NDArray[np.uint8], b: NDArray[np.uint8], *, codes: str) -> tuple[int, ...]:
        """The bits, ascending from 0, in which two codes (W,) of the set `codes` differ."""
        return packed.differing_bits(a, b, self.code_set(codes).bits)

    def code_of(self, row: int, codes: str) -> NDArray[np.uint8]:
        """The code (W,) of a photo.

        Raises:
            SearchError: There is no such row, or it has no code in this set.
        """
        self.code_set(codes)
        values, encoded = self.library.codes(codes)
        if not 0 <= row < len(self.library):
            raise SearchError(
                f"There is no photo {row}: the library has the rows 0 to {len(self.library) - 1}."
            )
        if row >= len(encoded) or not encoded[row]:
            raise SearchError(
                f"Photo {row} has no code in the set “{codes}” yet: index the library again to encode it."
            )
        code: NDArray[np.uint8] = values[row].copy()
        return code

    def outputs_of(self, row: int, codes: str) -> NDArray[np.float32] | None:
        """The real-valued outputs (bits,) of a photo; None where the library does not keep them."""
        outputs = self.library.outputs(codes, np.array([row], dtype=np.int64))[0]
        return None if np.isnan(outputs).any() else outputs

    # Inside

    def _feature_of(self, row: int, codes: str) -> NDArray[np.float32] | None:
        if self.code_set(codes).feature_dim == 0:
            return None
        feature = self.library.features(codes, np.array([row], dtype=np.int64))[0]
        return feature if np.isfinite(feature).all() and feature.any() else None
