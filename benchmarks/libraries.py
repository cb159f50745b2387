"""The large libraries that the window is measured on: made when first asked for, once in a run of all measurements."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.synthetic import make_library
from hashviewer.library import Library

KEPT = (
    "HASHVIEWER_BENCHMARK_LIBRARIES"  # a folder that keeps them; the runner gives one for the time of a run
)
MILLION = 1_000_000


@contextmanager
def synthetic_library(rows: int) -> Iterator[Path]:
    """A library of so many rows; removed afterwards, unless a folder to keep it in is given by the environment."""
    kept = os.environ.get(KEPT)
    with tempfile.TemporaryDirectory(prefix="hashviewer-benchmark-") as folder:
        path = Path(kept or folder) / str(rows)
        if not path.exists():
            make_library(path, rows)
        _warm(path)
        yield path


def _warm(path: Path) -> None:
    """Read what the window reads, so that all measurements find it in the system's cache."""
    with Library.open(path) as library:
        for info in library.code_sets:
            library.codes(info.key)
        _ = library.widths, library.heights, library.labels
