"""Re-ordering the first matches by their features, which tell more than the code does."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.search.results import Cost, Matches


def rerank(
    matches: Matches,
    query_feature: NDArray[np.float32],
    features: Callable[[NDArray[np.int64]], NDArray[np.float32]],
    *,
    first: int,
) -> Matches:
    """The same matches with the first `first` sorted by descending cosine to the query's feature.

    Equal cosines keep their Hamming order; a photo without a feature (zeros, or not a number) comes last. Only the
    order of the rows changes: histogram, `all_distances` and `rank_of` stay those of the codes.

    Args:
        matches: A ranking by Hamming distance.
        query_feature: (D,) feature of the query.
        features: Gives the features (n, D) of rows (n,).
        first: How many rows to re-order, at least 1; more than there are means all.

    Raises:
        SearchError: `first` is below 1 or the features have another length than the query's.
    """
    started = time.perf_counter()
    if first < 1:
        raise SearchError(
            f"{first} matches were to be re-ordered; ask for at least 1, or switch re-ranking off."
        )
    head = matches.rows[:first]
    if len(head) == 0:
        return matches
    found = features(head).astype(np.float32, copy=False)
    _check_width(query_feature, found)
    order = np.argsort(-_cosine(query_feature.astype(np.float32, copy=False), found), kind="stable")
    seconds = matches.cost.seconds + time.perf_counter() - started
    return replace(
        matches,
        rows=np.concatenate([head[order], matches.rows[first:]]),
        distances=np.concatenate([matches.distances[:first][order], matches.distances[first:]]),
        cost=Cost(seconds=seconds, scanned=matches.cost.scanned, reranked=len(head)),
        reranked=len(head),
    )


def _check_width(query_feature: NDArray[np.float32], found: NDArray[np.float32]) -> None:
    if query_feature.ndim != 1 or found.ndim != 2 or found.shape[1] != query_feature.shape[0]:
        raise SearchError(
            f"The query's feature has {query_feature.size} values and the library's have {found.shape[-1]}: "
            "they come from different models. Encode the query with the library's model."
        )


def _cosine(query: NDArray[np.float32], features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosines (n,) of `query` (D,) to `features` (n, D); -2 where there is none."""
    length = np.linalg.norm(features, axis=1) * np.linalg.norm(query)
    usable = np.isfinite(length) & (length > 0)
    cosine = np.full(len(features), -2.0, dtype=np.float32)
    cosine[usable] = (features[usable] @ query) / length[usable]
    return cosine
