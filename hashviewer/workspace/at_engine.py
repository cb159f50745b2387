"""A workspace whose searches are answered by an engine: the same questions, the same numbers."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hashviewer import search
from hashviewer.engines import parse
from hashviewer.engines.answers import EngineMatches, Later
from hashviewer.engines.clickhouse import ClickHouseEngine
from hashviewer.engines.connection import Connection
from hashviewer.engines.filtering import Filter
from hashviewer.engines.library import EngineLibrary
from hashviewer.engines.protocol import Engine
from hashviewer.engines.pushed import Identity
from hashviewer.engines.pushed_tables import PushedAnewError
from hashviewer.engines.pushing import same_model
from hashviewer.errors import EngineError, SearchError
from hashviewer.library import Library
from hashviewer.progress import Progress, silent
from hashviewer.search import EXACT, Cost, Matches, Scan, SearchHow
from hashviewer.search.ranking import ranked
from hashviewer.search.results import check_count, check_radius
from hashviewer.statistics import BitStatistics, Buckets
from hashviewer.workspace.query import Explanation, Query
from hashviewer.workspace.workspace import Workspace

T = TypeVar("T")
MOST_ROWS = 64_000_000  # photos of a library that a window shows: it holds some bytes for each of them


class EngineWorkspace(Workspace):
    """A library whose codes an engine compares.

    What an engine does not do, it leaves to this process, which copies the codes once: weighted and asymmetric distances,
    look-ups in tables, and several photos asked together.

    Args:
        library: The library: one at the engine, or the one here that was pushed to it.
        engine: Where its codes are.
        whole: Whether answers come with the distances of all rows, as a window needs them; else these are asked for
            when something reads them.

    Attributes:
        engine: Where the codes are.
    """

    def __init__(self, library: Library, engine: Engine, *, whole: bool = False) -> None:
        super().__init__(library)
        self.engine = engine
        if isinstance(library, EngineLibrary):
            self.name = engine.pushed.name
        self._whole = whole
        self._counted: dict[tuple[str, int], BitStatistics] = {}

    @property
    def place(self) -> str:
        """The engine's address, or the path of the library that it answers for."""
        return self.engine.address if isinstance(self.library, EngineLibrary) else super().place

    @property
    def at_engine(self) -> bool:
        """Whether the library itself is at the engine."""
        return isinstance(self.library, EngineLibrary)

    def close(self) -> None:
        """End the query encoders, let the library and the engine go. Closing twice does nothing."""
        super().close()
        self.engine.close()

    def refresh(self) -> bool:
        """Take in what was pushed since; True if anything was."""
        changed = super().refresh()
        if not isinstance(self.library, EngineLibrary):
            self.engine.refresh()
            check_fits(self.library, self.engine)
        elif changed and self._whole:
            self.library.preload()
        return changed

    def searchable(self, codes: str) -> NDArray[np.bool_]:
        """(N,) True for the rows that queries of the code set `codes` can find."""
        return self._asked(lambda: self.engine.shown(self._key(codes)))

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
        """As `Workspace.search`; the exact ranking by Hamming distance is the engine's."""
        if query.is_composed or how != EXACT:
            return super().search(
                query, k=k, radius=radius, rerank=rerank, rows=rows, how=how, progress=progress
            )
        if rerank and query.feature is None:
            raise SearchError(
                f"The code set “{query.codes}” has no features here, which re-ranking needs: search without it."
            )
        progress(0, None, "Asking the engine")
        depth = None if k is None else max(k, rerank)
        answer = self._every_distance if self._whole else self._nearest
        matches = self._asked(lambda: answer(query, depth, radius, Filter(rows=rows)))
        if rerank and query.feature is not None:
            progress(0, None, "Re-ranking")
            matches = self._reranked(query, matches, query.feature, rerank)
        matches = matches.first(k)
        if self._whole and isinstance(self.library, EngineLibrary):
            library = self.library
            self._asked(lambda: library.look_ahead(matches.rows, codes=query.codes))
        return matches

    def buckets(
        self,
        query: Query,
        *,
        radius: int,
        distances: NDArray[np.unsignedinteger] | None = None,
        rows: NDArray[np.bool_] | None = None,
    ) -> Buckets:
        """As `Workspace.buckets`; an engine needs no `distances`."""
        key = self._key(query.codes)
        chosen = Filter(rows=rows)
        return self._asked(lambda: self.engine.buckets(query.code, codes=key, radius=radius, chosen=chosen))

    def bit_statistics(self, codes: str, *, progress: Progress = silent) -> BitStatistics:
        """Balance, entropy and correlation of the bits over the library; kept until it is pushed anew."""
        key = self._key(codes)

        def ask() -> BitStatistics:
            place = (key, self.engine.pushed.generation)
            if place not in self._counted:
                self._counted[place] = self.engine.bit_statistics(key, progress=progress)
            return self._counted[place]

        return self._asked(ask)

    def explain(self, query: Query, row: int, matches: Matches) -> Explanation:
        """As `Workspace.explain`; only the photo's own code and place are asked for."""
        if not isinstance(matches, EngineMatches):
            return super().explain(query, row, matches)
        rank = matches.rank_of(row)
        if rank is None:
            raise SearchError(
                f"Photo {row} was not searched: it has no code in the set “{query.codes}” or the filter leaves it out."
            )
        differing = self.differing_bits(query.code, self.code_of(row, query.codes), codes=query.codes)
        return Explanation(
            row=row, distance=len(differing), rank=rank, differing_bits=differing, total=matches.total
        )

    def code_of(self, row: int, codes: str) -> NDArray[np.uint8]:
        """As `Workspace.code_of`; reads that code alone."""
        if not isinstance(self.library, EngineLibrary):
            return super().code_of(row, codes)
        self.code_set(codes)
        if not 0 <= row < len(self.library):
            raise SearchError(
                f"There is no photo {row}: the library has the rows 0 to {len(self.library) - 1}."
            )
        code = self.library.code_of(codes, row)
        if code is None:
            raise SearchError(
                f"Photo {row} has no code in the set “{codes}”: index the library again and push it to encode it."
            )
        return code

    # Inside

    def _nearest(self, query: Query, k: int | None, radius: int | None, chosen: Filter) -> Matches:
        """The nearest rows and the histogram; the other distances stay at the engine until they are wanted."""
        started = time.perf_counter()
        key, engine = self._key(query.codes), self.engine
        bits = self.code_set(key).bits
        found = engine.nearest(query.code, codes=key, k=k, radius=radius, chosen=chosen)
        later = Later(
            partial(engine.distances, query.code, codes=key, chosen=chosen),
            lambda row: engine.place_of(query.code, row, codes=key, chosen=chosen),
        )
        return EngineMatches(
            rows=found.rows,
            distances=found.distances,
            histogram=found.histogram,
            all_distances=later,  # type: ignore[arg-type]
            bits=bits,
            cost=Cost(seconds=time.perf_counter() - started, scanned=engine.pushed.rows, reranked=0),
        )

    def _every_distance(self, query: Query, k: int | None, radius: int | None, chosen: Filter) -> Matches:
        """The distances of all rows from the engine, ranked here by the same code as codes in memory."""
        started = time.perf_counter()
        key = self._key(query.codes)
        known = self.engine.pushed.code_sets[key]
        bits = known.info.bits
        check_count(k)
        if radius is not None:
            check_radius(radius, bits)
        distances = self.engine.distances(query.code, codes=key, chosen=chosen)
        histogram = np.bincount(distances, minlength=bits + 1)[: bits + 1].astype(np.int64)
        if chosen.everything and int(histogram.sum()) != known.shown:
            raise EngineError(
                f"The engine at {self.engine.address} answered for {int(histogram.sum()):,} of {known.shown:,} photos: a part "
                "of it is missing. No partial answer is shown; ask again once every shard is up."
            )
        scan = Scan(distances=distances, histogram=histogram)
        return ranked(scan, bits, k=k, radius=radius, started=started)

    def _reranked(self, query: Query, matches: Matches, feature: NDArray[np.float32], first: int) -> Matches:
        """The same matches with the first re-ordered by features, which the library here has."""
        features = partial(self.library.features, query.codes)
        if not isinstance(matches, EngineMatches):
            return search.rerank(matches, feature, features, first=first)
        bare = Matches(
            rows=matches.rows,
            distances=matches.distances,
            histogram=matches.histogram,
            all_distances=np.empty(0, np.uint8),
            bits=matches.bits,
            cost=matches.cost,
        )
        ordered = search.rerank(bare, feature, features, first=first)
        return matches.with_rows(
            ordered.rows, ordered.distances, reranked=ordered.reranked, cost=ordered.cost
        )

    def _key(self, codes: str) -> str:
        """The code set at the engine, once it is sure that both have it from the same model."""
        info = self.code_set(codes)
        there = self.engine.pushed.code_sets.get(codes)
        if there is None or not same_model(info, there.info):
            how = "has no" if there is None else "has another model’s"
            raise EngineError(
                f"The engine at {self.engine.address} {how} codes “{codes}” (SHA-256 {info.model_sha256[:12] or 'unknown'}…). Push "
                "the library again, and they will be the same."
            )
        return codes

    def _asked(self, ask: Callable[[], T]) -> T:
        """The answer; asked once more if the library was pushed anew meanwhile and nothing here shows the rows before."""
        try:
            return ask()
        except PushedAnewError:
            if self._whole:
                raise
            self.refresh()
            return ask()


