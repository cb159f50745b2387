"""Libraries of codes alone, without pictures: made from arrays."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashviewer.library.library import Library
from hashviewer.library.records import CodeSetInfo, NewPhoto
from hashviewer.library.tidying import MAX_ROWS
from hashviewer.library.writer import LibraryWriter


def create_code_only(
    path: Path,
    codes: NDArray[np.uint8],
    bits: int,
    *,
    key: str = "codes",
    method: str = "",
    labels: NDArray[np.integer] | None = None,
    label_names: Sequence[str] = (),
    paths: Sequence[str] | None = None,
    outputs: NDArray[np.floating] | None = None,
    features: NDArray[np.floating] | None = None,
) -> Library:
    """Make a library folder of codes; it opens, searches and shows statistics like any other.

    Args:
        path: The new library.
        codes: (N, W) packed, bit 0 first.
        bits: Bits of a code.
        key: Name of the code set.
        method: Hashing method, "" = unknown.
        labels: (N,) index into label_names, or numbers that are their own names; -1 = none.
        label_names: Names of the labels.
        paths: (N,) what to call each item, the file it came from if known; default "item 0", "item 1", …
        outputs: (N, bits) before the sign; default +1 and -1.
        features: (N, D) for re-ranking; default none.

    Raises:
        LibraryError: Shapes do not fit, or the library cannot be written.
    """
    library = Library.create(path, root=None)
    dim = 0 if features is None else features.shape[1]
    info = CodeSetInfo(key, key, method, bits, dim, 0, "", "", "", "", "")
    with LibraryWriter(library) as writer:
        for start in range(0, len(codes), MAX_ROWS):
            rows = range(start, min(start + MAX_ROWS, len(codes)))
            writer.add_photos([_item(row, paths, labels, label_names) for row in rows])
            _add_run(writer, info, rows, codes, outputs, features)
    return library


def _add_run(
    writer: LibraryWriter,
    info: CodeSetInfo,
    rows: range,
    codes: NDArray[np.uint8],
    outputs: NDArray[np.floating] | None,
    features: NDArray[np.floating] | None,
) -> None:
    span = slice(rows.start, rows.stop)
    some = codes[span]
    writer.add_codes(
        info,
        rows.start,
        some,
        _signs(some, info.bits) if outputs is None else np.asarray(outputs[span], np.float32),
        np.zeros((len(some), 0), np.float32) if features is None else np.asarray(features[span], np.float32),
        np.ones(len(some), np.bool_),
    )


def _item(
    row: int, paths: Sequence[str] | None, labels: NDArray[np.integer] | None, names: Sequence[str]
) -> NewPhoto:
    label = -1 if labels is None else int(labels[row])
    return NewPhoto(
        path=f"item {row}" if paths is None else paths[row],
        size=0,
        mtime_ns=0,
        content="",
        width=0,
        height=0,
        orientation=1,
        taken=None,
        label="" if label < 0 else names[label] if names else str(label),
        thumbnail=b"",
    )


def _signs(codes: NDArray[np.uint8], bits: int) -> NDArray[np.float32]:
    ones = np.unpackbits(codes, axis=1, count=bits, bitorder="big")
    return ones.astype(np.float32) * 2 - 1
