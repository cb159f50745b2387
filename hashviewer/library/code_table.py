"""All segments of a code set as one table over the library's rows; immutable."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.library.code_segment import CodeRows, CodeSegment
from hashviewer.library.records import CodeSetInfo


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A code set.

    Attributes:
        segments: Oldest first; where two hold a code for a row, the later one counts. At least one.
    """

    segments: tuple[CodeSegment, ...]

    @property
    def info(self) -> CodeSetInfo:
        """What the newest segment says, with the count of rows over all segments."""
        return replace(self.segments[-1].info, encoded=self._count())

    def codes(
        self, rows: int, known: "tuple[CodeTable, NDArray[np.uint8], NDArray[np.bool_]] | None" = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Codes (rows, W) and which rows are encoded (rows,).

        Args:
            rows: Photos in the library.
            known: An earlier table with its codes: only segments that it lacks are read.
        """
        codes = np.zeros((rows, packed.width(self.segments[-1].info.bits)), np.uint8)
        encoded = np.zeros(rows, np.bool_)
        unread = self.segments
        if known is not None and unread[: len(known[0].segments)] == known[0].segments:
            unread = unread[len(known[0].segments) :]
            codes[: len(known[1])], encoded[: len(known[2])] = known[1], known[2]
        for segment in unread:
            some, mask = segment.codes()
            room = max(rows - segment.first_row, 0)
            some, mask = some[:room], mask[:room]
            span = slice(segment.first_row, segment.first_row + len(mask))
            codes[span][mask] = some[mask]
            encoded[span] |= mask
        return codes, encoded

    def outputs(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """Outputs (len(rows), bits), NaN where not encoded."""
        return self._gather("outputs", rows, self.segments[-1].info.bits)

    def features(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """Features (len(rows), feature_dim), NaN where not encoded."""
        return self._gather("features", rows, self.segments[-1].info.feature_dim)

    def run(self, start: int, stop: int) -> CodeRows:
        """Everything stored for rows start…stop - 1."""
        rows = np.arange(start, stop)
        codes = np.zeros((len(rows), packed.width(self.segments[-1].info.bits)), np.uint8)
        encoded = np.zeros(len(rows), np.bool_)
        for segment in self.segments:
            inside = np.flatnonzero((rows >= segment.first_row) & (rows <= segment.last_row))
            if len(inside):
                local = rows[inside] - segment.first_row
                mask = segment.gather("encoded", local).astype(np.bool_)
                codes[inside[mask]] = segment.gather("codes", local)[mask]
                encoded[inside[mask]] = True
        return CodeRows(codes, self.outputs(rows), self.features(rows), encoded)

    def _gather(self, name: str, rows: NDArray[np.int64], width: int) -> NDArray[np.float16]:
        result = np.full((len(rows), width), np.nan, np.float16)
        for segment in self.segments:
            inside = np.flatnonzero((rows >= segment.first_row) & (rows <= segment.last_row))
            if len(inside) and width:
                values = segment.gather(name, rows[inside] - segment.first_row)
                there = ~np.isnan(values[:, 0])
                result[inside[there]] = values[there]
        return result

    def _count(self) -> int:
        ordered = sorted(self.segments, key=lambda segment: segment.first_row)
        if all(a.last_row < b.first_row for a, b in pairwise(ordered)):
            return sum(segment.encoded for segment in ordered)
        rows = max(segment.last_row for segment in ordered) + 1
        encoded = np.zeros(rows, np.bool_)
        for segment in ordered:
            encoded[segment.first_row : segment.first_row + segment.rows] |= segment.codes()[1]
        return int(encoded.sum())
