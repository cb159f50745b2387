"""The statements that ask a code set's tables; what is asked of them travels beside, as values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.engines.chunks import REACH, chunks
from hashviewer.engines.connection import Value
from hashviewer.engines.filtering import Filter
from hashviewer.engines.schema import Schema
from hashviewer.search.kernels.sizes import LAST_SMALL


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and the values that it names."""

    text: str
    values: dict[str, Value]


class Statements:
    """The statements about a query.

    Args:
        schema: Of the tables.
        key: Of the code set.
        bits: Width of its codes.
        query: (W,) the code asked for.
        chosen: The rows searched.
    """

    def __init__(self, schema: Schema, key: str, bits: int, query: NDArray[np.uint8], chosen: Filter) -> None:
        self._schema = schema
        self._key = key
        self._bits = bits
        self._query = query
        self._chosen = chosen
        self._condition = chosen.condition()
        self._table = schema.named(schema.codes(key))
        self._distance = f"toUInt16(bitHammingDistance(code, toFixedString(unhex({{query:String}}), {packed.width(bits)})))"

    def histogram(self) -> Statement:
        """Rows at each distance: (d u2, n u8)."""
        return self._told(
            f"select {self._distance} as d, count() as n from {self._table} where {self._condition.text} "
            "group by d order by d"
        )

    def near(self, radius: int, *, limit: int | None) -> Statement:
        """Rows within a radius by (distance, row): (row u8, d u2)."""
        ending = "" if limit is None else f" limit {int(limit)}"
        return self._told(
            f"select row, d from ({self._found(radius)}) order by d, row{ending}", radius=radius
        )

    def rings(self, radius: int) -> Statement:
        """Buckets and photos at each distance within a radius: (d u2, buckets u8, photos u8)."""
        return self._told(
            f"select d, count() as buckets, sum(n) as photos from ({self._grouped(radius, 'count() as n')}) "
            "group by d order by d",
            radius=radius,
        )

    def buckets(self, radius: int, *, limit: int) -> Statement:
        """The first buckets within a radius: code, d u2, rows (array of u8)."""
        grouped = self._grouped(radius, "count() as n, arraySort(groupArray(row)) as members")
        return self._told(
            f"select code, d, members from ({grouped}) order by d, n desc, code limit {int(limit)}",
            radius=radius,
        )

    def every_distance(self) -> Statement:
        """The distance of every row by row; the largest number of its type where one was left out."""
        kind, left_out = ("UInt8", 255) if self._bits <= LAST_SMALL else ("UInt16", 65535)
        return self._told(
            f"select if({self._condition.text}, to{kind}({self._distance}), to{kind}({left_out})) as d "
            f"from {self._table} order by row"
        )

    def before(self, row: int, distance: int) -> Statement:
        """How many searched rows stand before a row: (n u8, and whether it is searched itself, u8)."""
        told = self._told(
            "select countIf(d < {at:UInt16} or (d = {at:UInt16} and row < {row:UInt64})) as n, "
            "countIf(row = {row:UInt64}) as itself from "
            f"(select row, {self._distance} as d from {self._table} where {self._condition.text})"
        )
        return Statement(told.text, {**told.values, "at": distance, "row": row})

    # Inside

    def _chunked(self, radius: int) -> bool:
        return radius <= REACH and bool(chunks(self._bits)) and self._chosen.by_rows_alone

    def _found(self, radius: int) -> str:
        """A selection of row, code, d of the rows within a radius."""
        if not self._chunked(radius):
            return (
                f"select row, code, {self._distance} as d from {self._table} "
                f"where {self._condition.text} and d <= {{radius:UInt16}}"
            )
        pairs = ", ".join(
            f"({number}, {{chunk{number}:UInt32}})" for number in range(len(chunks(self._bits)))
        )
        table = self._schema.named(self._schema.chunks(self._key))
        return (  # a row that agrees in several chunks is found as often
            f"select distinct row, code, {self._distance} as d from {table} "
            f"where (chunk, value) in ({pairs}) and {self._condition.text} and d <= {{radius:UInt16}}"
        )

    def _grouped(self, radius: int, more: str) -> str:
        return f"select code, any(d) as d, {more} from ({self._found(radius)}) group by code"

    def _told(self, text: str, *, radius: int | None = None) -> Statement:
        values: dict[str, Value] = {**self._condition.values, "query": packed.to_hex(self._query)}
        if radius is not None:
            values["radius"] = radius
            if self._chunked(radius):
                values |= {
                    f"chunk{number}": chunk.of(self._query) for number, chunk in enumerate(chunks(self._bits))
                }
        return Statement(self._condition.before + text, values)
