"""What encoding on a scheduler's workers costs on one machine, and what the death of a worker costs.

Two processes on one machine have no more cores than one process has, so nothing is to be gained here: the figure says
what the detour through tasks and their files costs. Results are compared bit for bit.
"""

import io
import multiprocessing
import os
import signal
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.figure import Figure
from hashviewer.encoding import IndexReport, index
from hashviewer.encoding.cores import available_cores
from hashviewer.library import Library
from hashviewer.networks import find_model
from hashviewer.progress import Progress, silent

PHOTOS, DIFFERENT = 1200, 40
SIZE = (1600, 1200)
KEY = "photos-64"


def run() -> list[Figure]:
    """Index the same photos in this process, in two processes, and in two of which one is killed."""
    with tempfile.TemporaryDirectory(prefix="hashviewer-cluster-") as scratch:
        photos = Path(scratch) / "photos"
        _write_photos(photos)
        index(
            photos, Path(scratch) / "first", model=find_model(KEY)
        )  # files and the exported network are in memory now
        one = _indexed(photos, Path(scratch) / "one")
        two = _indexed(photos, Path(scratch) / "two", scheduler="local:2")
        disturbed = _indexed(photos, Path(scratch) / "killed", scheduler="local:2", progress=_Killer())
        equal = all(
            _everything(Path(scratch) / name) == _everything(Path(scratch) / "one")
            for name in ("two", "killed")
        )
    how = (
        f"{PHOTOS} photos of {SIZE[0]}x{SIZE[1]}, {available_cores()} cores: one process {one.photos_per_second:.0f} photos/s, "
        f"local:2 {two.photos_per_second:.0f}, with one of the two killed midway {disturbed.photos_per_second:.0f}; in all "
        f"{one.seconds:.1f} s, {two.seconds:.1f} s and {disturbed.seconds:.1f} s with starting up; codes, outputs, features, "
        f"thumbnails and rows {'equal' if equal else 'NOT equal'} to the last bit"
    )
    share = two.photos_per_second / one.photos_per_second
    after = disturbed.photos_per_second / two.photos_per_second
    return [
        Figure(
            "cluster: two workers, of one process on the same cores",
            share,
            "x",
            "at least 0.8",
            share >= 0.8,
            how,
        ),
        Figure("cluster: with a worker killed, of undisturbed", after, "x", "equal results", equal, how),
    ]


class _Killer:
    """Progress that ends one worker, once, when a third is done."""

    def __init__(self) -> None:
        self._done = False

    def __call__(self, done: int, total: int | None = None, message: str = "") -> None:
        if total and done > total // 3 and not self._done:
            self._done = True
            victim = multiprocessing.active_children()[0].pid
            assert victim is not None, "a running process"
            os.kill(victim, signal.SIGKILL)


def _indexed(photos: Path, library: Path, *, scheduler: str = "", progress: Progress = silent) -> IndexReport:
    return index(photos, library, model=find_model(KEY), device="cpu", scheduler=scheduler, progress=progress)


def _write_photos(folder: Path) -> None:
    folder.mkdir()
    generator = np.random.default_rng(3)
    for number in range(DIFFERENT):
        coarse = generator.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        stream = io.BytesIO()
        Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=88)
        for copy in range(PHOTOS // DIFFERENT):
            (folder / f"{copy:03d}-{number:03d}.jpg").write_bytes(stream.getvalue())


def _everything(path: Path) -> tuple[object, ...]:
    with Library.open(path) as library:
        rows = np.arange(len(library))
        return (
            library.all_paths(),
            library.codes(KEY)[0].tobytes(),
            library.outputs(KEY, rows).tobytes(),
            library.features(KEY, rows).tobytes(),
            [library.thumbnail(row) for row in rows],
        )
