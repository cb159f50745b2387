"""One immutable file of photos: reading it and writing a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.library import hdf5, paths
from hashviewer.library.file_bytes import FileBytes
from hashviewer.library.hdf5 import Column, Group, Place
from hashviewer.library.records import NewPhoto
from hashviewer.library.versions import PHOTOS, check, header

# One number a photo: dtype, and what stands for a photo whose file is lost.
NUMBERS: Mapping[str, tuple[str, float]] = {
    "size": ("<i8", 0),
    "mtime_ns": ("<i8", 0),
    "width": ("<i4", 0),
    "height": ("<i4", 0),
    "orientation": ("|u1", 1),
    "taken": ("<f8", np.nan),
    "label": ("<i4", -1),
    "path_hash": ("<u8", 0),
}
# A run of bytes a photo: a blob, and where each photo's bytes begin in it (one more entry than photos).
BLOBS = ("path", "thumbnail")


@dataclass(frozen=True, slots=True)
class PhotoSegment:
    """Photos first_row … first_row + rows - 1.

    Attributes:
        file: The HDF5 file.
        first_row: Number of its first photo.
        rows: How many photos.
        places: Where the datasets are; empty when the file is lost or damaged, and everything reads as blank.
        label_names: The names that the column "label" counts.
    """

    file: Path
    first_row: int
    rows: int
    places: Mapping[str, Place]
    label_names: tuple[str, ...] = ()

    @property
    def blank(self) -> bool:
        """Whether the photos' data is lost."""
        return not self.places

    def numbers(self, name: str) -> NDArray[Any]:
        """A column of `NUMBERS`: (rows,)."""
        if self.blank:
            dtype, fill = NUMBERS[name]
            return np.full(self.rows, fill, dtype=dtype)
        return self._array(name)

    def contents(self) -> NDArray[np.uint8]:
        """Content hashes as text, padded with zeros: (rows, W)."""
        return np.zeros((self.rows, 0), np.uint8) if self.blank else self._array("content")

    def offsets(self, name: str) -> NDArray[np.uint64]:
        """Where each photo's bytes begin in a blob: (rows + 1,)."""
        return np.zeros(self.rows + 1, np.uint64) if self.blank else self._array(f"{name}_offsets")

    def blob(self, name: str, row: int) -> bytes:
        """One photo's bytes; `row` counts from the segment's first."""
        if self.blank:
            return b""
        with FileBytes(self.file) as file:
            return _one(file, self.places, name, row)

    def paths(self, rows: Sequence[int]) -> list[bytes]:
        """Paths of some photos."""
        if self.blank:
            return [b""] * len(rows)
        if len(rows) * 16 > self.rows:
            everything = self.all_paths()
            return [everything[row] for row in rows]
        with FileBytes(self.file) as file:
            return [_one(file, self.places, "path", row) for row in rows]

    def all_paths(self) -> list[bytes]:
        """Paths of all photos."""
        if self.blank:
            return [b""] * self.rows
        ends = self.offsets("path").tolist()
        with FileBytes(self.file) as file:
            blob = file.bytes_at(self.places["path"], 0, ends[-1])
        return [blob[start:stop] for start, stop in pairwise(ends)]

    def _array(self, name: str) -> NDArray[Any]:
        with FileBytes(self.file) as file:
            return file.array(self.places[name])


def open_photos(file: Path, first_row: int, rows: int, *, group: str = "/") -> PhotoSegment:
    """Find the datasets of a segment.

    Raises:
        LibraryError: It was written by a newer program.
        OSError, KeyError, ValueError: It is damaged.
    """
    layout = hdf5.read(file, group)
    check(layout.attributes, PHOTOS, file)
    for name in (*NUMBERS, "content"):
        if layout.places[name].shape[0] != rows:
            raise ValueError(f"the dataset “{name}” does not have {rows} rows")
    for name in BLOBS:
        if layout.places[f"{name}_offsets"].shape[0] != rows + 1:
            raise ValueError(f"the dataset “{name}_offsets” does not have {rows + 1} rows")
    return PhotoSegment(file, first_row, rows, layout.places, _label_names(file, layout.places))


