"""A synthetic library of any size, made through the public writer: for measuring, not for looking at.

    python benchmarks/synthetic.py OUT --rows 1000000

Codes are clustered as those of real photos are: every photo is its cluster's centre with some bits turned over.
Thumbnails are real JPEGs of a few colour gradients.
"""

import argparse
import io
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashviewer.codes import from_outputs
from hashviewer.library import CodeSetInfo, Library, LibraryWriter, NewPhoto
from hashviewer.progress import Progress, silent

KEY = "photos-64"
SEGMENT_ROWS = 65_536
CLUSTER = 400  # photos in a cluster, about
NOISE = 0.9  # deviation of outputs around a centre of ±1: about 13 % of bits turned over
VARIANTS = 64
LABELS = tuple(f"kind {number:02d}" for number in range(24))


def make_library(
    path: Path,
    rows: int,
    *,
    bits: int = 64,
    feature_dim: int = 16,
    thumbnail_edge: int = 96,
    segment_rows: int = SEGMENT_ROWS,
    seed: int = 0,
    progress: Progress = silent,
) -> None:
    """Write a library of `rows` photos to `path`, which must not exist.

    Args:
        path: The new library folder.
        rows: How many photos.
        bits: Bits of a code.
        feature_dim: Numbers of a feature, 0 = none.
        thumbnail_edge: px of the longer edge of every thumbnail.
        segment_rows: Photos written at a time.
        seed: Same seed, same library.
        progress: Counts photos.
    """
    generator = np.random.default_rng(seed)
    centres = np.sign(generator.standard_normal((max(rows // CLUSTER, 1), bits))).astype(np.float32)
    lift = generator.standard_normal((bits, feature_dim)).astype(np.float32) / np.float32(bits**0.5)
    thumbnails = _thumbnails(generator, thumbnail_edge)
    info = CodeSetInfo(KEY, KEY, "synthetic", bits, feature_dim, 0, "", "{}", "none", "float32", "")
    with Library.create(path, root=path.absolute() / "pictures") as library, LibraryWriter(library) as writer:
        for start in range(0, rows, segment_rows):
            count = min(segment_rows, rows - start)
            cluster = generator.integers(0, len(centres), count)
            noise = generator.standard_normal((count, bits), dtype=np.float32) * np.float32(NOISE)
            outputs = centres[cluster] + noise
            writer.add_photos(_photos(start, cluster, thumbnails, thumbnail_edge))
            everyone = np.ones(count, np.bool_)
            writer.add_codes(info, start, from_outputs(outputs), outputs, outputs @ lift, everyone)
            progress(start + count, rows, "photos")


def grow_library(path: Path, rows: int, *, thumbnail_edge: int = 96) -> None:
    """Add photos with random codes to a library that `make_library` has made, as an index in another process does."""
    with Library.open(path) as library, LibraryWriter(library) as writer:
        start = len(library)
        generator = np.random.default_rng(start)
        info = library.code_sets[0]
        outputs = generator.standard_normal((rows, info.bits), dtype=np.float32)
        kinds = generator.integers(0, VARIANTS, rows)
        writer.add_photos(_photos(start, kinds, _thumbnails(generator, thumbnail_edge), thumbnail_edge))
        features = generator.standard_normal((rows, info.feature_dim), dtype=np.float32)
        writer.add_codes(info, start, from_outputs(outputs), outputs, features, np.ones(rows, np.bool_))


def _photos(start: int, cluster: NDArray[np.int64], thumbnails: Sequence[bytes], edge: int) -> list[NewPhoto]:
    numbers = cluster.tolist()
    return [
        NewPhoto(
            path=f"{2000 + row % 25}/{row % 12 + 1:02d}/IMG_{row:08d}.jpg",
            size=2_000_000 + row,
            mtime_ns=1_000_000_000_000_000_000 + row * 1_000_000_000,
            content=f"{row:032x}",
            width=edge * 16,
            height=edge * 12,
            orientation=1,
            taken=1_000_000_000.0 + row * 600.0 if row % 10 else None,
            label=LABELS[number % len(LABELS)],
            thumbnail=thumbnails[number % VARIANTS],
        )
        for row, number in enumerate(numbers, start)
    ]


def _thumbnails(generator: np.random.Generator, edge: int) -> list[bytes]:
    encoded = []
    for _ in range(VARIANTS):
        corners = generator.integers(0, 256, (2, 2, 3), dtype=np.uint8)
        picture = Image.fromarray(corners).resize((edge, edge * 3 // 4), Image.Resampling.BILINEAR)
        target = io.BytesIO()
        picture.save(target, "JPEG", quality=80)
        encoded.append(target.getvalue())
    return encoded


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a synthetic library for measuring.")
    parser.add_argument("out", type=Path, help="the new library folder")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--feature-dim", type=int, default=16)
    parser.add_argument("--thumbnail-edge", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    begin = time.perf_counter()
    make_library(
        chosen.out,
        chosen.rows,
        bits=chosen.bits,
        feature_dim=chosen.feature_dim,
        thumbnail_edge=chosen.thumbnail_edge,
        seed=chosen.seed,
    )
    print(f"{chosen.rows:,} photos in {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
