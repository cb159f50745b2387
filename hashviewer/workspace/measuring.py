"""How well a code set's own distance ranks a labelled library, where that is not the number of bits that differ."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hashviewer.evaluation import MeanAveragePrecision, mean_of_scores
from hashviewer.library import CodeSetInfo
from hashviewer.progress import Progress, silent
from hashviewer.search import Asked, rank_by_tables, search
from hashviewer.workspace.quantizing import is_quantized, own_how, read_quantizer_of, tables_of, words_of

if TYPE_CHECKING:
    from hashviewer.evaluation.protocols import Split
    from hashviewer.workspace.workspace import Workspace

Fill = Callable[[NDArray[np.int64], NDArray[np.float32]], None]
"""Puts the distances of some rows (n,) to the database into (n, N)."""

QUERIES = 64  # at once: their distances to a million items take 256 MB


def own_precision(
    workspace: "Workspace",
    codes: str,
    rows: NDArray[np.int64],
    labels: NDArray[np.uint8],
    division: "Split",
    *,
    progress: Progress = silent,
) -> MeanAveragePrecision:
    """Mean average precision of the ranking by weighted bits, by segments, or by a quantizer's look-up tables.

    A quantizer's tables are made from the features that the library keeps.

    Args:
        workspace: The library.
        codes: The code set.
        rows: (N,) rows of the library.
        labels: (N, C) multi-hot; relevant are the items that share a label with the query.
        division: Who asks whom, in places among `rows`; a query that is in the database is left out of its own ranking.
        progress: Told the queries done; may cancel.

    Raises:
        SearchError: The model is not here or does not fit, or features are not kept.
    """
    info, library = workspace.code_set(codes), workspace.library
    database = library.codes(codes)[0][rows[division.database]]
    distances = (
        _by_quantizer(workspace, info, database)
        if is_quantized(info)
        else _by_codes(workspace, info, database)
    )
    places = np.searchsorted(division.database, division.queries)
    inside = np.append(division.database, -1)[places] == division.queries
    own_rows = np.where(inside, places, -1)
    found: list[MeanAveragePrecision] = []
    for start in range(0, len(division.queries), QUERIES):
        some = slice(start, start + QUERIES)
        asked = division.queries[some]
        scores = np.empty((len(asked), len(division.database)), dtype=np.float32)
        distances(rows[asked], scores)
        np.negative(scores, out=scores)
        relevant = (labels[asked].astype(np.int64) @ labels[division.database].T.astype(np.int64)) > 0
        found.append(mean_of_scores(scores, relevant, own_rows=own_rows[some]))
        progress(start + len(asked), len(division.queries), "queries")
    return _together(found)


def _by_quantizer(workspace: "Workspace", info: CodeSetInfo, database: NDArray[np.uint8]) -> Fill:
    quantizer = read_quantizer_of(info)
    words = words_of(quantizer, database)

    def fill(asked: NDArray[np.int64], into: NDArray[np.float32]) -> None:
        for place, feature in enumerate(workspace.library.features(info.key, asked)):
            tables = tables_of(quantizer, feature, info)
            into[place] = rank_by_tables(tables, words.named, k=1, lengths=words.lengths).all_distances

    return fill


def _by_codes(workspace: "Workspace", info: CodeSetInfo, database: NDArray[np.uint8]) -> Fill:
    known, how = workspace.library.codes(info.key)[0], own_how(info)

    def fill(asked: NDArray[np.int64], into: NDArray[np.float32]) -> None:
        for place, row in enumerate(asked):
            found = search(Asked(known[row]), database, info.bits, how=how, k=1)
            into[place] = found.all_distances if found.all_scores is None else found.all_scores

    return fill


def _together(blocks: list[MeanAveragePrecision]) -> MeanAveragePrecision:
    """The means over all queries of blocks of them."""
    counts = np.array([block.queries for block in blocks], dtype=np.float64)

    def mean(values: list[float]) -> float:
        return float((counts * values).sum() / counts.sum())

    return MeanAveragePrecision(
        tie_aware=mean([block.tie_aware for block in blocks]),
        optimistic=mean([block.optimistic for block in blocks]),
        pessimistic=mean([block.pessimistic for block in blocks]),
        per_query=np.concatenate([block.per_query for block in blocks]),
        queries=int(counts.sum()),
        without_relevant=sum(block.without_relevant for block in blocks),
    )
