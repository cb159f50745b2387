"""What is asked of an engine: the same questions, with the same numbers, as of codes in memory."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hashviewer.engines.filtering import Filter
from hashviewer.engines.pushed import Pushed
from hashviewer.library import PhotoRecord
from hashviewer.progress import Progress, silent
from hashviewer.statistics import BitStatistics, Buckets

EVERYTHING = Filter()


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The rows nearest to a query.

    Attributes:
        rows: (k,) nearest first, equal distances in ascending order of the row.
        distances: (k,) in bits.
        histogram: (bits + 1,) how many searched rows lie at each distance.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.int32]
    histogram: NDArray[np.int64]


class Engine(Protocol):
    """A library at an engine. Every answer is whole and of one push, or an EngineError is raised."""

    @property
    def pushed(self) -> Pushed:
        """What is there, as of the last `refresh`."""

    @property
    def address(self) -> str:
        """Where it is, for the user."""

    def refresh(self) -> bool:
        """Look at what is there now; True if it was pushed anew."""

    def nearest(
        self,
        query: NDArray[np.uint8],
        *,
        codes: str,
        k: int | None,
        radius: int | None,
        chosen: Filter = EVERYTHING,
    ) -> Nearest:
        """The rows nearest to a code (W,) of the set `codes`, and the histogram over all that are searched."""

    def within(
        self, query: NDArray[np.uint8], *, codes: str, radius: int, chosen: Filter = EVERYTHING
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The rows within a radius by (distance, row), and their distances; without a scan up to 3 bits."""

    def distances(
        self, query: NDArray[np.uint8], *, codes: str, chosen: Filter = EVERYTHING
    ) -> NDArray[np.unsignedinteger]:
        """(N,) the distance of every row, as `Matches.all_distances`."""

    def place_of(
        self, query: NDArray[np.uint8], row: int, *, codes: str, chosen: Filter = EVERYTHING
    ) -> int | None:
        """How many searched rows stand before `row`; None if it was not searched."""

    def buckets(
        self, query: NDArray[np.uint8], *, codes: str, radius: int, chosen: Filter = EVERYTHING
    ) -> Buckets:
        """The occupied codes within a radius."""

    def bit_statistics(self, codes: str, *, progress: Progress = silent) -> BitStatistics:
        """How the bits of a code set behave over the rows that queries can find."""

    def codes_of(self, codes: str, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The codes (n, W) of some rows, and which of them have one (n,)."""

    def all_codes(self, codes: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """All codes (N, W), and which rows have one (N,)."""

    def shown(self, codes: str) -> NDArray[np.bool_]:
        """(N,) True for the rows that queries can find."""

    def numbers(self, column: str, kind: str) -> NDArray[Any]:
        """(N,) a column of the photos: numbers of numpy's type `kind`."""

    def numbers_of(self, column: str, kind: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        """(n,) the same of some rows."""

    def photos(self, rows: NDArray[np.int64]) -> list[PhotoRecord]:
        """All there is to know about some photos, in any order."""

    def texts(self, column: str, rows: NDArray[np.int64]) -> list[bytes]:
        """A column of texts of some photos, in the order asked for."""

    def all_texts(self, column: str) -> list[bytes]:
        """A column of texts of all photos, by row."""

    def close(self) -> None:
        """Let the engine go."""
