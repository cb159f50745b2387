"""The answer as pictures: a folder or a zip archive of the originals, with the table and the provenance."""

import io
import os
import shutil
import zipfile
from pathlib import Path
from typing import BinaryIO, Protocol

from hashviewer.export.earlier import MARK
from hashviewer.export.originals import Given, Picture, picture_of
from hashviewer.export.report import ExportReport
from hashviewer.export.result_set import ResultSet
from hashviewer.export.table import write_table
from hashviewer.progress import Progress

TABLE = "results.csv"
CHUNK = 1 << 20  # bytes copied at a time


class Sink(Protocol):
    """Takes files by name."""

    def open(self, name: str) -> BinaryIO:
        """A new file called `name`, to write and close."""


class FolderSink:
    """Puts files into a folder that was made for them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, name: str) -> BinaryIO:
        """A new file in the folder; one that exists is never written to."""
        return (self._folder / name).open("xb")


class ZipSink:
    """Puts files into a zip archive, uncompressed: pictures are compressed already."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def open(self, name: str) -> BinaryIO:
        """A new member; the one before must be closed."""
        return self._archive.open(name, "w", force_zip64=True)  # type: ignore[return-value]


def write_pictures(sink: Sink, answer: ResultSet, *, output: Path, progress: Progress) -> ExportReport:
    """Write the pictures in their order, then the table that lists them and the provenance."""
    library = answer.source.library
    digits = max(3, len(str(len(answer))))
    names: list[str] = []
    kept: dict[Given, list[str]] = {given: [] for given in Given}
    for hit in answer.hits(progress, doing="Copying pictures"):
        picture = picture_of(hit, library, digits=digits)
        _write(sink, picture)
        names.append(picture.name)
        kept[picture.given].append(hit.path)
    table = io.BytesIO()
    write_table(table, answer, pictures=names)
    for name, data in ((TABLE, table.getvalue()), (MARK, answer.provenance.to_json().encode())):
        with sink.open(name) as file:
            file.write(data)
    return ExportReport(
        output=output,
        photos=len(answer),
        thumbnails=tuple(kept[Given.THUMBNAIL]),
        missing=tuple(kept[Given.NOTHING]),
    )


def _write(sink: Sink, picture: Picture) -> None:
    if picture.descriptor is not None:
        with os.fdopen(picture.descriptor, "rb") as original, sink.open(picture.name) as copy:
            shutil.copyfileobj(original, copy, CHUNK)
    elif picture.data:
        with sink.open(picture.name) as file:
            file.write(picture.data)
