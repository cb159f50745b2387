"""One immutable file of codes, real-valued outputs and features: reading it and writing a new one."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.library import hdf5
from hashviewer.library.file_bytes import FileBytes
from hashviewer.library.hdf5 import Attribute, Column, Group, Place
from hashviewer.library.records import CodeSetInfo
from hashviewer.library.versions import CODES, check, header

GAP_BYTES = 16 << 10  # unwanted bytes that are cheaper to read along than to skip


@dataclass(frozen=True, slots=True)
class CodeRows:
    """Codes of a run of rows as they are stored.

    Attributes:
        codes: (n, W) packed; zeros where not encoded.
        outputs: (n, bits) float16; NaN where not encoded.
        features: (n, feature_dim) float16; NaN where not encoded.
        encoded: (n,) which rows have a code.
    """

    codes: NDArray[np.uint8]
    outputs: NDArray[np.float16]
    features: NDArray[np.float16]
    encoded: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CodeSegment:
    """Codes for rows first_row … first_row + rows - 1."""

    file: Path
    first_row: int
    rows: int
    encoded: int
    info: CodeSetInfo
    places: Mapping[str, Place]

    @property
    def last_row(self) -> int:
        """The last row that it covers."""
        return self.first_row + self.rows - 1

    def codes(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """All its codes (rows, W) and which rows are encoded (rows,)."""
        with FileBytes(self.file) as file:
            return file.array(self.places["codes"]), file.array(self.places["encoded"]).astype(np.bool_)

    def gather(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Some rows of a dataset, in the order asked for; `rows` count from the segment's first."""
        place = self.places[name]
        result = np.empty((len(rows), *place.shape[1:]), dtype=place.dtype)
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        reach = 1 + GAP_BYTES // max(place.row_bytes, 1)
        runs = np.split(np.arange(len(rows)), np.flatnonzero(np.diff(ascending) > reach) + 1)
        with FileBytes(self.file) as file:
            for run in runs:
                if len(run):
                    first, last = int(ascending[run[0]]), int(ascending[run[-1]])
                    result[order[run]] = file.array(place, first, last + 1)[ascending[run] - first]
        return result


def open_codes(file: Path, *, group: str = "/") -> CodeSegment:
    """Find the datasets of a code segment.

    Raises:
        LibraryError: It was written by a newer program.
        OSError, KeyError, ValueError: It is damaged.
    """
    layout = hdf5.read(file, group)
    check(layout.attributes, CODES, file)
    told = layout.attributes
    info = CodeSetInfo(
        key=str(told["key"]),
        model=str(told["model"]),
        method=str(told.get("method", "")),
        bits=int(told["bits"]),
        feature_dim=int(told["feature_dim"]),
        encoded=int(told["encoded"]),
        model_sha256=str(told.get("model_sha256", "")),
        preprocessing=str(told.get("preprocessing", "")),
        engine=str(told.get("engine", "")),
        precision=str(told.get("precision", "")),
        model_path=str(told.get("model_path", "")),
        query=str(told.get("query", "hamming")),
        bit_weights=tuple(json.loads(str(told.get("bit_weights", "[]")))),
        segment=int(told.get("segment", 0)),
    )
    rows = int(told["rows"])
    for name, shape in _shapes(rows, info).items():
        if layout.places[name].shape != shape:
            raise ValueError(f"the dataset “{name}” does not have the shape {shape}")
    return CodeSegment(file, int(told["first_row"]), rows, info.encoded, info, layout.places)


def code_group(info: CodeSetInfo, first_row: int, rows: int, encoded: int, *, path: str = "/") -> Group:
    """The datasets for codes of a run of rows."""
    shapes = _shapes(rows, info)
    attributes: dict[str, Attribute] = {
        **header(CODES),
        **asdict(info),
        "bit_weights": json.dumps(info.bit_weights),
        "bit_order": packed.BIT_ORDER,
        "first_row": first_row,
        "rows": rows,
        "encoded": encoded,
    }
    kinds = {"codes": "|u1", "encoded": "|u1", "outputs": "<f2", "features": "<f2"}
    return Group(path, attributes, [Column(name, kinds[name], shape) for name, shape in shapes.items()])


def fill_codes(file: FileBytes, places: Mapping[str, Place], runs: Iterable[CodeRows]) -> None:
    """Write runs of rows one after the other into a group laid out by `code_group`. Raises OSError."""
    start = 0
    for run in runs:
        file.write_rows(places["codes"], start, run.codes)
        file.write_rows(places["encoded"], start, run.encoded.astype(np.uint8))
        file.write_rows(places["outputs"], start, run.outputs)
        file.write_rows(places["features"], start, run.features)
        start += len(run.codes)


def codes_writer(
    info: CodeSetInfo, first_row: int, rows: int, encoded: int, runs: Iterable[CodeRows]
) -> Callable[[Path], None]:
    """A function that writes these runs of rows as a segment into the file it is given."""

    def write(file: Path) -> None:
        places = hdf5.create(file, [code_group(info, first_row, rows, encoded)])["/"]
        with FileBytes(file, write=True) as target:
            fill_codes(target, places, runs)

    return write


def _shapes(rows: int, info: CodeSetInfo) -> dict[str, tuple[int, ...]]:
    return {
        "codes": (rows, packed.width(info.bits)),
        "encoded": (rows,),
        "outputs": (rows, info.bits),
        "features": (rows, info.feature_dim),
    }
