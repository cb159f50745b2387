"""CIFAR-10 in the files that its authors publish and torchvision fetches.

The "python version" is pickled. No pickle is run: the stream of opcodes is only read through, and the two things in
it that matter, the block of pixels and the list of labels, are taken from it.
"""

import hashlib
import pickletools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashviewer.datasets.labelled import LabelledImages, one_hot
from hashviewer.errors import DatasetError

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_PIXELS = 32 * 32 * 3
_TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))


def holds_cifar10(folder: Path) -> bool:
    """Whether the files of CIFAR-10 lie in a folder, or in the subfolder that torchvision makes."""
    return _suffix(_files_folder(folder)) is not None


def read_cifar10(folder: Path) -> LabelledImages:
    """All images, the five training files first, then the test file.

    Raises:
        DatasetError: A file is absent or damaged.
    """
    inner = _files_folder(folder)
    suffix = _suffix(inner)
    if suffix is None:
        raise DatasetError(f"{folder} does not hold the files of CIFAR-10 (data_batch_1 … 5, test_batch).")
    digest = hashlib.sha256()
    blocks: list[NDArray[np.uint8]] = []
    classes: list[NDArray[np.int64]] = []
    for name in (*_TRAIN, "test_batch"):
        try:
            data = (inner / f"{name}{suffix}").read_bytes()
        except OSError as error:
            raise DatasetError(
                f"{name}{suffix} of CIFAR-10 cannot be read: {error.strerror or error}."
            ) from error
        digest.update(data)
        pixels, numbers = _binary(name, data) if suffix else _pickled(name, data)
        blocks.append(pixels)
        classes.append(numbers)
    images = np.concatenate(blocks).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    tests = len(classes[-1])
    parts = np.array(["train"] * (len(images) - tests) + ["test"] * tests)

    def read(place: int) -> NDArray[np.uint8]:
        return np.ascontiguousarray(images[place])

    labels = one_hot(np.concatenate(classes), len(NAMES))
    return LabelledImages("CIFAR-10", digest.hexdigest(), NAMES, labels, parts, read)


def _files_folder(folder: Path) -> Path:
    for name in ("cifar-10-batches-py", "cifar-10-batches-bin"):
        if (folder / name).is_dir():
            return folder / name
    return folder


def _suffix(folder: Path) -> str | None:
    for suffix in ("", ".bin"):
        if (folder / f"{_TRAIN[0]}{suffix}").is_file():
            return suffix
    return None


def _binary(name: str, data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if not data or len(data) % (_PIXELS + 1):
        raise DatasetError(f"{name}.bin of CIFAR-10 is cut short or damaged.")
    rows = np.frombuffer(data, dtype=np.uint8).reshape(-1, _PIXELS + 1)
    return rows[:, 1:], rows[:, 0].astype(np.int64)


def _pickled(name: str, data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The longest string of the stream, and the whole numbers between the key "labels" and the next string."""
    pixels = b""
    numbers: list[int] = []
    within = False
    try:
        for _, value, _ in pickletools.genops(data):
            if isinstance(value, str | bytes):
                text = value.encode("latin-1", "replace") if isinstance(value, str) else value
                within = text == b"labels" or (within and not text)
                pixels = max(pixels, text, key=len)
            elif within and isinstance(value, int) and not isinstance(value, bool):
                numbers.append(value)
    except ValueError as error:
        raise DatasetError(f"{name} of CIFAR-10 is damaged: {error}.") from error
    numbers = numbers[-(len(pixels) // _PIXELS) :]  # memo numbers of the list itself come before its items
    if not pixels or len(pixels) != len(numbers) * _PIXELS:
        raise DatasetError(
            f"{name} of CIFAR-10 is damaged: {len(numbers)} labels, {len(pixels)} bytes of pixels."
        )
    return np.frombuffer(pixels, dtype=np.uint8), np.array(numbers, dtype=np.int64)
