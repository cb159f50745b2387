"""What a plan says: the ways to search a collection, what each was expected to cost and did cost, and which to use."""

from dataclasses import dataclass
from typing import Literal

from hashviewer.errors import SearchError
from hashviewer.search import SearchHow

Family = Literal["flat", "table", "confidence", "multi", "ivf", "hash", "multihash"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be found.

    Attributes:
        recall: Which share of the exact answer must be found, above 0, up to 1.
        k: The exact answer is the k nearest; None where it is a radius.
        radius: The exact answer is everything within so many bits; None where it is a number.

    Raises:
        SearchError: A number is out of range, or not exactly one of k and radius is given.
    """

    recall: float
    k: int | None = None
    radius: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.recall <= 1:
            raise SearchError(f"A recall of {self.recall:g} cannot be planned for; choose above 0 up to 1.")
        if (self.k is None) == (self.radius is None):
            raise SearchError("A plan is for a number of neighbours or for a radius; give one of them.")
        if self.k is not None and self.k < 1:
            raise SearchError(f"{self.k} neighbours were asked for; ask for at least 1.")
        if self.radius is not None and self.radius < 0:
            raise SearchError(f"The radius is {self.radius}; choose 0 bits or more.")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a query costs and finds.

    Attributes:
        probes: Buckets looked into, on average; lists for "ivf"; 0 for a flat scan.
        candidates: Codes compared, on average; a photo that lies in several tables in each.
        recall: Share of the exact answer that is found, on average; of an empty answer all is found.
        seconds: Time, mean without the tenth of the queries at either end.
    """

    probes: float
    candidates: float
    recall: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Option:
    """One way to search.

    Attributes:
        name: For the user, such as "One table, radius 2".
        family: Which kind; the options of one family are the points of one cost-recall curve.
        how: The same as a search of HashViewer; None for an index of faiss, which is measured for comparison only.
        predicted: For the codes that were measured, from other queries than those measured: what is probed, compared
            and found from flat scans, without searching so; the time from what searches of this kind take.
        measured: For these codes.
        expected: For the whole collection: the same as `measured` where that was measured, else the model's.
        memory: Bytes beyond the codes, for the whole collection.
        build: Seconds to build, for the whole collection.
    """

    name: str
    family: Family
    how: SearchHow | None
    predicted: Figures
    measured: Figures
    expected: Figures
    memory: int
    build: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How a collection is best searched.

    Attributes:
        goal: What was planned for.
        bits: Width of the codes.
        total: Codes in the collection.
        rows: Codes that were measured: all, or a sample where all would have taken too long.
        queries: Queries that were measured, drawn from the collection.
        options: The first is the flat scan.
        chosen: Which of them to use.
        sentence: Which, and why.
    """

    goal: Goal
    bits: int
    total: int
    rows: int
    queries: int
    options: tuple[Option, ...]
    chosen: int
    sentence: str

    @property
    def choice(self) -> Option:
        """The option to use; it has a `how`."""
        return self.options[self.chosen]

    @property
    def how(self) -> SearchHow:
        """How to search by this plan."""
        how = self.choice.how
        assert how is not None
        return how
