"""The answer to a query as it is exported: its photos in their order, and where it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.export.provenance import Provenance, of_matches
from hashviewer.export.source import Asked, Source
from hashviewer.progress import Progress, silent
from hashviewer.search import Matches

BLOCK = 2048  # photos read at a time


@dataclass(frozen=True, slots=True)
class Hit:
    """One photo of the answer.

    Attributes:
        rank: Its place in the answer, from 1.
        row: Its row in the library.
        path: Relative to the library's root.
        original: Where the file should be; None where the root is not known.
        distance: Hamming distance to the query, in bits.
        differing_bits: The bits that differ, ascending from 0.
        label: Its label, "" = none.
    """

    rank: int
    row: int
    path: str
    original: Path | None
    distance: int
    differing_bits: tuple[int, ...]
    label: str

    @property
    def place(self) -> str:
        """The full path where it is known, else the path within the library."""
        return self.path if self.original is None else str(self.original)


@dataclass(frozen=True, slots=True, eq=False)
class ResultSet:
    """An answer to be exported.

    Attributes:
        source: The open library.
        query: What was asked.
        matches: The answer.
        provenance: Where it comes from.
    """

    source: Source
    query: Asked
    matches: Matches
    provenance: Provenance

    @classmethod
    def of(
        cls, source: Source, query: Asked, matches: Matches, *, k: int | None, radius: int | None
    ) -> "ResultSet":
        """The answer `matches` to `query`, which was asked with these limits."""
        return cls(source, query, matches, of_matches(source, query, matches, k=k, radius=radius))

    def __len__(self) -> int:
        return len(self.matches.rows)

    def hits(self, progress: Progress = silent, *, doing: str = "") -> Iterator[Hit]:
        """The photos in their order; `progress` is told before each, with `doing` for the user."""
        for hit in hits(self.source, self.query, self.matches):
            progress(hit.rank - 1, len(self), doing)
            yield hit

    def is_ascii(self) -> bool:
        """Whether every text of the answer is plain ASCII."""
        library = self.source.library
        if not (self.query.title.isascii() and all(name.isascii() for name in library.label_names)):
            return False
        blocks = range(0, len(self), BLOCK)
        return all(
            path.isascii()
            for start in blocks
            for path in library.paths(self.matches.rows[start : start + BLOCK])
        )


def hits(source: Source, query: Asked, matches: Matches) -> Iterator[Hit]:
    """The photos of `matches` in their order; read block by block."""
    library = source.library
    names = library.label_names
    bits = source.code_set(query.codes).bits
    for start in range(0, len(matches.rows), BLOCK):
        rows = matches.rows[start : start + BLOCK]
        labels = library.labels_of(rows).tolist()
        different = packed.unpack(_from_nearest(query, library.codes_of(query.codes, rows)), bits)
        different = different[:, : matches.bits]  # fewer where the first alone were compared
        for place, (row, path) in enumerate(zip(rows.tolist(), library.paths(rows), strict=True)):
            yield Hit(
                rank=start + place + 1,
                row=row,
                path=path,
                original=library.full_path(row),
                distance=int(matches.distances[start + place]),
                differing_bits=tuple(np.flatnonzero(different[place]).tolist()),
                label=names[labels[place]] if labels[place] >= 0 else "",
            )


def _from_nearest(query: Asked, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, W) where each of `codes` (n, W) differs from that of the codes asked which is nearest to it."""
    wanted = query.wanted_codes
    nearest = np.array([packed.hamming(code, codes) for code in wanted]).argmin(axis=0)
    different: NDArray[np.uint8] = codes ^ wanted[nearest]
    return different
