"""The tables of a pushed library, and the statements that make and empty them.

On a cluster every table is two: ``NAME_local`` on each shard holds the rows, NAME speaks for all of them.
"""

from dataclasses import dataclass
from hashlib import blake2b

from hashviewer import codes as packed
from hashviewer.engines.address import Address
from hashviewer.engines.chunks import chunks

FORMAT = 1  # of these tables; a newer one is refused, as a newer library is
GRANULE = 1024  # rows read at least for one value of a chunk: the usual 8,192 would read eight times as much

PHOTOS = "photos"
NOTES = "notes"

PHOTO_COLUMNS = (
    ("row", "UInt64", "codec(Delta, LZ4)"),
    ("path", "String", ""),
    ("content", "String", ""),
    ("size", "Int64", ""),
    ("mtime_ns", "Int64", ""),
    ("width", "Int32", ""),
    ("height", "Int32", ""),
    ("orientation", "UInt8", ""),
    ("taken", "Float64", ""),
    ("label", "Int32", ""),
    ("alive", "UInt8", ""),
    ("missing", "UInt8", ""),
)
NOTE_COLUMNS = (("name", "String", ""), ("value", "String", ""), ("version", "UInt64", ""))


def code_columns(bits: int) -> tuple[tuple[str, str, str], ...]:
    """The columns of a code set: labels and dates stand here too, so that a filter reads one table."""
    return (
        ("row", "UInt64", "codec(Delta, LZ4)"),
        ("code", f"FixedString({packed.width(bits)})", "codec(NONE)"),  # codes do not shrink
        ("encoded", "UInt8", ""),
        ("shown", "UInt8", ""),
        ("label", "Int32", ""),
        ("taken", "Float64", ""),
    )


def chunk_columns(bits: int) -> tuple[tuple[str, str, str], ...]:
    """The columns of the table of chunks."""
    return (
        ("chunk", "UInt8", ""),
        ("value", "UInt32", ""),
        ("row", "UInt64", ""),
        ("code", f"FixedString({packed.width(bits)})", "codec(NONE)"),
        ("shown", "UInt8", ""),
    )


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables at an address.

    Attributes:
        address: Where they are.
    """

    address: Address

    @property
    def database(self) -> str:
        """The statement that makes the database."""
        return f"create database if not exists {self.address.database}{self._everywhere}"

    def named(self, table: str) -> str:
        """How a statement names a table that is to be read or inserted into."""
        return f"{self.address.database}.hashviewer_{table}"

    def codes(self, key: str) -> str:
        """The table of a code set, without the prefix that all have."""
        return f"codes_{_digest(key)}"

    def chunks(self, key: str) -> str:
        """The table of a code set's chunks."""
        return f"chunks_{_digest(key)}"

    def notes(self) -> list[str]:
        """The statements that make the table of notes."""
        return self._table(NOTES, NOTE_COLUMNS, order="name, version", spread="cityHash64(name)")

    def photos(self, segment: int) -> list[str]:
        """The statements that make the table of photos, in partitions of so many rows."""
        return self._table(PHOTOS, PHOTO_COLUMNS, order="row", parted=f"intDiv(row, {int(segment)})")

    def code_set(self, key: str, bits: int, segment: int) -> list[str]:
        """The statements that make the tables of a code set: its codes, and what fills its chunks from them.

        Chunks are not parted by segment: the engine merges them all into few parts, and a query looks into each part.
        """
        by_row = f"intDiv(row, {int(segment)})"
        statements = self._table(self.codes(key), code_columns(bits), order="row", parted=by_row)
        if not chunks(bits):
            return statements
        name = self.chunks(key)
        statements += self._table(name, chunk_columns(bits), order="chunk, value", granule=GRANULE)
        pairs = ", ".join(
            f"(toUInt8({number}), {chunk.expression('code')})" for number, chunk in enumerate(chunks(bits))
        )
        filler = (
            f"create materialized view if not exists {self._filler(key)}{self._everywhere} to {self._local(name)} as "
            f"select pair.1 as chunk, pair.2 as value, row, code, shown from {self._local(self.codes(key))} "
            f"array join [{pairs}] as pair where encoded"
        )
        return [*statements, filler]

    def drop_code_set(self, key: str) -> list[str]:
        """The statements that take a code set away."""
        views = [self._filler(key)]
        tables = [self.chunks(key), self.codes(key)]
        names = [*views, *(self.named(table) for table in tables)]
        if self.address.cluster:
            names += [self._local(table) for table in tables]
        return [f"drop table if exists {name}{self._everywhere} sync" for name in names]

    def drop_segment(self, table: str, number: int) -> str:
        """The statement that empties a partition, whether it holds anything or not."""
        return f"alter table {self._local(table)}{self._everywhere} drop partition {int(number)}"

    def delete_segment(self, table: str, number: int, segment: int) -> str:
        """The statement that deletes so many rows from a table that is not parted by them."""
        first = int(number) * int(segment)
        where = f"row >= {first} and row < {first + int(segment)}"
        return f"delete from {self._local(table)}{self._everywhere} where {where}"

    # Inside

    @property
    def _everywhere(self) -> str:
        return f" on cluster {self.address.cluster}" if self.address.cluster else ""

    def _local(self, table: str) -> str:
        return self.named(table) + ("_local" if self.address.cluster else "")

    def _filler(self, key: str) -> str:
        return self.named(f"filler_{_digest(key)}")

    def _table(
        self,
        table: str,
        columns: tuple[tuple[str, str, str], ...],
        *,
        order: str,
        parted: str = "",
        granule: int = 0,
        spread: str = "cityHash64(row)",
    ) -> list[str]:
        described = ", ".join(" ".join(column).strip() for column in columns)
        partition = f" partition by {parted}" if parted else ""
        settings = f" settings index_granularity = {int(granule)}" if granule else ""
        made = (
            f"create table if not exists {self._local(table)}{self._everywhere} ({described}) "
            f"engine = MergeTree{partition} order by ({order}){settings}"
        )
        if not self.address.cluster:
            return [made]
        name, cluster = self.named(table), self.address.cluster
        return [
            made,
            f"create table if not exists {name}{self._everywhere} as {self._local(table)} "
            f"engine = Distributed({cluster}, {self.address.database}, hashviewer_{table}_local, {spread})",
        ]


def _digest(key: str) -> str:
    """A code set's name in the name of a table: a key may be any text."""
    return blake2b(key.encode(errors="surrogateescape"), digest_size=6).hexdigest()
