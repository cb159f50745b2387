"""How well a quantizer's own distance ranks a labelled library: what counting differing bits cannot tell."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hashviewer.evaluation import MeanAveragePrecision, mean_of_scores
from hashviewer.progress import Progress, silent
from hashviewer.search import rank_by_tables
from hashviewer.workspace.quantizing import read_quantizer_of, tables_of, words_of

if TYPE_CHECKING:
    from hashviewer.evaluation.protocols import Split
    from hashviewer.workspace.workspace import Workspace

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
    """Mean average precision of the ranking by a quantizer's look-up tables, from the features that the library keeps.

    Args:
        workspace: The library.
        codes: The code set, a quantizer's.
        rows: (N,) rows of the library.
        labels: (N, C) multi-hot; relevant are the items that share a label with the query.
        division: Who asks whom, in places among `rows`; a query that is in the database is left out of its own ranking.
        progress: Told the queries done; may cancel.

    Raises:
        SearchError: The model is not here or does not fit, or features are not kept.
    """
    info, library = workspace.code_set(codes), workspace.library
    quantizer = read_quantizer_of(info)
    words = words_of(quantizer, library.codes(codes)[0][rows[division.database]])
    places = np.searchsorted(division.database, division.queries)
    inside = np.append(division.database, -1)[places] == division.queries
    own_rows = np.where(inside, places, -1)
    found: list[MeanAveragePrecision] = []
    for start in range(0, len(division.queries), QUERIES):
        some = slice(start, start + QUERIES)
        asked = division.queries[some]
        scores = np.empty((len(asked), len(division.database)), dtype=np.float32)
        for place, feature in enumerate(library.features(codes, rows[asked])):
            tables = tables_of(quantizer, feature, info)
            ranked = rank_by_tables(tables, words.named, k=1, lengths=words.lengths)
            np.negative(ranked.all_distances, out=scores[place])
        relevant = (labels[asked].astype(np.int64) @ labels[division.database].T.astype(np.int64)) > 0
        found.append(mean_of_scores(scores, relevant, own_rows=own_rows[some]))
        progress(start + len(asked), len(division.queries), "queries")
    return _together(found)


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
