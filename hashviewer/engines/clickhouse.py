"""ClickHouse as an engine, embedded or as a cluster: every answer is an aggregate, which it merges exactly over shards."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer import statistics
from hashviewer.engines.columns import Reader, read_rows
from hashviewer.engines.filtering import Filter
from hashviewer.engines.protocol import EVERYTHING, Nearest
from hashviewer.engines.pushed import PushedCodes
from hashviewer.engines.pushed_tables import PushedTables
from hashviewer.engines.statements import Statement, Statements
from hashviewer.progress import Progress, silent
from hashviewer.search.kernels.sizes import LAST_SMALL
from hashviewer.search.results import check_count, check_radius
from hashviewer.search.scan import check_shapes
from hashviewer.statistics import BitStatistics, Bucket, Buckets, Ring

LISTED = 2000  # buckets, as `statistics.buckets` lists them

_HISTOGRAM = np.dtype([("d", "<u2"), ("n", "<u8")])
_NEAR = np.dtype([("row", "<u8"), ("d", "<u2")])
_RINGS = np.dtype([("d", "<u2"), ("buckets", "<u8"), ("photos", "<u8")])
_BEFORE = np.dtype([("n", "<u8"), ("itself", "<u8")])
_ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.int64)  # (256, 8)


class ClickHouseEngine(PushedTables):
    """A pushed library that answers queries; see `protocol.Engine`."""

    def nearest(
        self,
        query: NDArray[np.uint8],
        *,
        codes: str,
        k: int | None,
        radius: int | None,
        chosen: Filter = EVERYTHING,
    ) -> Nearest:
        """The rows nearest to a query, in two steps: the histogram tells how far the last of them is."""
        self.connection.try_again()
        known = self.code_set(codes)
        bits = known.info.bits
        check_count(k)
        if radius is not None:
            check_radius(radius, bits)
        statements = self._statements(known, query, chosen)

        def ask() -> Nearest:
            histogram = self._histogram(known, statements, chosen)
            cumulative = np.cumsum(histogram)
            within = int(cumulative[bits if radius is None else radius])
            wanted = within if k is None else min(k, within)
            if wanted == 0:
                return Nearest(np.empty(0, np.int64), np.empty(0, np.int32), histogram)
            last = int(np.searchsorted(cumulative, wanted))
            found = self._rows(statements.near(last, limit=wanted), _NEAR)
            if len(found) != wanted:
                raise self.lacking(len(found), wanted)
            return Nearest(found["row"].astype(np.int64), found["d"].astype(np.int32), histogram)

        return self.whole(self.schema.codes(codes), ask)

    def within(
        self, query: NDArray[np.uint8], *, codes: str, radius: int, chosen: Filter = EVERYTHING
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The rows within a radius and their distances; up to 3 bits by the table of chunks."""
        self.connection.try_again()
        known = self.code_set(codes)
        check_radius(radius, known.info.bits)
        statement = self._statements(known, query, chosen).near(radius, limit=None)
        found = self.whole(self.schema.codes(codes), lambda: self._rows(statement, _NEAR))
        return found["row"].astype(np.int64), found["d"].astype(np.int32)

    def distances(
        self, query: NDArray[np.uint8], *, codes: str, chosen: Filter = EVERYTHING
    ) -> NDArray[np.unsignedinteger]:
        """(N,) the distance of every row."""
        self.connection.try_again()
        known = self.code_set(codes)
        statement = self._statements(known, query, chosen).every_distance()
        kind = "u1" if known.info.bits <= LAST_SMALL else "<u2"
        return self.whole(
            self.schema.codes(codes), lambda: self.every(statement.text, kind, statement.values)
        )

    def place_of(
        self, query: NDArray[np.uint8], row: int, *, codes: str, chosen: Filter = EVERYTHING
    ) -> int | None:
        """How many searched rows stand before `row`; None if it was not searched."""
        known = self.code_set(codes)
        if not 0 <= row < self.pushed.rows:
            return None
        code, encoded = self.codes_of(codes, np.array([row]))
        if not encoded[0]:
            return None
        distance = int(packed.hamming(query, code)[0])
        statement = self._statements(known, query, chosen).before(row, distance)
        found = self.whole(self.schema.codes(codes), lambda: self._rows(statement, _BEFORE))[0]
        return int(found["n"]) if found["itself"] else None

    def buckets(
        self, query: NDArray[np.uint8], *, codes: str, radius: int, chosen: Filter = EVERYTHING
    ) -> Buckets:
        """The occupied codes within a radius: all are counted, the first 2,000 are listed."""
        self.connection.try_again()
        known = self.code_set(codes)
        bits = known.info.bits
        check_radius(radius, bits)
        statements = self._statements(known, query, chosen)

        def ask() -> Buckets:
            rings = self._rows(statements.rings(radius), _RINGS)
            listed = statements.buckets(radius, limit=LISTED)
            reader = Reader(self.connection.ask(listed.text, listed.values))
            return Buckets(
                rings=_rings(rings, radius),
                buckets=tuple(_listed(reader, packed.width(bits))),
                probes=statistics.probes_within(bits, radius),
            )

        return self.whole(self.schema.codes(codes), ask)

    def bit_statistics(self, codes: str, *, progress: Progress = silent) -> BitStatistics:
        """How the bits behave: each pair of bytes is counted by value, and a sample gives the correlation."""
        self.connection.try_again()
        known = self.code_set(codes)
        bits = known.info.bits
        ones = self.whole(self.schema.codes(codes), lambda: self._ones(known, progress))
        rows = statistics.sampled_rows(np.flatnonzero(self.shown(codes)), bits)
        sample, _ = self.codes_of(codes, rows)
        return statistics.counted_statistics(
            ones[:bits], sample, bits, count=known.shown, may_cancel=lambda: progress(0, None, "")
        )

    # Inside

    def _statements(self, known: PushedCodes, query: NDArray[np.uint8], chosen: Filter) -> Statements:
        bits = known.info.bits
        check_shapes(query, np.empty((0, packed.width(bits)), np.uint8), bits, None)
        return Statements(self.schema, known.info.key, bits, query, chosen)

    def _rows(self, statement: Statement, kinds: np.dtype[Any]) -> NDArray[Any]:
        return self.connection.rows(statement.text, kinds, statement.values)

    def _histogram(self, known: PushedCodes, statements: Statements, chosen: Filter) -> NDArray[np.int64]:
        found = self._rows(statements.histogram(), _HISTOGRAM)
        histogram = np.zeros(known.info.bits + 1, dtype=np.int64)
        histogram[found["d"]] = found["n"].astype(np.int64)
        counted = int(histogram.sum())
        if chosen.everything and counted != known.shown:
            raise self.lacking(counted, known.shown)
        return histogram

    def _ones(self, known: PushedCodes, progress: Progress) -> NDArray[np.int64]:
        """How often each bit is 1: (8 W,)."""
        table, width = self.code_table(known.info.key), packed.width(known.info.bits)
        ones = np.zeros((width, 8), dtype=np.int64)
        for byte in range(0, width, 2):
            progress(byte, width, "Counting bits")
            size = min(2, width - byte)
            data = self.connection.ask(
                f"select reinterpretAsUInt16(substring(code, {byte + 1}, {size})) as v, count() as n from {table} "
                "where shown group by v"
            )
            found = read_rows(data, np.dtype([("v", "u1", (2,)), ("n", "<u8")]))
            for place in range(size):
                values = np.bincount(found["v"][:, place], weights=found["n"], minlength=256)
                ones[byte + place] = values.astype(np.int64) @ _ONES
        return ones.reshape(-1)


def _rings(found: NDArray[Any], radius: int) -> tuple[Ring, ...]:
    """A ring for each distance 0…radius, empty or not."""
    counted = {int(ring["d"]): (int(ring["buckets"]), int(ring["photos"])) for ring in found}
    return tuple(
        Ring(radius=at, buckets=buckets, photos=photos)
        for at in range(radius + 1)
        for buckets, photos in [counted.get(at, (0, 0))]
    )


def _listed(reader: Reader, width: int) -> Iterator[Bucket]:
    """The buckets of an answer."""
    while reader:
        code = reader.numbers("u1", width)
        distance = reader.number("<u2")
        rows = reader.numbers("<u8", reader.length()).astype(np.int64)
        yield Bucket(code=code, distance=distance, rows=rows)
