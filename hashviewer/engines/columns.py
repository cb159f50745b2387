"""Columns of numbers and bytes as ClickHouse reads and writes them: its formats Native and RowBinary.

Both hold fixed-size values as numpy does, so that a column of a million codes is one copy and no loop.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a block to be inserted.

    Attributes:
        name: Of the column.
        kind: Its type in ClickHouse's words.
        data: Its values: fixed-size ones one after the other, texts each after its length.
    """

    name: str
    kind: str
    data: bytes


def numbers(name: str, kind: str, values: NDArray[Any]) -> Column:
    """A column of fixed-size values (n,) or (n, W), little-endian."""
    return Column(name, kind, np.ascontiguousarray(values).tobytes())


def texts(name: str, values: Sequence[bytes]) -> Column:
    """A column of byte strings of any length."""
    parts: list[bytes] = []
    for value in values:
        parts += (_length(len(value)), value)
    return Column(name, "String", b"".join(parts))


def block(columns: Sequence[Column], rows: int) -> bytes:
    """A block of `rows` rows in the format Native."""
    parts = [_length(len(columns)), _length(rows)]
    for column in columns:
        name, kind = column.name.encode(), column.kind.encode()
        parts += (_length(len(name)), name, _length(len(kind)), kind, column.data)
    return b"".join(parts)


def read_rows(data: bytes, kinds: np.dtype[Any]) -> NDArray[Any]:
    """Rows of fixed-size values, from the format RowBinary: (n,) of a structured type."""
    return np.frombuffer(data, dtype=kinds)


def read_column(data: bytes, kind: np.dtype[Any]) -> NDArray[Any]:
    """One column of fixed-size values, from the blocks of the format Native: (n,).

    Raises:
        ValueError: The blocks are not of one such column.
    """
    parts: list[NDArray[Any]] = [np.empty(0, dtype=kind)]
    place = 0
    while place < len(data):
        columns, place = _read_length(data, place)
        count, place = _read_length(data, place)
        if columns != 1:
            raise ValueError(f"a block has {columns} columns where one was asked for")
        for _ in range(2):  # its name and its type
            size, place = _read_length(data, place)
            place += size
        parts.append(np.frombuffer(data, dtype=kind, count=count, offset=place))
        place += count * kind.itemsize
    return np.concatenate(parts)


class Reader:
    """Reads values of any length from the format RowBinary, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def __bool__(self) -> bool:
        """Whether there is more."""
        return self._place < len(self._data)

    def number(self, kind: str) -> int:
        """An integer, by numpy's name of its type."""
        return int(self.numbers(kind, 1)[0])

    def numbers(self, kind: str | np.dtype[Any], count: int) -> NDArray[Any]:
        """Fixed-size values: (count,), a copy."""
        dtype = np.dtype(kind)
        found = np.frombuffer(self._data, dtype=dtype, count=count, offset=self._place).copy()
        self._place += count * dtype.itemsize
        return found

    def length(self) -> int:
        """The length of a text or an array."""
        length, self._place = _read_length(self._data, self._place)
        return length

    def text(self) -> bytes:
        """A byte string."""
        size = self.length()
        self._place += size
        return self._data[self._place - size : self._place]


def read_texts(data: bytes) -> Iterator[bytes]:
    """The values of one column of texts, from the format RowBinary."""
    reader = Reader(data)
    while reader:
        yield reader.text()


def _length(number: int) -> bytes:
    """A length in groups of seven bits, the lowest first."""
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _read_length(data: bytes, place: int) -> tuple[int, int]:
    """A length, and the place after it."""
    number = shift = 0
    while True:
        group = data[place]
        place += 1
        number |= (group & 127) << shift
        if group < 128:
            return number, place
        shift += 7
