"""The answer as CSV for a spreadsheet: one header line, one line a photo.

Spreadsheets and data frames take the first line for the header, so no comment lines stand before it. Each line names
the query and the model's SHA-256, so that a line copied elsewhere still says where it comes from; everything else
about the origin stands beside the table, in ``NAME.provenance.json``. A byte order mark is there only when a text is
not ASCII: spreadsheets need it then, and plain readers are spared it otherwise.
"""

import codecs
import csv
import io
from collections.abc import Sequence
from typing import BinaryIO

from hashviewer.export.escaping import cell
from hashviewer.export.result_set import ResultSet
from hashviewer.progress import Progress, silent

COLUMNS = ("rank", "row", "path", "distance", "differing_bits", "label", "query", "model_sha256")


def write_table(
    file: BinaryIO, answer: ResultSet, *, progress: Progress = silent, pictures: Sequence[str] | None = None
) -> None:
    """Write the table.

    Args:
        file: Open for writing.
        answer: What was found.
        progress: Told the photos done.
        pictures: For each photo the name of its picture in the export, which becomes one more column.
    """
    if not answer.is_ascii():
        file.write(codecs.BOM_UTF8)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS if pictures is None else (*COLUMNS, "picture"))
    query, model = cell(answer.query.title), answer.provenance.codes.model_sha256
    for place, hit in enumerate(answer.hits(progress, doing="Writing results")):
        differing = " ".join(map(str, hit.differing_bits))
        line = (hit.rank, hit.row, cell(hit.path), hit.distance, differing, cell(hit.label), query, model)
        writer.writerow(line if pictures is None else (*line, cell(pictures[place])))
    text.detach()
