"""Mean average precision over many queries."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hashviewer.evaluation.average_precision import average_precision, average_precision_of_counts
from hashviewer.evaluation.ranked import Coded, First, ranked
from hashviewer.progress import Progress, silent

Empty = Literal["zero", "drop"]


@dataclass(frozen=True, slots=True, eq=False)
class MeanAveragePrecision:
    """Mean average precision over queries.

    Attributes:
        tie_aware: The mean of the tie-aware values; the figure to report.
        optimistic: The mean of the upper bounds.
        pessimistic: The mean of the lower bounds.
        per_query: (Q,) tie-aware average precision of each query; 0 for one without relevant items.
        queries: How many queries the means are over.
        without_relevant: Queries that have no relevant item; counted as 0, or dropped where that was asked for.
    """

    tie_aware: float
    optimistic: float
    pessimistic: float
    per_query: NDArray[np.float64]
    queries: int
    without_relevant: int


def mean_average_precision(
    queries: Coded,
    database: Coded,
    bits: int,
    *,
    own_rows: NDArray[np.int64] | None = None,
    empty: Empty = "zero",
    progress: Progress = silent,
) -> MeanAveragePrecision:
    """Mean average precision of the Hamming ranking of packed codes, from counts per distance.

    Args:
        queries: Who asks.
        database: What is ranked; relevant are the items that share a label with the query.
        bits: Width of the codes.
        own_rows: (Q,) the row of the database that is the query itself and is left out; -1 where there is none.
        empty: Whether a query without relevant items counts as 0 or is dropped from the mean.
        progress: Told the queries done; may cancel.
    """
    items = np.zeros((len(queries.codes), bits + 1), dtype=np.int64)
    hits = np.zeros_like(items)
    done = 0
    for block in ranked(queries, database, bits, own_rows=own_rows, first=First(placed=False)):
        items[block.places], hits[block.places] = block.items, block.relevant
        done += len(block.places)
        progress(done, len(items), "queries")
    return _mean(*average_precision_of_counts(items, hits), hits.sum(axis=1) > 0, empty)


def mean_of_scores(
    scores: NDArray[np.floating],
    relevant: NDArray[np.bool_],
    *,
    own_rows: NDArray[np.int64] | None = None,
    empty: Empty = "zero",
) -> MeanAveragePrecision:
    """Mean average precision of a ranking by descending score, such as the cosine of features.

    Args:
        scores: (Q, N) score of each row for each query.
        relevant: (Q, N) True where a row is relevant to a query.
        own_rows: (Q,) the row that is the query itself and is left out; -1 where there is none.
        empty: Whether a query without relevant items counts as 0 or is dropped from the mean.
    """
    values = np.zeros((3, len(scores)))
    some = np.zeros(len(scores), dtype=np.bool_)
    for place in range(len(scores)):
        kept = np.ones(scores.shape[1], dtype=np.bool_)
        if own_rows is not None and own_rows[place] >= 0:
            kept[own_rows[place]] = False
        one = average_precision(-scores[place, kept], relevant[place, kept])
        values[:, place] = one.tie_aware, one.optimistic, one.pessimistic
        some[place] = relevant[place, kept].any()
    return _mean(values[0], values[1], values[2], some, empty)


def _mean(
    tie_aware: NDArray[np.float64],
    optimistic: NDArray[np.float64],
    pessimistic: NDArray[np.float64],
    some: NDArray[np.bool_],
    empty: Empty,
) -> MeanAveragePrecision:
    """The means over the queries that count; NaN if none does. `some` (Q,): there is a relevant item."""
    counted = some if empty == "drop" else np.ones_like(some)
    number = int(np.count_nonzero(counted))
    means = [
        float(v[counted].mean()) if number else float("nan") for v in (tie_aware, optimistic, pessimistic)
    ]
    return MeanAveragePrecision(
        tie_aware=means[0],
        optimistic=means[1],
        pessimistic=means[2],
        per_query=tie_aware,
        queries=number,
        without_relevant=int(np.count_nonzero(~some)),
    )
