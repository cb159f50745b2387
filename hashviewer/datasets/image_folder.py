"""Folders of images whose label is the folder that an image lies in: on disk or in a zip file."""

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from hashviewer.datasets.labelled import LabelledImages, one_hot
from hashviewer.errors import DatasetError
from hashviewer.images import SUFFIXES, find_photos

_LARGEST = 200_000_000  # bytes of one file in a zip; more is damage or malice


def read_image_folder(root: Path) -> LabelledImages:
    """A folder of folders; below a first level of "train" and "test" the second level is the label.

    Raises:
        DatasetError: There is no image in a subfolder.
    """
    found = sorted(find_photos(root), key=lambda one: one.path)
    told = "".join(f"{one.path}\0{one.size}\0{one.mtime_ns}\n" for one in found)
    paths = [one.path for one in found]

    def read(place: int) -> bytes:
        try:
            return (root / paths[place]).read_bytes()
        except OSError as error:
            raise DatasetError(f"{paths[place]} cannot be read: {error.strerror or error}.") from error

    return _labelled(root, told, [Path(path).as_posix() for path in paths], read)


def read_zipped_folder(path: Path) -> LabelledImages:
    """The same in a zip file, which stays open.

    Raises:
        DatasetError: It is no zip file, is damaged, or holds no image in a subfolder.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path.name} cannot be read as a zip file: {error}.") from error
    entries = sorted(
        (entry for entry in archive.infolist() if PurePosixPath(entry.filename).suffix.lower() in SUFFIXES),
        key=lambda entry: entry.filename,
    )
    told = "".join(f"{entry.filename}\0{entry.file_size}\0{entry.CRC}\n" for entry in entries)

    def read(place: int) -> bytes:
        entry = entries[place]
        if entry.file_size > _LARGEST:
            raise DatasetError(f"{entry.filename} in {path.name} claims {entry.file_size:,} bytes.")
        try:
            return archive.read(entry)
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise DatasetError(f"{entry.filename} in {path.name} cannot be read: {error}.") from error

    return _labelled(path, told, [entry.filename for entry in entries], read)


def _labelled(root: Path, told: str, paths: Sequence[str], read: Callable[[int], bytes]) -> LabelledImages:
    split = [PurePosixPath(path).parts for path in paths]
    parted = bool(split) and all(len(parts) >= 3 and parts[0] in {"train", "test"} for parts in split)
    depth = 1 if parted else 0
    classes = [parts[depth] if len(parts) > depth + 1 else "" for parts in split]
    names = tuple(sorted(set(classes) - {""}))
    if not names:
        raise DatasetError(
            f"{root} holds no image in a subfolder; an image's label is the folder it lies in."
        )
    numbers = np.array([names.index(name) if name else -1 for name in classes], dtype=np.int64)
    official: NDArray[np.str_] = np.array([parts[0] if parted else "" for parts in split])
    fingerprint = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
    return LabelledImages(root.name, fingerprint, names, one_hot(numbers, len(names)), official, read)
