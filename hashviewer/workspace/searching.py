"""Searches of one open library: by any distance, through tables kept for its codes, over one code set or several."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer import search
from hashviewer.errors import SearchError
from hashviewer.library import CodeSetInfo, Library
from hashviewer.progress import Progress
from hashviewer.search import Asked, Matches, SearchHow
from hashviewer.workspace import composing
from hashviewer.workspace.indexes import KeptIndexes
from hashviewer.workspace.quantizing import Quantizers, is_quantized
from hashviewer.workspace.query import Query
from hashviewer.workspace.reranking import check_reranking, reranked

if TYPE_CHECKING:
    from hashviewer.workspace.workspace import Workspace

FUSED = 1000  # the first rows of each ranking that are fused, or ten times as many as are wanted
TRIES = 20  # to read several code sets of a library that grows meanwhile


class Searching:
    """What `Workspace.search` and `Workspace.search_several` do; their arguments are described there."""

    def __init__(self, workspace: "Workspace") -> None:
        self._workspace = workspace
        self._indexes = KeptIndexes()
        self._quantizers = Quantizers()

    def close(self) -> None:
        """Let the tables go."""
        self._indexes.clear()
        self._quantizers.clear()

    def prepare(self, key: str, how: SearchHow) -> None:
        """Build the tables that `how` needs; blocks."""
        info = self._workspace.code_set(key)
        codes, encoded = self._workspace.library.codes(key)
        self._indexes.get(key, codes, encoded, info.bits, how)

    def search(
        self,
        query: Query,
        *,
        k: int | None,
        radius: int | None,
        rerank: int,
        rows: NDArray[np.bool_] | None,
        how: SearchHow,
        progress: Progress,
    ) -> Matches:
        """The answer of one code set."""
        codes, encoded = self._workspace.library.codes(self._workspace.code_set(query.codes).key)
        check_reranking(self._workspace, query, rerank, how.rerank_by)
        mask = self._mask(encoded, rows)
        depth = None if k is None else max(k, rerank)
        if query.is_composed and how.distance != "adc":
            progress(0, None, "Searching")
            bits = self._workspace.code_set(query.codes).bits
            return composing.compare(query, codes, bits, k=k, radius=radius, rows=mask)
        matches = self._one(query, codes, encoded, mask, depth, radius, how, progress)
        return self._reranked(query, matches, rerank, how.rerank_by, progress).first(k)

    def search_several(
        self,
        queries: Sequence[Query],
        *,
        k: int | None,
        radius: int | None,
        rerank: int,
        rows: NDArray[np.bool_] | None,
        how: SearchHow,
        progress: Progress,
    ) -> Matches:
        """The fused answer of several code sets."""
        if not queries:
            raise SearchError("There is no code set to search; choose at least one.")
        check_reranking(self._workspace, queries[0], rerank, how.rerank_by)
        sets = self._at_once([self._workspace.code_set(query.codes).key for query in queries])
        mask = self._mask(np.logical_and.reduce([encoded for _, encoded in sets]), rows)
        depth = None if k is None else max(FUSED, 10 * k, rerank)
        answers = [
            self._one(query, codes, encoded, mask, depth, radius, how, progress)
            for query, (codes, encoded) in zip(queries, sets, strict=True)
        ]
        matches = _fused(answers, queries, sets[0][0])
        return self._reranked(queries[0], matches, rerank, how.rerank_by, progress).first(k)

    def _one(
        self,
        query: Query,
        codes: NDArray[np.uint8],
        encoded: NDArray[np.bool_],
        mask: NDArray[np.bool_],
        k: int | None,
        radius: int | None,
        how: SearchHow,
        progress: Progress,
    ) -> Matches:
        info = self._workspace.code_set(query.codes)
        progress(0, None, "Searching" if how.whole else "Looking into the tables")
        index = self._indexes.get(info.key, codes, encoded, info.bits, how)
        progress(0, None, "Searching")
        asked = self._asked(query, info, codes, how)
        return search.search(asked, codes, info.bits, how=how, index=index, k=k, radius=radius, rows=mask)

    def _asked(self, query: Query, info: CodeSetInfo, codes: NDArray[np.uint8], how: SearchHow) -> Asked:
        """The query as numbers, with what its distance needs."""
        if how.distance == "adc":
            return self._quantizers.asked(query, info, codes)
        if how.distance == "asymmetric" and is_quantized(info):
            raise SearchError(
                f"The codes “{info.key}” are numbers of code words, not signs of outputs, so there is no asymmetric distance of "
                "bits: order by the quantizer's own distance (adc)."
            )
        return Asked(query.code, query.outputs)

    def _mask(self, encoded: NDArray[np.bool_], rows: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        mask = both(encoded, self._workspace.library.alive)
        return mask if rows is None else both(mask, rows)

    def _at_once(self, keys: list[str]) -> list[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
        """Codes and marks of several code sets about the same photos, also while another process adds some."""
        library = self._workspace.library
        for _ in range(TRIES):
            sets = [library.codes(key) for key in keys]
            if len({len(codes) for codes, _ in sets}) == 1:
                return sets
        raise SearchError("The library grows faster than it can be read; search again in a moment.")

    def _reranked(self, query: Query, matches: Matches, first: int, by: str, progress: Progress) -> Matches:
        if first:
            progress(0, None, "Re-ranking")
        return reranked(self._workspace, query, matches, first=first, by=by)


def searched(
    library: Library, key: str, rows: NDArray[np.bool_] | None
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The codes (N, W) and the mask (N,) of those that count; consistent even while another process adds."""
    values, encoded = library.codes(key)
    mask = both(encoded, library.alive)
    return values, mask if rows is None else both(mask, rows)


def both(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where `a` (N,) and `b` are both True: (N,). Where `b` is too short it counts as False."""
    joined = np.zeros(len(a), dtype=np.bool_)
    shared = min(len(a), len(b))
    np.logical_and(a[:shared], b[:shared], out=joined[:shared])
    return joined


def _fused(answers: Sequence[Matches], queries: Sequence[Query], codes: NDArray[np.uint8]) -> Matches:
    """One answer from those of several code sets, by the places of the rows alone; `codes` are of the first set.

    What only another set has found counts as searched, with its distance in the first.
    """
    first = answers[0]
    rows = search.fuse([answer.rows for answer in answers]).rows
    distances = packed.hamming(queries[0].code, codes[rows])
    everyone, cost = first.all_distances.copy(), first.cost
    everyone[rows] = distances
    for answer in answers[1:]:
        cost = cost.plus(answer.cost)
    histogram = np.bincount(everyone, minlength=first.bits + 1)[: first.bits + 1]
    return replace(
        first,
        rows=rows,
        distances=distances.astype(np.int32),
        histogram=histogram.astype(np.int64),
        all_distances=everyone,
        cost=cost,
        exact=all(answer.exact for answer in answers),
        complete=None if all(answer.complete is None for answer in answers) else first.complete,
        scores=None,
        all_scores=None,
        fused=tuple(query.codes for query in queries),
    )
