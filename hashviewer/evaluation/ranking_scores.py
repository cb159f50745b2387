"""How well a trained method ranks a labelled database for labelled queries, by its own distance."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashviewer.evaluation.average_precision import average_precision, average_precision_of_counts
from hashviewer.methods import Method, signs
from hashviewer.progress import Progress, silent

_QUERIES = 64  # at once: their distances to 59,000 items take 15 MB
_ITEMS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class RankingScores:
    """Means over queries of a ranking of the whole database; all 0…1.

    Attributes:
        tie_aware: Mean average precision, expected over random orders of equal distances: the figure to report.
        optimistic: Relevant items first among equals.
        pessimistic: Relevant items last among equals.
        precision: Share of relevant items within Hamming radius 2; 0 for a query that finds none. NaN where the
            method's distance is not a whole number of bits.
        empty: Share of queries that find nothing within radius 2; NaN likewise.
        queries: How many.
        database: How many items.
        per_query: (Q,) tie-aware average precision of each query.
    """

    tie_aware: float
    optimistic: float
    pessimistic: float
    precision: float
    empty: float
    queries: int
    database: int
    per_query: NDArray[np.float64]


def score_method(
    method: Method,
    queries: tuple[Tensor, Tensor],
    database: tuple[Tensor, Tensor],
    *,
    codes: Tensor | None = None,
    fine: tuple[Tensor, Tensor] | None = None,
    radius: int = 2,
    progress: Progress = silent,
) -> RankingScores:
    """Rank a database for each query by the method's own distance.

    Args:
        method: Trained.
        queries: Outputs (Q, W) of the hash layer, and labels (Q, C) multi-hot.
        database: The same for the database: (N, W), (N, C).
        codes: (N, bits) of -1 and +1 where they are known already, such as learnt ones; else they are made.
        fine: `Method.fine_features` of the queries (Q, F) and of the database (N, F), for a second stage that orders
            what the codes found; the lookup's precision stays that of the codes.
        radius: Of the lookup whose precision is told, in bits.
        progress: Told the queries done; may cancel.
    """
    with torch.no_grad():
        made = database_codes(method, database[0]) if codes is None else codes
        rows = []
        for first, distances, relevant in _blocks(method, queries, made, database[1]):
            found = _scores(distances, relevant, radius)
            if fine is not None:
                some = fine[0][first : first + len(distances)]
                again = method.fine_distances(torch.from_numpy(distances).to(some), some, fine[1])
                found[:, :3] = _scores(again.cpu().numpy(), relevant, radius)[:, :3]
            rows.append(found)
            progress(first + len(distances), len(queries[0]))
    values = np.concatenate(rows)
    tie_aware, optimistic, pessimistic, precision, empty = (float(mean) for mean in values.mean(axis=0))
    return RankingScores(
        tie_aware,
        optimistic,
        pessimistic,
        precision,
        empty,
        queries=len(queries[0]),
        database=len(made),
        per_query=values[:, 0],
    )


def database_codes(method: Method, outputs: Tensor) -> Tensor:
    """Codes (N, bits) of -1 and +1 of the hash layer's outputs (N, W)."""
    with torch.no_grad():
        return torch.cat([signs(method.encode(part)) for part in torch.split(outputs, _ITEMS)])


def fine_features(
    method: Method, features: Tensor, queries: Tensor, database: Tensor
) -> tuple[Tensor, Tensor] | None:
    """What `score_method` needs for a method's second stage; None for a method without one.

    Args:
        method: Trained.
        features: (N, D) of the backbone, unscaled.
        queries: (q,) places of the queries among them.
        database: (n,) places of the database.
    """

    def part(places: Tensor) -> list[Tensor | None]:
        with torch.no_grad():
            return [method.fine_features(features[some].float()) for some in torch.split(places, _ITEMS)]

    asked, items = ([one for one in part(places) if one is not None] for places in (queries, database))
    return (torch.cat(asked), torch.cat(items)) if asked and items else None


def _blocks(
    method: Method, queries: tuple[Tensor, Tensor], codes: Tensor, labels: Tensor
) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.bool_]]]:
    for first in range(0, len(queries[0]), _QUERIES):
        some = slice(first, first + _QUERIES)
        distances = method.distances(queries[0][some], codes)
        relevant = queries[1][some] @ labels.T > 0
        yield first, distances.float().cpu().numpy(), relevant.cpu().numpy()


def _scores(distances: NDArray[np.float32], relevant: NDArray[np.bool_], radius: int) -> NDArray[np.float64]:
    """(q, 5): tie-aware, optimistic, pessimistic, precision within the radius, whether that is empty."""
    whole = distances.min() >= 0 and bool((distances == np.rint(distances)).all())
    if not whole:
        values = [average_precision(d, r) for d, r in zip(distances, relevant, strict=True)]
        nan = float("nan")
        return np.array([[v.tie_aware, v.optimistic, v.pessimistic, nan, nan] for v in values])
    steps = distances.astype(np.int64)
    levels = max(int(steps.max()), radius) + 1
    offsets = steps + levels * np.arange(len(steps))[:, None]
    items = np.bincount(offsets.ravel(), minlength=levels * len(steps)).reshape(len(steps), levels)
    found = np.bincount(offsets[relevant], minlength=levels * len(steps)).reshape(len(steps), levels)
    taken = items[:, : radius + 1].sum(axis=1)
    precision = found[:, : radius + 1].sum(axis=1) / np.maximum(taken, 1)
    return np.stack([*average_precision_of_counts(items, found), precision, taken == 0], axis=1)
