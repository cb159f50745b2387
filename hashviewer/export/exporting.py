"""Writing an answer, or a whole code set, in one of the formats."""

import zipfile
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from hashviewer.errors import ExportError
from hashviewer.export.arrays import write_arrays
from hashviewer.export.document import write_document
from hashviewer.export.neighbours import ON_CPU, write_neighbours
from hashviewer.export.output import new_file, new_folder
from hashviewer.export.page import write_page
from hashviewer.export.pictures import FolderSink, ZipSink, write_pictures
from hashviewer.export.report import ExportReport
from hashviewer.export.result_set import ResultSet
from hashviewer.export.source import Asked, Source
from hashviewer.export.table import write_table
from hashviewer.progress import Progress, silent
from hashviewer.search import Matches


class Format(Enum):
    """A format for the answer to a query."""

    CSV = "csv"
    JSON = "json"
    FOLDER = "folder"
    ZIP = "zip"
    HTML = "html"

    @property
    def title(self) -> str:
        """What the user reads in a list of formats."""
        return _TITLES[self]

    @property
    def suffix(self) -> str:
        """The suffix of its files; "" for a folder."""
        return "" if self is Format.FOLDER else f".{self.value}"


_TITLES = {
    Format.CSV: "Table for a spreadsheet (CSV)",
    Format.JSON: "Data with everything about its origin (JSON)",
    Format.FOLDER: "Folder with the pictures",
    Format.ZIP: "Archive with the pictures (ZIP)",
    Format.HTML: "Web page with thumbnails (HTML)",
}


def export(
    source: Source,
    query: Asked,
    matches: Matches,
    *,
    format: Format | str,
    output: Path,
    k: int | None = None,
    radius: int | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> ExportReport:
    """Write the answer to a query, complete or not at all.

    Args:
        source: The open library: a workspace.
        query: What was asked.
        matches: The answer; all its rows are exported.
        format: One of `Format`, or its name.
        output: The file or folder to make. A CSV table gets its provenance beside it.
        k: How many neighbours were asked for, for the provenance; None = no limit.
        radius: The largest distance asked for, in bits, for the provenance; None = no limit.
        force: Replace an earlier export at `output`; nothing else is ever replaced.
        progress: Told the photos done; may cancel, and nothing is left behind then.

    Raises:
        ExportError: The format is unknown or `output` cannot be written; the text says why.
    """
    chosen = _known(format)
    if (
        query.path is not None
        and output.exists()
        and Path(query.path).exists()
        and output.samefile(query.path)
    ):
        raise ExportError(f"{output} is the query picture itself; it is never replaced. Choose another name.")
    answer = ResultSet.of(source, query, matches, k=k, radius=radius)
    if chosen is Format.FOLDER:
        with new_folder(output, source.library, force=force) as folder:
            return write_pictures(FolderSink(folder), answer, output=output, progress=progress)
    with new_file(output, source.library, force=force) as file:
        report = _write(file, answer, chosen, output=output, progress=progress)
        if chosen is Format.CSV:
            with new_file(provenance_beside(output), source.library, force=force) as beside:
                beside.write(answer.provenance.to_json().encode())
    return report


def export_all(
    source: Source, *, codes: str, output: Path, force: bool = False, progress: Progress = silent
) -> ExportReport:
    """Write all codes, outputs, features, labels and paths of a code set as ``.npz``.

    Raises:
        ExportError: `output` cannot be written; the text says why.
    """
    with new_file(output, source.library, force=force) as file:
        photos = write_arrays(file, source, codes, progress=progress)
    return ExportReport(output=output, photos=photos)


def export_neighbours(
    source: Source,
    *,
    codes: str,
    k: int,
    output: Path,
    device: str = ON_CPU,
    force: bool = False,
    progress: Progress = silent,
) -> ExportReport:
    """Write the `k` nearest photos of every photo, by the Hamming distance of a code set, as ``.npz``.

    Raises:
        ExportError: k is below 1, or `output` cannot be written; the text says why.
        SearchError: The device cannot be used.
    """
    with new_file(output, source.library, force=force) as file:
        photos = write_neighbours(file, source, codes, k=k, device=device, progress=progress)
    return ExportReport(output=output, photos=photos)


def provenance_beside(table: Path) -> Path:
    """Where the provenance of a CSV table is."""
    return table.with_name(f"{table.stem}.provenance.json")


def _known(format: Format | str) -> Format:
    try:
        return Format(format)
    except ValueError as error:
        known = ", ".join(each.value for each in Format)
        raise ExportError(f"“{format}” is not a format for exports; choose one of {known}.") from error


def _write(
    file: BinaryIO, answer: ResultSet, format: Format, *, output: Path, progress: Progress
) -> ExportReport:
    if format is Format.HTML:
        return write_page(file, answer, output=output, progress=progress)
    if format is Format.ZIP:
        with zipfile.ZipFile(file, "w") as archive:
            return write_pictures(ZipSink(archive), answer, output=output, progress=progress)
    if format is Format.CSV:
        write_table(file, answer, progress=progress)
    else:
        write_document(file, answer, progress=progress)
    return ExportReport(output=output, photos=len(answer))
