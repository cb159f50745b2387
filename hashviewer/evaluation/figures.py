"""The figures of a ranking, as `evaluate` gives them: means over the queries."""

from dataclasses import dataclass

from hashviewer.evaluation.code_statistics import CodeStatistics


@dataclass(frozen=True, slots=True)
class AtPlace:
    """Means of expected precision and recall among the first `place` items of the ranking."""

    place: int
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class WithinRadius:
    """Means over queries of what lies within a Hamming radius.

    Attributes:
        radius: In bits.
        precision: 0 for a query that finds nothing.
        found_precision: The mean over those queries alone that find something, as a curve over the radius is drawn; NaN
            where none does.
        recall: 0 for a query that finds nothing or has nothing to find.
        empty: Share of queries that find nothing.
    """

    radius: int
    precision: float
    found_precision: float
    recall: float
    empty: float


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a lookup within one radius gives and costs.

    Attributes:
        within: Precision, recall and empty lookups.
        average_precision: Mean average precision of the items within the radius alone, divided by the relevant ones
            among them and expected over ties; 0 for a query that finds nothing.
        buckets: How many codes lie within the radius, all of which a table would be asked for.
    """

    within: WithinRadius
    average_precision: float
    buckets: int


@dataclass(frozen=True, slots=True)
class FirstPlaces:
    """Mean average precision of the first places, equal distances in the order of the database.

    Attributes:
        place: How many.
        found: Divided by the relevant items among them, as most hashing papers do.
        smaller: Divided by the smaller of `place` and all relevant items.
        without_relevant: Queries with no relevant item among them; they count as 0, where some papers drop them.
    """

    place: int
    found: float
    smaller: float
    without_relevant: int


@dataclass(frozen=True, slots=True)
class Graded:
    """Figures for several labels among the first places: NDCG expected over ties, ACG and WAP in database order."""

    place: int
    ndcg: float
    acg: float
    wap: float


@dataclass(frozen=True, slots=True)
class OfClass:
    """Means over the queries with one label."""

    name: str
    queries: int
    tie_aware: float
    precision: float


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Means over the queries; a query without a relevant item counts as 0.

    Attributes:
        tie_aware: Mean average precision, expected over random orders of equal distances.
        optimistic: The same, relevant items first among equals.
        pessimistic: Relevant items last among equals.
        stable: Equal distances in the order of the database, as a stable sort gives.
        dropped: Tie-aware mean over those queries alone that have a relevant item; NaN where none has.
        chance: What codes that are all alike would reach.
        first: Of the first places, where that was asked for.
        at: Precision and recall along the ranking.
        lookup: Within the radius asked for.
        radii: Within every radius from 0.
        graded: Where items have several labels.
        classes: For each label with a query.
        statistics: Of the database's codes.
        queries: How many.
        database: How many items; a query itself, where it is among them, is left out.
        without_relevant: Queries that have no relevant item.
    """

    tie_aware: float
    optimistic: float
    pessimistic: float
    stable: float
    dropped: float
    chance: float
    first: FirstPlaces | None
    at: tuple[AtPlace, ...]
    lookup: Lookup
    radii: tuple[WithinRadius, ...]
    graded: Graded | None
    classes: tuple[OfClass, ...]
    statistics: CodeStatistics
    queries: int
    database: int
    without_relevant: int
