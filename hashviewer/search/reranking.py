"""Re-ordering the first matches by what tells more than the code does: features, outputs, or another code set."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search.mutual import mutual_distances
from hashviewer.search.results import Matches

Measure = Literal["cosine", "euclidean"]
Features = Callable[[NDArray[np.int64]], NDArray[np.float32]]


def rerank(
    matches: Matches,
    query_feature: NDArray[np.float32],
    features: Features,
    *,
    first: int,
    measure: Measure = "cosine",
) -> Matches:
    """The same matches with the first `first` sorted by descending cosine or ascending distance to the query's feature.

    Equal values keep their Hamming order; a photo without a feature (zeros, or not a number) comes last. Only the
    order of the rows changes: histogram, `all_distances` and `rank_of` stay those of the codes. Outputs of a network
    serve as well as features.

    Args:
        matches: A ranking by Hamming distance.
        query_feature: (D,) feature of the query.
        features: Gives the features (n, D) of rows (n,).
        first: How many rows to re-order, at least 1; more than there are means all.
        measure: By what to sort.

    Raises:
        SearchError: `first` is below 1 or the features have another length than the query's.
    """
    started = time.perf_counter()
    head = _head(matches, first)
    if len(head) == 0:
        return matches
    found = features(head).astype(np.float32, copy=False)
    _check_width(query_feature, found)
    query = query_feature.astype(np.float32, copy=False)
    far = -_cosine(query, found) if measure == "cosine" else _euclidean(query, found)
    return _reordered(matches, np.argsort(far, kind="stable"), started)


def rerank_mutual(
    matches: Matches,
    query_feature: NDArray[np.float32],
    features: Features,
    *,
    first: int,
    neighbours: int = 20,
    expansion: int = 6,
    own: float = 0.3,
) -> Matches:
    """The same matches with the first `first` sorted by how many near neighbours they have in common with the query.

    See `mutual.mutual_distances`; neighbours are sought among the first matches only.

    Args:
        matches: A ranking by Hamming distance.
        query_feature: (D,) feature of the query.
        features: Gives the features (n, D) of rows (n,).
        first: How many rows to re-order, at least 1.
        neighbours: How many nearest neighbours must be mutual.
        expansion: Over how many nearest neighbours a photo's neighbourhood is averaged; 1 for none.
        own: Share of the features' own distance in the result, 0…1.

    Raises:
        SearchError: `first`, `neighbours` or `expansion` is below 1, `own` is not in 0…1, or the features do not fit.
    """
    started = time.perf_counter()
    if neighbours < 1 or expansion < 1 or not 0 <= own <= 1:
        raise SearchError(
            f"Mutual neighbours need at least 1 neighbour and a share in 0 to 1; {neighbours}, {expansion} and {own} were given."
        )
    head = _head(matches, first)
    if len(head) == 0:
        return matches
    found = features(head).astype(np.float32, copy=False)
    _check_width(query_feature, found)
    everyone = np.concatenate([query_feature[None].astype(np.float32, copy=False), found])
    far = mutual_distances(everyone, neighbours=neighbours, expansion=expansion, own=own)
    return _reordered(matches, np.argsort(far, kind="stable"), started)


def rerank_by_codes(
    matches: Matches, query: NDArray[np.uint8], codes: NDArray[np.uint8], *, first: int
) -> Matches:
    """The same matches with the first `first` sorted by their distance in a second code set; equal ones stay in order.

    Args:
        matches: A ranking by the first code set.
        query: (V,) the query's code in the second.
        codes: (N, V) the second code set, of the same rows.
        first: How many rows to re-order, at least 1.

    Raises:
        SearchError: `first` is below 1, or the codes do not fit.
    """
    started = time.perf_counter()
    head = _head(matches, first)
    if codes.ndim != 2 or query.shape != codes.shape[1:]:
        raise SearchError(
            f"The query's second code has {query.size} bytes and the second code set's {codes.shape[-1]}: they come from "
            "different models. Encode the query with the second model as well."
        )
    if len(head) and int(head.max()) >= len(codes):
        raise SearchError(
            "The second code set lacks some of these photos; encode the library with its model first."
        )
    return _reordered(matches, np.argsort(packed.hamming(query, codes[head]), kind="stable"), started)


def _head(matches: Matches, first: int) -> NDArray[np.int64]:
    if first < 1:
        raise SearchError(
            f"{first} matches were to be re-ordered; ask for at least 1, or switch re-ranking off."
        )
    return matches.rows[:first]


def _reordered(matches: Matches, order: NDArray[np.int64], started: float) -> Matches:
    """The matches with the first ones in this order."""
    first = len(order)
    seconds = matches.cost.seconds + time.perf_counter() - started
    scores = matches.scores
    if scores is not None:
        scores = np.concatenate([scores[:first][order], scores[first:]])
    return replace(
        matches,
        rows=np.concatenate([matches.rows[:first][order], matches.rows[first:]]),
        distances=np.concatenate([matches.distances[:first][order], matches.distances[first:]]),
        cost=replace(matches.cost, seconds=seconds, reranked=first),
        reranked=first,
        scores=scores,
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


def _euclidean(query: NDArray[np.float32], features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Euclidean distances (n,) of `query` (D,) to `features` (n, D); infinite where there is none."""
    distance: NDArray[np.float32] = np.linalg.norm(features - query, axis=1)
    usable = np.isfinite(distance) & features.any(axis=1)
    return np.where(usable, distance, np.float32(np.inf))
