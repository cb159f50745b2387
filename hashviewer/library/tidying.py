"""Merging small neighbouring segments, so that a library that grew photo by photo stays quick to open.

A merge is done only where its largest part holds at most half of the result: a row is then copied at most once for
every doubling of its segment, 16 times until the cap of 65,536 rows, however a library grows.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from hashviewer.library import naming
from hashviewer.library.code_segment import CodeSegment
from hashviewer.library.code_table import CodeTable
from hashviewer.library.durable import write_file
from hashviewer.library.loading import Segments
from hashviewer.library.merging import merged_codes, merged_photos
from hashviewer.library.photo_segment import PhotoSegment

MAX_ROWS = 65_536


def tidy(segments: Segments) -> None:
    """Merge what is worth merging; each merge is complete the moment its file gets its name.

    Raises:
        LibraryError: A merge could not be written; all segments are as they were.
    """
    for run in photo_merges(segments.photos.segments):
        name = naming.photo_file(run[0].first_row, run[-1].first_row + run[-1].rows - 1)
        write_file(run[0].file.with_name(name), merged_photos(run))
        _remove([segment.file for segment in run])
    for table in segments.codes.values():
        for codes in code_merges(table.segments):
            numbers = [int(part) for segment in codes for part in segment.file.stem.split("-")]
            name = naming.code_file(min(numbers), max(numbers))
            write_file(codes[0].file.with_name(name), merged_codes(CodeTable(tuple(codes))))
            _remove([segment.file for segment in codes])


def small(segments: Segments) -> int:
    """How many segments of photos, or of one set of codes, are far from the cap."""
    photos = sum(2 * segment.rows < MAX_ROWS for segment in segments.photos.segments)
    codes = [sum(2 * some.rows < MAX_ROWS for some in table.segments) for table in segments.codes.values()]
    return max(photos, *codes, 0)


def photo_merges(segments: Sequence[PhotoSegment]) -> list[list[PhotoSegment]]:
    """Runs of photo segments to be merged."""
    runs: list[list[PhotoSegment]] = []
    for stretch in _stretches([not segment.blank for segment in segments]):
        part = segments[stretch.start : stretch.stop]
        runs += [list(part[span.start : span.stop]) for span in worthwhile([s.rows for s in part])]
    return runs


def code_merges(segments: Sequence[CodeSegment]) -> list[list[CodeSegment]]:
    """Runs of code segments to be merged: neighbours in age whose rows follow one another."""
    runs: list[list[CodeSegment]] = []
    start = 0
    for index in range(1, len(segments) + 1):
        follows = index < len(segments) and segments[index].first_row == segments[index - 1].last_row + 1
        if not follows:
            part = segments[start:index]
            runs += [list(part[span.start : span.stop]) for span in worthwhile([s.rows for s in part])]
            start = index
    return runs


def worthwhile(rows: Sequence[int]) -> list[range]:
    """Which neighbours to merge, given the rows of each segment."""
    runs: list[range] = []
    start = 0
    while start < len(rows) - 1:
        stop, total = start, 0
        while stop < len(rows) and total + rows[stop] <= MAX_ROWS:
            total += rows[stop]
            stop += 1
        if stop - start >= 2 and 2 * max(rows[start:stop]) <= total:
            runs.append(range(start, stop))
            start = stop
        else:
            start += 1
    return runs


def _stretches(usable: Sequence[bool]) -> list[range]:
    stretches: list[range] = []
    start = 0
    for index, good in enumerate([*usable, False]):
        if not good:
            if index > start:
                stretches.append(range(start, index))
            start = index + 1
    return stretches


def _remove(files: Sequence[Path]) -> None:
    for file in files:
        with contextlib.suppress(OSError):  # whoever reads it on Windows keeps it; the next writer deletes it
            file.unlink()
