"""Small real libraries for the window's tests: drawn pictures, synthetic codes."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from hashviewer import codes as packed
from hashviewer.library import CodeSetInfo, Library, LibraryWriter, NewPhoto, Problem

KINDS = ("beach", "city", "flower", "night")
BITS = 64
FEATURE_DIM = 16


def draw_picture(index: int, kind: int, *, size: tuple[int, int] = (120, 90)) -> bytes:
    """A JPEG that tells its number by looking at it."""
    color = [(210, 170, 90), (90, 110, 150), (200, 80, 120), (40, 40, 90)][kind % 4]
    picture = Image.new("RGB", size, color)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((10 + index % 50, 10, 60 + index % 50, 60), fill=(255, 255 - index % 200, 90))
    draw.text((4, size[1] - 16), str(index), fill=(255, 255, 255))
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def kind_outputs(count: int, *, bits: int = BITS, seed: int = 0) -> np.ndarray:
    """(count, bits) outputs: a pattern for each kind, and a few bits of each photo's own."""
    random = np.random.default_rng(seed)
    patterns = random.choice([-1.0, 1.0], size=(len(KINDS), bits))
    outputs = patterns[np.arange(count) % len(KINDS)] * random.uniform(0.3, 1.5, size=(count, bits))
    for row in range(count):
        own = random.choice(bits, size=row // len(KINDS) % 7, replace=False)
        outputs[row, own] *= -1
    return outputs.astype(np.float32)


def new_photos(root: Path, first: int, count: int) -> list[NewPhoto]:
    """Photos whose files exist; every fourth belongs to the same kind."""
    photos = []
    for index in range(first, first + count):
        kind = index % len(KINDS)
        data = draw_picture(index, kind)
        path = root / KINDS[kind] / f"photo-{index:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        photos.append(
            NewPhoto(
                path=f"{KINDS[kind]}/{path.name}",
                size=len(data),
                mtime_ns=path.stat().st_mtime_ns,
                content=f"{index:032x}",
                width=120,
                height=90,
                orientation=1,
                taken=1_500_000_000.0 - 1000.0 * index,
                label=KINDS[kind],
                thumbnail=data,
            )
        )
    return photos


def code_set(key: str = "test-64", *, bits: int = BITS) -> CodeSetInfo:
    """A code set made by no real model."""
    return CodeSetInfo(
        key=key,
        model=key,
        method="drawn",
        bits=bits,
        feature_dim=FEATURE_DIM,
        encoded=0,
        model_sha256=f"{key:0<64}",
        preprocessing="{}",
        engine="torch",
        precision="float32",
        model_path="",
    )


def make_library(
    path: Path,
    *,
    count: int = 40,
    sets: Sequence[CodeSetInfo] = (code_set(),),
    problems: Sequence[Problem] = (),
) -> Path:
    """A library of drawn photos with codes; gives its path."""
    root = path.parent / f"{path.name} photos"
    root.mkdir(parents=True, exist_ok=True)
    library = Library.create(path, root=root)
    if count or problems:
        with LibraryWriter(library) as writer:
            extend_library(writer, root, 0, count, sets)
            for problem in problems:
                writer.add_problem(problem)
    library.close()
    return path


def extend_library(
    writer: LibraryWriter, root: Path, first: int, count: int, sets: Sequence[CodeSetInfo]
) -> None:
    """Add photos with the codes that they have in a library made at once."""
    if not count:
        return
    writer.add_photos(new_photos(root, first, count))
    for info in sets:
        outputs = kind_outputs(first + count, bits=info.bits)[first:]
        features = np.zeros((count, FEATURE_DIM), dtype=np.float32)
        features[np.arange(count), np.arange(first, first + count) % len(KINDS)] = 1.0
        features[:, -1] = 0.01 * np.arange(first, first + count)
        codes = packed.pack(outputs >= 0)
        writer.add_codes(info, first, codes, outputs, features, np.ones(count, dtype=np.bool_))
