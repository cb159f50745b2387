"""Paths as the bytes that the file system has, separated by "/"; any bytes survive."""

import hashlib
import os
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def encode(path: str) -> bytes:
    """The bytes of a path that `os.fsdecode` made."""
    return os.fsencode(path if os.sep == "/" else path.replace(os.sep, "/"))


def decode(path: bytes) -> str:
    """The path for `os.open` and for the user."""
    text = os.fsdecode(path)
    return text if os.sep == "/" else text.replace("/", os.sep)


def first_folder(path: bytes) -> str:
    """The folder below the root that a path begins with; "" for a file in the root itself."""
    folder, slash, _ = path.partition(b"/")
    return os.fsdecode(folder) if slash else ""


def hashes(paths: Iterable[bytes]) -> NDArray[np.uint64]:
    """The first eight bytes of each path's BLAKE2b, little-endian: (N,)."""
    digests = b"".join(hashlib.blake2b(path, digest_size=8).digest() for path in paths)
    return np.frombuffer(digests, dtype="<u8")