@dataclass(frozen=True, slots=True)
class PhotoSizes:
    """What must be known of photos before a file can be laid out for them: counts of rows and of bytes."""

    rows: int
    content: int
    path: int
    thumbnail: int
    labels: int
    label_name: int

    def group(self, path: str = "/") -> Group:
        """The datasets for these photos."""
        blobs = (("path", self.rows, self.path), ("thumbnail", self.rows, self.thumbnail))
        columns = [Column(name, dtype, (self.rows,)) for name, (dtype, _) in NUMBERS.items()]
        columns.append(Column("content", "|u1", (self.rows, self.content)))
        for name, count, size in (*blobs, ("label_name", self.labels, self.label_name)):
            columns.append(Column(f"{name}_offsets", "<u8", (count + 1,)))
            columns.append(Column(name, "|u1", (size,)))
        return Group(path, header(PHOTOS), columns)


def write_photos(file: Path, photos: Sequence[NewPhoto]) -> None:
    """Write a segment of new photos. Raises OSError."""
    names = list(dict.fromkeys(photo.label for photo in photos if photo.label))
    numbers = {name: index for index, name in enumerate(names)}
    blobs = {
        "path": [paths.encode(photo.path) for photo in photos],
        "thumbnail": [photo.thumbnail for photo in photos],
        "label_name": [name.encode("utf-8", "surrogateescape") for name in names],
    }
    contents = [photo.content.encode() for photo in photos]
    sizes = PhotoSizes(
        rows=len(photos),
        content=max(map(len, contents), default=0),
        labels=len(names),
        **{name: sum(map(len, blob)) for name, blob in blobs.items()},
    )
    columns: dict[str, Sequence[float]] = {
        "size": [photo.size for photo in photos],
        "mtime_ns": [photo.mtime_ns for photo in photos],
        "width": [photo.width for photo in photos],
        "height": [photo.height for photo in photos],
        "orientation": [photo.orientation for photo in photos],
        "taken": [np.nan if photo.taken is None else photo.taken for photo in photos],
        "label": [numbers.get(photo.label, -1) for photo in photos],
    }
    places = hdf5.create(file, [sizes.group()])["/"]
    with FileBytes(file, write=True) as target:
        for name, values in columns.items():
            target.write_rows(places[name], 0, np.array(values, dtype=NUMBERS[name][0]))
        target.write_rows(places["path_hash"], 0, paths.hashes(blobs["path"]))
        target.write_rows(places["content"], 0, _padded(contents, sizes.content))
        for name, blob in blobs.items():
            target.write_rows(places[f"{name}_offsets"], 0, bounds(blob))
            target.write_bytes(places[name], 0, b"".join(blob))


def _label_names(file: Path, places: Mapping[str, Place]) -> tuple[str, ...]:
    with FileBytes(file) as source:
        ends = source.array(places["label_name_offsets"]).tolist()
        blob = source.bytes_at(places["label_name"], 0, ends[-1])
    return tuple(blob[start:stop].decode("utf-8", "surrogateescape") for start, stop in pairwise(ends))


def _one(file: FileBytes, places: Mapping[str, Place], name: str, row: int) -> bytes:
    start, stop = file.array(places[f"{name}_offsets"], row, row + 2).tolist()
    return file.bytes_at(places[name], start, stop)


def bounds(blob: Sequence[bytes]) -> NDArray[np.uint64]:
    """Where each piece begins once they are joined, and where the last one ends: (N + 1,)."""
    return np.concatenate(([0], np.cumsum([len(piece) for piece in blob], dtype=np.uint64))).astype("<u8")


def _padded(texts: Sequence[bytes], width: int) -> NDArray[np.uint8]:
    joined = b"".join(text.ljust(width, b"\0") for text in texts)
    return np.frombuffer(joined, np.uint8).reshape(len(texts), width)
