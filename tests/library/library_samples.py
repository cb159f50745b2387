"""Photos and codes for the tests of the library, made up from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.library import CodeSetInfo, LibraryWriter, NewPhoto

BITS, DIM, KEY = 20, 3, "photos-20"
INFO = CodeSetInfo(
    KEY, "photos", "dpsh", BITS, DIM, 0, "ab" * 32, "{}", "openvino", "float32", "/m.safetensors"
)


@dataclass(frozen=True)
class Codes:
    codes: NDArray[np.uint8]
    outputs: NDArray[np.float32]
    features: NDArray[np.float32]
    encoded: NDArray[np.bool_]


@dataclass(frozen=True)
class Found:
    path: str
    size: int
    mtime_ns: int


def new_photo(number: int, **changes: object) -> NewPhoto:
    fields: dict[str, object] = {
        "path": f"folder/{number:05d}.jpg",
        "size": 1000 + number,
        "mtime_ns": 10**18 + number,
        "content": f"{number:032x}",
        "width": 300 + number % 7,
        "height": 200 + number % 5,
        "orientation": 1 + number % 8,
        "taken": None if number % 4 == 0 else number / 8,
        "label": "" if number % 5 == 0 else f"kind {number % 3}",
        "thumbnail": b"" if number % 6 == 0 else b"thumbnail %d" % number * (number % 9 + 1),
    }
    return NewPhoto(**{**fields, **changes})  # type: ignore[arg-type]


def some_codes(count: int, *, seed: int = 0, all_encoded: bool = False) -> Codes:
    generator = np.random.default_rng(seed)
    outputs = generator.standard_normal((count, BITS)).astype(np.float16).astype(np.float32)
    features = generator.standard_normal((count, DIM)).astype(np.float16).astype(np.float32)
    encoded = np.ones(count, np.bool_) if all_encoded else generator.random(count) < 0.8
    codes = np.where(encoded[:, None], packed.from_outputs(outputs), np.uint8(0))
    outputs[~encoded] = features[~encoded] = np.nan
    return Codes(codes, outputs, features, encoded)


def put_codes(writer: LibraryWriter, first_row: int, some: Codes, info: CodeSetInfo = INFO) -> None:
    writer.add_codes(info, first_row, some.codes, some.outputs, some.features, some.encoded)


def put_photos(writer: LibraryWriter, *counts: int, first: int = 0) -> list[NewPhoto]:
    """Add photos numbered from `first` on in segments of these many, each with its codes."""
    photos = [new_photo(number) for number in range(first, first + sum(counts))]
    done = 0
    for count in counts:
        rows = writer.add_photos(photos[done : done + count])
        put_codes(writer, rows.start, some_codes(count, seed=rows.start))
        done += count
    return photos


def as_found(photos: Sequence[NewPhoto]) -> list[Found]:
    return [Found(photo.path, photo.size, photo.mtime_ns) for photo in photos]
