"""The answer as one JSON document: provenance, results, histogram."""

import json
from typing import BinaryIO

from hashviewer.export.result_set import Hit, ResultSet
from hashviewer.progress import Progress


def write_document(file: BinaryIO, answer: ResultSet, *, progress: Progress) -> None:
    """Write the document, one line a photo; ASCII only, so any bytes of a path survive as escapes."""
    file.write(b'{"provenance": ' + answer.provenance.to_json().encode() + b',\n"results": [')
    for hit in answer.hits(progress, doing="Writing results"):
        file.write((b"\n" if hit.rank == 1 else b",\n") + json.dumps(_fields(hit)).encode())
    histogram = json.dumps(answer.matches.histogram.tolist())
    file.write(b'\n],\n"histogram": ' + histogram.encode() + b"}\n")


def _fields(hit: Hit) -> dict[str, object]:
    return {
        "rank": hit.rank,
        "row": hit.row,
        "path": hit.place,
        "distance": hit.distance,
        "differing_bits": hit.differing_bits,
        "label": hit.label,
    }
