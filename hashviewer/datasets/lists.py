"""List files of the hashing literature: each line a path and one 0 or 1 for each of C labels."""

import hashlib
from pathlib import Path

import numpy as np

from hashviewer.datasets.labelled import LabelledImages
from hashviewer.errors import DatasetError


def read_list(path: Path, *, root: Path | None = None) -> LabelledImages:
    """Read a list of images.

    Args:
        path: The file of lines ``path l1 … lC``; a path may hold spaces, empty lines are skipped.
        root: What the paths are relative to; the list's own folder by default.

    Raises:
        DatasetError: A line is not of this form, or has another number of labels than the first.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"The list {path} cannot be read: {error.strerror or error}.") from error
    base = path.parent if root is None else root
    names: list[str] = []
    rows: list[list[int]] = []
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").splitlines(), start=1):
        if line.strip():
            name, row = _parse(path, number, line)
            if rows and len(row) != len(rows[0]):
                raise DatasetError(
                    f"Line {number} of {path.name} has {len(row)} labels, the first line has {len(rows[0])}."
                )
            names.append(name)
            rows.append(row)
    if not rows:
        raise DatasetError(f"The list {path.name} is empty.")
    labels = np.array(rows, dtype=np.uint8)

    def read(place: int) -> bytes:
        try:
            return (base / names[place]).read_bytes()
        except OSError as error:
            raise DatasetError(f"{names[place]} cannot be read: {error.strerror or error}.") from error

    fingerprint = hashlib.sha256(data + str(base.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    label_names = tuple(str(number) for number in range(labels.shape[1]))
    return LabelledImages(path.stem, fingerprint, label_names, labels, np.array([""] * len(names)), read)


def _parse(path: Path, number: int, line: str) -> tuple[str, list[int]]:
    """The path, and the labels: the longest run of 0 and 1 at the line's end."""
    words = line.split(" ") if "\t" not in line else line.split("\t")
    words = [word.strip() for word in words if word.strip()]
    first = len(words)
    while first > 1 and words[first - 1] in {"0", "1"}:
        first -= 1
    if first == len(words):
        raise DatasetError(
            f"Line {number} of {path.name} is not “path l1 … lC” with labels 0 or 1: “{line[:60]}”."
        )
    return " ".join(words[:first]), [int(word) for word in words[first:]]
