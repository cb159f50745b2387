"""Pushes clustered codes to an embedded engine and measures its answers beside the same ones from memory.

    python -m benchmarks.engines [--rows 1000000] [--folder NEW] [--queries 20]

Prints a line for each figure; every answer is checked against the one from memory. docs/engines.md quotes it.
"""

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer import search
from hashviewer import statistics as counts
from hashviewer.engines import parse
from hashviewer.engines.clickhouse import ClickHouseEngine
from hashviewer.engines.connection import Connection
from hashviewer.engines.filtering import Filter
from hashviewer.engines.pushing import push
from hashviewer.library import CodeSetInfo, Library
from hashviewer.search import kernels

KEY = "photos-64"
BITS = 64
CLUSTER = 400  # photos in a cluster, about
NOISE = 0.06  # share of bits turned over around a cluster's centre


def clustered(rows: int, seed: int = 0) -> NDArray[np.uint8]:
    """Packed codes (rows, 8), clustered as those of photos are."""
    generator = np.random.default_rng(seed)
    centres = generator.integers(0, 256, (max(rows // CLUSTER, 1), BITS // 8), dtype=np.uint8)
    codes = centres[generator.integers(0, len(centres), rows)]
    for start in range(0, rows, 1 << 20):
        some = codes[start : start + (1 << 20)]
        some ^= packed.pack(generator.random((len(some), BITS), dtype=np.float32) < NOISE)
    return codes


def in_memory(codes: NDArray[np.uint8]) -> Library:
    """What a push reads of a library, without its files: these take minutes to write at ten million photos."""
    rows = len(codes)
    info = CodeSetInfo(KEY, KEY, "", BITS, 0, rows, "", "{}", "", "", "")
    numbers = np.arange(rows, dtype=np.int64)
    photos = SimpleNamespace(
        orientations=np.ones(rows, np.uint8),
        contents=lambda some: [f"{row:032x}" for row in some.tolist()],
    )

    class InMemory:
        """Reads like a library."""

        created, root, url, path = "2026-01-01", None, "", Path("in memory")
        label_names = tuple(f"kind {number}" for number in range(24))
        labels = (numbers % 24).astype(np.int32)
        taken = numbers.astype(np.float64)
        sizes = mtimes = numbers
        widths = heights = np.full(rows, 1000, np.int32)
        alive, missing = np.ones(rows, np.bool_), np.zeros(rows, np.bool_)
        code_sets = (info,)
        state = SimpleNamespace(photos=photos)

        def __len__(self) -> int:
            return rows

        def codes(self, _key: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
            return codes, np.ones(rows, np.bool_)

        def paths(self, some: NDArray[np.int64]) -> list[str]:
            return [f"{2000 + row % 25}/{row % 12 + 1:02d}/IMG_{row:08d}.jpg" for row in some.tolist()]

        def photo(self, row: int) -> SimpleNamespace:
            return SimpleNamespace(content="", path=self.paths(np.array([row]))[0])

    return cast("Library", InMemory())


def median(
    name: str, ask: Callable[[NDArray[np.uint8]], object], queries: list[NDArray[np.uint8]]
) -> list[object]:
    """Print the median time of a question, each time of another code; gives the answers."""
    times, answers = [], []
    for query in queries:
        started = time.perf_counter()
        answers.append(ask(query))
        times.append(time.perf_counter() - started)
    print(f"{name:<44} {1000 * statistics.median(times):9.1f} ms  (best {1000 * min(times):.1f})", flush=True)
    return answers


def measure(codes: NDArray[np.uint8], folder: Path, queries: int) -> None:
    """Push, ask, compare."""
    connection = Connection(parse(f"chdb://{folder}"))
    connection.ask("select 1")
    _push(in_memory(codes), connection, folder)
    engine = ClickHouseEngine(connection)
    generator = np.random.default_rng(9)
    asked = [codes[row].copy() for row in generator.integers(0, len(codes), queries)]
    kernels.warm()
    while not kernels.ready():
        time.sleep(0.1)
    _nearest(engine, codes, asked, generator)
    _within(engine, codes, asked)
    started = time.perf_counter()
    bits = engine.bit_statistics(KEY)
    print(f"{'engine: bit statistics':<44} {1000 * (time.perf_counter() - started):9.1f} ms")
    assert np.array_equal(bits.correlation, counts.bit_statistics(codes, BITS).correlation)
    connection.close()


def _push(library: Library, connection: Connection, folder: Path) -> None:
    report = push(library, connection, name="benchmark")
    print(f"push: {len(library) / report.seconds:,.0f} photos/s, {report.seconds:.1f} s", flush=True)
    again = push(library, connection, name="benchmark")
    print(f"push of what is there: {again.seconds:.1f} s, {again.sent} rows sent")
    print(f"on disk: {_bytes_in(folder) / 1e6:,.0f} MB")


def _bytes_in(folder: Path) -> int:
    """Bytes of the files in a folder; the engine merges meanwhile, so a file may have gone since it was listed."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                size += Path(place, name).stat().st_size
    return size


def _nearest(
    engine: ClickHouseEngine,
    codes: NDArray[np.uint8],
    asked: list[NDArray[np.uint8]],
    generator: np.random.Generator,
) -> None:
    """Top 100, whole and filtered, and all distances; equal to those computed in memory."""
    some = Filter(rows=generator.random(len(codes)) < 0.1)
    own = median("memory: top 100 and histogram", lambda q: search.rank(q, codes, BITS, k=100), asked)
    theirs = median(
        "engine: top 100 and histogram, two steps",
        lambda q: engine.nearest(q, codes=KEY, k=100, radius=None),
        asked,
    )
    mine = cast("list[search.Matches]", own)
    for here, there in zip(mine, cast("list[search.Matches]", theirs), strict=True):
        assert np.array_equal(here.rows, there.rows)
        assert np.array_equal(here.histogram, there.histogram)
    median(
        "engine: the same of a tenth of the rows",
        lambda q: engine.nearest(q, codes=KEY, k=100, radius=None, chosen=some),
        asked[:5],
    )
    every = median(
        "engine: distances of all rows, for a window", lambda q: engine.distances(q, codes=KEY), asked
    )
    assert np.array_equal(cast("list[NDArray[np.uint8]]", every)[0], mine[0].all_distances)


def _within(engine: ClickHouseEngine, codes: NDArray[np.uint8], asked: list[NDArray[np.uint8]]) -> None:
    """Radius searches, equal to those computed in memory, and buckets."""
    for radius in (2, 3):
        found = median(
            f"engine: radius {radius} by chunks",
            lambda q, r=radius: engine.within(q, codes=KEY, radius=r),
            asked,
        )
        own = search.rank(asked[0], codes, BITS, radius=radius)
        assert np.array_equal(cast("list[tuple[NDArray[np.int64], object]]", found)[0][0], own.rows)
    median("engine: radius 4 by a scan", lambda q: engine.within(q, codes=KEY, radius=4), asked)
    median("engine: buckets within 2", lambda q: engine.buckets(q, codes=KEY, radius=2), asked)


def main() -> None:
    """Measure as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="for the engine; a temporary one if left out")
    parser.add_argument("--queries", type=int, default=20)
    given = parser.parse_args()
    print(f"{given.rows:,} codes of {BITS} bits")
    with tempfile.TemporaryDirectory(prefix="hashviewer-engine-") as scratch:
        measure(clustered(given.rows), given.folder or Path(scratch) / "chdb", given.queries)


if __name__ == "__main__":
    main()
