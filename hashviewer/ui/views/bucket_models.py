"""Tables of the rings and the buckets around a query."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QApplication

from hashviewer import codes as packed
from hashviewer.statistics import Bucket, Buckets, Ring
from hashviewer.ui.theme import tabular, theme
from hashviewer.ui.views.reading import counted

Index = QModelIndex | QPersistentModelIndex
ROWS_ROLE = Qt.ItemDataRole.UserRole
"""The photos of a bucket, an array of rows."""

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_ANSWERED = frozenset(
    {
        Qt.ItemDataRole.TextAlignmentRole,
        Qt.ItemDataRole.FontRole,
        Qt.ItemDataRole.ForegroundRole,
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.ToolTipRole,
    }
)  # Qt asks for twice as many at every paint
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Column:
    """Heading and explanation of a column."""

    title: str
    tip: str


class _Table(QAbstractTableModel):
    """What both tables share: columns, figures of one width, marks of what holds selected photos."""

    columns: tuple[Column, ...] = ()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._marked: frozenset[int] = frozenset()
        self._font = tabular(QApplication.font())

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        return self.columns[section].tip if role == Qt.ItemDataRole.ToolTipRole else None

    def mark(self, lines: frozenset[int]) -> None:
        """Mark the lines that hold selected photos."""
        changed = self._marked ^ lines
        self._marked = lines
        for line in changed:
            if line < self.rowCount():
                self.dataChanged.emit(self.index(line, 0), self.index(line, len(self.columns) - 1))

    @property
    def marked(self) -> frozenset[int]:
        """The lines that hold selected photos."""
        return self._marked

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role not in _ANSWERED or not index.isValid() or not 0 <= index.row() < self.rowCount():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if index.column() else None
        if role == Qt.ItemDataRole.FontRole:
            return self._font
        if role == Qt.ItemDataRole.ForegroundRole:
            present = theme()
            if index.row() in self._marked:
                return present.selection
            return present.muted if self._is_empty(index.row()) else None
        if role == Qt.ItemDataRole.DisplayRole:
            text = self._text(index.row(), index.column())
            return f"● {text}" if index.column() == 0 and index.row() in self._marked else text
        return self._tip(index.row()) if role == Qt.ItemDataRole.ToolTipRole else None

    def _is_empty(self, line: int) -> bool:
        return False

    def _text(self, line: int, column: int) -> str:
        raise NotImplementedError

    def _tip(self, line: int) -> str:
        raise NotImplementedError


class RingModel(_Table):
    """One line for each distance from 0 to the radius."""

    columns = (
        Column("Ring", "The distance from the query, in bits"),
        Column("Probed", "Buckets at this distance, C(bits, distance): what a lookup in a hash table tries"),
        Column("Occupied", "Buckets at this distance that hold a photo"),
        Column("Photos", "Photos at this distance"),
    )

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rings: tuple[Ring, ...] = ()
        self._probes: tuple[int, ...] = ()

    def show_buckets(self, buckets: Buckets | None) -> None:
        """Show other rings; lines that stay keep their place."""
        self.beginResetModel()
        self._rings = () if buckets is None else buckets.rings
        self._probes = () if buckets is None else buckets.probes
        self._marked = frozenset()
        self._font = tabular(QApplication.font())
        self.endResetModel()

    def ring(self, line: int) -> Ring:
        """The ring of a line."""
        return self._rings[line]

    def probed(self, line: int) -> int:
        """Buckets at exactly the distance of a line, occupied or not."""
        return self._probes[line] - (self._probes[line - 1] if line else 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rings)

    def _is_empty(self, line: int) -> bool:
        return self._rings[line].photos == 0

    def _text(self, line: int, column: int) -> str:
        ring = self._rings[line]
        return (str(ring.radius), short_count(self.probed(line)), f"{ring.buckets:,}", f"{ring.photos:,}")[
            column
        ]

    def _tip(self, line: int) -> str:
        ring = self._rings[line]
        return (
            f"At distance {ring.radius}: {counted(ring.photos, 'photo')} in {counted(ring.buckets, 'bucket')} "
            f"of {self.probed(line):,}.\nClick to show them in the grid."
        )


class BucketModel(_Table):
    """One line for each occupied bucket, nearest first."""

    columns = (
        Column("Bucket", "The code that the photos share, in hexadecimal digits"),
        Column("Bits", "Its distance from the query, in bits"),
        Column("Photos", "How many photos share the code"),
        Column("", "The first photos"),
    )

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._buckets: tuple[Bucket, ...] = ()

    def show_buckets(self, buckets: Buckets | None) -> None:
        """Show other buckets."""
        self.beginResetModel()
        self._buckets = () if buckets is None else buckets.buckets
        self._marked = frozenset()
        self._font = tabular(QApplication.font())
        self.endResetModel()

    def bucket(self, line: int) -> Bucket:
        """The bucket of a line."""
        return self._buckets[line]

    def line_of_ring(self, distance: int) -> int | None:
        """The first line at a distance, or None."""
        return next((i for i, bucket in enumerate(self._buckets) if bucket.distance == distance), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._buckets)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == ROWS_ROLE and index.isValid():
            return self._buckets[index.row()].rows
        return super().data(index, role)

    def _text(self, line: int, column: int) -> str:
        bucket = self._buckets[line]
        return (short_code(bucket.code), str(bucket.distance), f"{len(bucket.rows):,}", "")[column]

    def _tip(self, line: int) -> str:
        bucket = self._buckets[line]
        return (
            f"Code {packed.to_hex(bucket.code)}\n{counted(len(bucket.rows), 'photo')} at distance "
            f"{bucket.distance}. Click to show them in the grid."
        )


def short_code(code: NDArray[np.uint8]) -> str:
    """The first and last digits of a code (W,): "3f9a…c4"; all of it where it is short."""
    text = packed.to_hex(code)
    return text if len(text) <= 8 else f"{text[:4]}…{text[-2:]}"


def short_count(number: int) -> str:
    """A count with separators, or its power of ten where it is long: "635,376", "7.5×10⁷" (cut, not rounded)."""
    if number < 10**6:
        return f"{number:,}"
    digits = str(number)
    power = str(len(digits) - 1).translate(_SUPERSCRIPTS)
    return f"{digits[0]}.{digits[1]}×10{power}"