def open_at_engine(address: str | Path, *, whole: bool = False) -> EngineWorkspace:
    """Open a library that was pushed to an engine.

    Args:
        address: The engine's.
        whole: Whether a window shows it.

    Raises:
        EngineError: There is no whole library there, or it does not answer; the text says what to do.
    """
    engine = ClickHouseEngine(Connection(parse(address)))
    try:
        if whole and engine.pushed.rows > MOST_ROWS:
            raise EngineError(
                f"The library at {engine.address} has {engine.pushed.rows:,} photos; a window shows up to {MOST_ROWS:,}. Ask it "
                f"with “hashviewer query {engine.address}”."
            )
        library = EngineLibrary(engine)
        if whole:
            library.preload()
        return EngineWorkspace(library, engine, whole=whole)
    except BaseException:
        engine.close()
        raise


def answered_by(workspace: Workspace, address: str) -> EngineWorkspace:
    """The same library, whose queries an engine answers that it was pushed to.

    Raises:
        EngineError: Another library is there, or an earlier state of this one.
    """
    engine = ClickHouseEngine(Connection(parse(address)))
    try:
        check_fits(workspace.library, engine)
    except BaseException:
        engine.close()
        raise
    return EngineWorkspace(workspace.library, engine)


def check_fits(library: Library, engine: Engine) -> None:
    """Make sure that a library is the one at an engine, with the same rows."""
    pushed = engine.pushed
    if not pushed.identity.fits(Identity.of(library)):
        raise EngineError(
            f"The engine at {engine.address} holds another library, “{pushed.name}”. Push this one to a database of its own."
        )
    if pushed.rows != len(library):
        raise EngineError(
            f"The engine at {engine.address} has {pushed.rows:,} of the library's {len(library):,} photos. Push it again: only "
            "what is new is sent."
        )
