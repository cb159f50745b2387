"""Writing several segments as one, piece by piece."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from hashviewer.library import hdf5
from hashviewer.library.code_segment import CodeRows, codes_writer
from hashviewer.library.code_table import CodeTable
from hashviewer.library.file_bytes import FileBytes
from hashviewer.library.hdf5 import Place
from hashviewer.library.photo_segment import BLOBS, NUMBERS, PhotoSegment, PhotoSizes, bounds
from hashviewer.library.photo_table import PhotoTable
from hashviewer.progress import Progress, silent

RUN = 4096  # rows of codes copied at a time


def photo_sizes(photos: PhotoTable) -> PhotoSizes:
    """What a file needs room for to hold all these photos. Raises OSError."""
    names = photos.label_names
    widths = [segment.places["content"].shape[1] for segment in photos.segments if not segment.blank]
    return PhotoSizes(
        rows=sum(segment.rows for segment in photos.segments),
        content=max(widths, default=0),
        labels=len(names),
        label_name=sum(len(name.encode("utf-8", "surrogateescape")) for name in names),
        **{name: sum(int(segment.offsets(name)[-1]) for segment in photos.segments) for name in BLOBS},
    )


def fill_photos(
    target: FileBytes, places: Mapping[str, Place], photos: PhotoTable, *, progress: Progress = silent
) -> None:
    """Write all these photos into a group laid out for `photo_sizes`. Raises OSError."""
    target.write_rows(places["label"], 0, photos.labels)
    blob = [name.encode("utf-8", "surrogateescape") for name in photos.label_names]
    target.write_rows(places["label_name_offsets"], 0, bounds(blob))
    target.write_bytes(places["label_name"], 0, b"".join(blob))
    written = dict.fromkeys(BLOBS, 0)
    row = 0
    for segment in photos.segments:
        _fill_columns(target, places, segment, row)
        for name in BLOBS:
            offsets = segment.offsets(name)
            target.write_rows(places[f"{name}_offsets"], row, offsets + np.uint64(written[name]))
            written[name] += _copy_blob(target, places[name], segment, name, written[name])
        row += segment.rows
        progress(row, None, "")


def code_runs(table: CodeTable, first_row: int, stop: int) -> Iterator[CodeRows]:
    """Everything that a code set holds for rows first_row…stop - 1, a run at a time. Raises OSError."""
    for start in range(first_row, stop, RUN):
        yield table.run(start, min(start + RUN, stop))


def merged_photos(segments: Sequence[PhotoSegment]) -> Callable[[Path], None]:
    """A function that writes these adjacent segments as one into the file it is given."""
    photos = PhotoTable(tuple(segments))

    def write(file: Path) -> None:
        places = hdf5.create(file, [photo_sizes(photos).group()])["/"]
        with FileBytes(file, write=True) as target:
            fill_photos(target, places, photos)

    return write


def merged_codes(table: CodeTable) -> Callable[[Path], None]:
    """A function that writes the segments of `table` as one into the file it is given."""
    first = min(segment.first_row for segment in table.segments)
    stop = max(segment.last_row for segment in table.segments) + 1
    info = table.info
    return codes_writer(info, first, stop - first, info.encoded, code_runs(table, first, stop))


def _fill_columns(target: FileBytes, places: Mapping[str, Place], segment: PhotoSegment, row: int) -> None:
    for name in NUMBERS:
        if name != "label":
            target.write_rows(places[name], row, segment.numbers(name))
    contents = segment.contents()
    padded = np.zeros((segment.rows, *places["content"].shape[1:]), np.uint8)
    padded[:, : contents.shape[1]] = contents
    target.write_rows(places["content"], row, padded)


def _copy_blob(target: FileBytes, place: Place, segment: PhotoSegment, name: str, start: int) -> int:
    if segment.blank:
        return 0
    copied = 0
    with FileBytes(segment.file) as source:
        for piece in source.pieces(segment.places[name]):
            target.write_bytes(place, start + copied, piece)
            copied += len(piece)
    return copied
