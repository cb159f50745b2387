"""A library as the columns that are sent to an engine; consistent even while another process adds photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.engines.columns import Column, numbers, texts
from hashviewer.engines.pushed import Identity, Pushed, PushedCodes
from hashviewer.errors import LibraryError
from hashviewer.library import CodeSetInfo, Library
from hashviewer.library import paths as path_bytes


@dataclass(frozen=True, slots=True, eq=False)
class OutgoingCodes:
    """One code set of the library.

    Attributes:
        info: What made it.
        codes: (N, W) packed.
        encoded: (N,) which rows have a code.
    """

    info: CodeSetInfo
    codes: NDArray[np.uint8]
    encoded: NDArray[np.bool_]


class Outgoing:
    """The rows of a library at the moment this is made.

    Args:
        library: The library.
        keys: The code sets wanted.

    Attributes:
        rows: How many photos.
        label_names: Names that the labels count.
        code_sets: By key.
    """

    def __init__(self, library: Library, keys: Sequence[str]) -> None:
        self._library = library
        self.rows = rows = len(library)
        self.label_names = library.label_names
        self._state = library.state
        self.labels = library.labels[:rows].astype("<i4", copy=False)
        self.taken = library.taken[:rows].astype("<f8", copy=False)
        self.alive = library.alive[:rows]
        self._numbers: tuple[tuple[str, str, NDArray[Any]], ...] = (
            ("size", "Int64", library.sizes[:rows].astype("<i8", copy=False)),
            ("mtime_ns", "Int64", library.mtimes[:rows].astype("<i8", copy=False)),
            ("width", "Int32", library.widths[:rows].astype("<i4", copy=False)),
            ("height", "Int32", library.heights[:rows].astype("<i4", copy=False)),
            ("orientation", "UInt8", self._state.photos.orientations[:rows]),
            ("taken", "Float64", self.taken),
            ("label", "Int32", self.labels),
            ("alive", "UInt8", self.alive.view(np.uint8)),
            ("missing", "UInt8", library.missing[:rows].view(np.uint8)),
        )
        infos = {info.key: info for info in library.code_sets}
        self.code_sets = {key: self._codes(infos[key]) for key in keys}

    def photos(self, start: int, stop: int) -> list[Column]:
        """The columns of `schema.PHOTO_COLUMNS` for the rows start … stop - 1."""
        rows = np.arange(start, stop, dtype="<u8")
        try:
            contents = self._state.photos.contents(rows.astype(np.int64))
        except OSError as error:
            raise LibraryError(
                f"The library {self._library.path} is being changed by another program ({error}). Push it again; what has been "
                "sent stays."
            ) from error
        return [
            numbers("row", "UInt64", rows),
            texts("path", [path_bytes.encode(path) for path in self._library.paths(rows.astype(np.int64))]),
            texts("content", [content.encode() for content in contents]),
            *(numbers(name, kind, values[start:stop]) for name, kind, values in self._numbers),
        ]

    def codes(self, key: str, start: int, stop: int) -> list[Column]:
        """The columns of `schema.code_columns` for the rows start … stop - 1."""
        known = self.code_sets[key]
        encoded = known.encoded[start:stop]
        return [
            numbers("row", "UInt64", np.arange(start, stop, dtype="<u8")),
            numbers("code", f"FixedString({known.codes.shape[1]})", known.codes[start:stop]),
            numbers("encoded", "UInt8", encoded.view(np.uint8)),
            numbers("shown", "UInt8", (encoded & self.alive[start:stop]).view(np.uint8)),
            numbers("label", "Int32", self.labels[start:stop]),
            numbers("taken", "Float64", self.taken[start:stop]),
        ]

    def described(self, *, name: str, segment: int, generation: int) -> Pushed:
        """What will be at the engine once all of it has been sent."""
        library = self._library
        return Pushed(
            generation=generation,
            rows=self.rows,
            segment=segment,
            identity=Identity.of(library),
            name=name,
            path=str(library.path.absolute()),
            root="" if library.root is None else str(library.root),
            url=library.url,
            label_names=self.label_names,
            code_sets={
                key: PushedCodes(each.info, int(np.count_nonzero(each.encoded & self.alive)))
                for key, each in self.code_sets.items()
            },
        )

    def _codes(self, info: CodeSetInfo) -> OutgoingCodes:
        codes, encoded = self._library.codes(info.key)
        return OutgoingCodes(info, codes[: self.rows], encoded[: self.rows])
