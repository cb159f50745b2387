"""Telling earlier exports of ours from whatever else may bear the name: only they are ever replaced."""

import re
import zipfile
import zlib
from pathlib import Path

from hashviewer.export.table import COLUMNS

MARK = "provenance.json"  # says in a folder or an archive where its pictures come from
_PROVENANCE = re.compile(rb'\{\s*"hashviewer":')  # how every provenance begins
_TABLE = ",".join(COLUMNS).encode()
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ARRAYS = (
    {"codes.npy", "outputs.npy", "provenance.npy"},
    {"neighbours.npy", "distances.npy", "provenance.npy"},
)
_PICTURE = re.compile(r"\d{3,}-d\d{2,}-")  # rank and distance in front
_ENDS = 1 << 16  # bytes looked at; a page ends in its provenance, which is shorter


def is_earlier_file(file: Path) -> bool:
    """Whether a file is an export of ours, or empty.

    Raises:
        OSError: It cannot be read.
    """
    with file.open("rb") as opened:
        head = opened.read(_ENDS)
        opened.seek(max(0, opened.seek(0, 2) - _ENDS))
        tail = opened.read()
    if head.startswith(b"PK"):
        return _is_earlier_archive(file)
    if head.startswith(b"<!DOCTYPE html>"):
        _, found, document = tail.rpartition(b'<script type="application/json" id="provenance">')
        return bool(found) and _PROVENANCE.match(document.strip()) is not None
    text = head.removeprefix(_BYTE_ORDER_MARK)
    if text.startswith(b'{"provenance": '):
        return _PROVENANCE.match(text.removeprefix(b'{"provenance": ')) is not None
    return not head or text.startswith(_TABLE) or _PROVENANCE.match(text) is not None


def stranger_in(folder: Path) -> str | None:
    """The name of something in a folder that no export of ours has put there; None if there is nothing.

    Raises:
        OSError: It cannot be read.
    """
    names = sorted(entry.name for entry in folder.iterdir())
    mark = folder / MARK
    if mark.is_file():
        with mark.open("rb") as opened:
            if _PROVENANCE.match(opened.read(_ENDS)):
                ours = {MARK, "results.csv"}
                return next((name for name in names if name not in ours and not _PICTURE.match(name)), None)
    return next(iter(names), None)


def _is_earlier_archive(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if any(names >= arrays for arrays in _ARRAYS):
                return True
            if MARK not in names:
                return False
            with archive.open(MARK) as opened:
                return _PROVENANCE.match(opened.read(_ENDS)) is not None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        return False
