"""A small library made in a moment: drawn pictures, codes from a random projection, and some awkward photos.

Rows 0…39 are ordinary photos of four labels; rows 40 and up are the awkward ones that `AWKWARD` names. Row 3 has been
superseded by `Made.newer`; `Made.bare` has no code; the original of `Made.gone` is not there.
"""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hashviewer import codes as packed
from hashviewer.library import CodeSetInfo, Library, LibraryWriter, NewPhoto, Problem

LABELS = ("beach", "=forest", "<b>street</b>", "")
ORDINARY = 40
BITS = 36  # not a whole number of bytes
DIM = 12
KEY = "tiny-36"
SHA = "ab" * 32
AWKWARD = (
    "=HYPERLINK(1).jpg",
    "beach/<img src=x onerror=alert(1)>.jpg",
    "Grüße.jpg",
    os.fsdecode(b"bytes-\xff\xfe.jpg"),
    "twin/same.jpg",
    "other/same.jpg",
)


@dataclass(frozen=True)
class Made:
    path: Path
    root: Path
    newer: int
    bare: int
    gone: int


def info(**changes) -> CodeSetInfo:
    fields = {
        "key": KEY,
        "model": "tiny",
        "method": "random projection",
        "bits": BITS,
        "feature_dim": DIM,
        "encoded": 0,
        "model_sha256": SHA,
        "preprocessing": '{"size": 224, "fit": "crop"}',
        "engine": "torch",
        "precision": "float32",
        "model_path": "",
    }
    return CodeSetInfo(**{**fields, **changes})


def picture(colour: tuple[int, int, int], *, edge: int = 24) -> bytes:
    image = Image.new("RGB", (edge, edge), colour)
    image.paste((255 - colour[0], colour[1], 40), (4, 4, 12, 20))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=80)
    return data.getvalue()


def values(count: int, seed: int = 1):
    """Features in four loose clusters, and the outputs of a random projection of them."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(LABELS), DIM))
    features = centres[np.arange(count) % len(LABELS)] + 0.6 * rng.normal(size=(count, DIM))
    outputs = features @ np.random.default_rng(7).normal(size=(DIM, BITS))
    return features.astype(np.float32), outputs.astype(np.float32)


def new_photo(path: str, label: str, data: bytes) -> NewPhoto:
    return NewPhoto(
        path=path,
        size=len(data),
        mtime_ns=1_700_000_000_000_000_000,
        content=f"hash of {path}".encode(errors="backslashreplace").decode(),
        width=24,
        height=24,
        orientation=1,
        taken=None,
        label=label,
        thumbnail=data,
    )


SECOND = "second-16"


def add_second_codes(made: "Made", *, without: Sequence[int] = (), seed: int = 3) -> None:
    """Give the photos of a library random codes of 16 bits besides, but for some rows; no features."""
    with Library.open(made.path) as library, LibraryWriter(library) as writer:
        count = len(library)
        outputs = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
        encoded = ~np.isin(np.arange(count), without)
        second = info(key=SECOND, bits=16, feature_dim=0)
        no_features = np.empty((count, 0), np.float32)
        writer.add_codes(second, 0, packed.from_outputs(outputs), outputs, no_features, encoded)


def make_library(folder: Path) -> Made:
    root, path = folder / "photos", folder / "library"
    rng = np.random.default_rng(5)
    ordinary = [f"{('sea', 'wood', 'town', 'rest')[row % 4]}/photo-{row:02d}.jpg" for row in range(ORDINARY)]
    newer = ordinary[3]
    names = [*ordinary, *AWKWARD, newer, "bare.jpg", "gone.jpg"]
    photos = []
    for row, name in enumerate(names):
        data = picture(tuple(int(c) for c in rng.integers(0, 255, 3)))
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if name != "gone.jpg":
            place.write_bytes(data)
        photos.append(new_photo(name, LABELS[row % 4] if row < ORDINARY else "", data))
    features, outputs = values(len(names))
    encoded = np.ones(len(names), dtype=np.bool_)
    made = Made(path=path, root=root, newer=len(names) - 3, bare=len(names) - 2, gone=len(names) - 1)
    encoded[made.bare] = False
    codes = packed.pack(outputs >= 0)
    with Library.create(path, root=root) as library, LibraryWriter(library) as writer:
        writer.add_photos(photos[: made.newer])
        writer.add_photos(photos[made.newer :])
        for rows in (slice(0, made.newer), slice(made.newer, None)):
            writer.add_codes(info(), rows.start, codes[rows], outputs[rows], features[rows], encoded[rows])
        writer.mark_missing([made.gone])
        writer.add_problem(Problem(path="broken.jpg", reason="The file is cut short.", size=10, mtime_ns=1))
    return made
