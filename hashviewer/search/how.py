"""How a library is searched: what is compared, in what order buckets are looked into, and by which distance rows stand."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from hashviewer.errors import SearchError

Mode = Literal["rank", "lookup", "multi"]
Distance = Literal["hamming", "weighted", "asymmetric", "segments", "adc"]
Order = Literal["distance", "confidence"]

MODES: tuple[Mode, ...] = get_args(Mode)
DISTANCES: tuple[Distance, ...] = get_args(Distance)
ORDERS: tuple[Order, ...] = get_args(Order)
RERANKINGS = ("cosine", "euclidean", "outputs", "mutual")  # or the key of another code set
PROBE = 2  # bits; the radius of a lookup in one table unless another is asked for


@dataclass(frozen=True, slots=True)
class SearchHow:
    """How to search. Values, comparable and hashable; the default is the exact ranking by Hamming distance.

    Attributes:
        mode: "rank" compares the query with every code; "lookup" looks into the buckets of one hash table around the
            query's own; "multi" into several tables, each over a part of the code.
        distance: By what the rows found are ordered: "hamming"; "weighted", by `weights`; "asymmetric", by the query's
            real-valued outputs; "segments", by how many segments of the code differ; "adc", by the look-up tables of the
            quantizer that made the codes.
        weights: (bits,) how much each bit counts, finite and 0 or more; needed for "weighted", else left alone.
        segment: Bits of a segment; needed for "segments", else left alone.
        tables: How many tables "multi" has.
        probe: How far to look, in bits. For "lookup" the radius r around the query's bucket, None for 2. For "multi" the
            radius of the whole code within which every photo is found, None for as far as an exact answer needs.
        prefix: How many of the first bits are compared, for a quick look or for codes whose bits stand in the order of their
            worth; None for all. Distances are then of that many bits.
        rerank_by: By what the first rows are re-ordered, where some are: one of `RERANKINGS`, or another code set's key.
        order: In which order "lookup" goes through the buckets: by their distance, or by confidence, flipping the bits
            first whose outputs are nearest to 0; then it looks into as many buckets as there are within `probe`.

    Raises:
        SearchError: A mode, distance or order that does not exist, a number out of range, or unusable weights.
    """

    mode: Mode = "rank"
    distance: Distance = "hamming"
    weights: tuple[float, ...] | None = None
    segment: int = 0
    tables: int = 4
    probe: int | None = None
    order: Order = "distance"
    prefix: int | None = None
    rerank_by: str = "cosine"

    def __post_init__(self) -> None:
        _one_of("mode", self.mode, MODES)
        _one_of("distance", self.distance, DISTANCES)
        _one_of("order", self.order, ORDERS)
        if self.tables < 1:
            raise SearchError(f"{self.tables} tables were asked for; ask for at least 1.")
        if self.probe is not None and self.probe < 0:
            raise SearchError(f"The probing radius is {self.probe}; choose 0 bits or more.")
        if self.distance == "weighted" and self.weights is None:
            raise SearchError("A weighted search needs weights: give one for each bit.")
        if self.prefix is not None and (self.prefix < 1 or self.mode != "rank" or self.distance != "hamming"):
            raise SearchError(
                "The first bits of a code, 1 or more, are compared by ranking with the Hamming distance, without tables or weights."
            )
        if self.distance == "segments" and self.segment < 1:
            raise SearchError("A search by segments needs the length of a segment, in bits.")
        if self.distance == "segments" and self.mode != "rank":
            raise SearchError("Codes are compared segment by segment by ranking, without tables.")
        if self.distance == "adc" and self.mode != "rank":
            raise SearchError(
                "The codes of a quantizer have no buckets of near codes; search them by ranking, without tables."
            )
        if self.weights is not None and not all(math.isfinite(weight) for weight in self.weights):
            raise SearchError("A weight is not a finite number; give numbers of 0 or more.")
        if self.weights is not None and min(self.weights, default=0.0) < 0:
            raise SearchError(f"The weight {min(self.weights):g} is negative; give numbers of 0 or more.")

    @property
    def whole(self) -> bool:
        """Whether every code is compared, so that the answer is exact whatever is asked."""
        return self.mode == "rank"

    @property
    def reach(self) -> int:
        """The probing radius of "lookup", in bits."""
        return PROBE if self.probe is None else self.probe

    def check(self, bits: int) -> None:
        """Refuse what codes of `bits` bits do not allow.

        Raises:
            SearchError: The text says what does.
        """
        if self.probe is not None and self.probe > bits:
            raise SearchError(
                f"The probing radius is {self.probe}, but codes of {bits} bits differ in 0 to {bits} bits; choose one in "
                "that range."
            )
        if self.prefix is not None and self.prefix > bits:
            raise SearchError(f"The first {self.prefix} bits were asked for, but the codes have {bits}.")
        if self.mode == "multi" and self.tables > bits:
            raise SearchError(
                f"Codes of {bits} bits cannot be cut into {self.tables} parts; choose 1 to {bits} tables."
            )
        if self.distance == "segments" and bits % self.segment:
            raise SearchError(
                f"Codes of {bits} bits do not fall into segments of {self.segment}; choose a divisor of {bits}."
            )
        if self.distance == "weighted" and self.weights is not None and len(self.weights) != bits:
            raise SearchError(
                f"There are {len(self.weights)} weights for codes of {bits} bits; give one for each bit."
            )


def _one_of(what: str, chosen: str, known: tuple[str, ...]) -> None:
    if chosen not in known:
        raise SearchError(f"There is no {what} “{chosen}”; choose one of {', '.join(known)}.")
