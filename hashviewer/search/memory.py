"""Room for distances, taken over from an earlier search when nobody holds its result any more.

The system clears fresh pages before it hands them out; for the distances of millions of codes that takes as long as a
fifth of the search.
"""

import sys
import threading
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

LEAST = 1 << 22  # bytes below which the allocator re-uses memory by itself
ROOMS = 2  # kept at a time: a window that ranks by two kinds of distances in turn has two sizes
UNHELD = 3  # references to a room when no result lives in it: the list's, the loop's and getrefcount's own

Number = TypeVar("Number", bound=np.generic)


@dataclass
class _Kept:
    """The rooms of the last large results, the latest last."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    rooms: list[NDArray[np.uint8]] = field(default_factory=list)


_kept = _Kept()


def empty(count: int, dtype: type[Number]) -> NDArray[Number]:
    """An array (count,) of whatever happens to be in memory."""
    size = count * np.dtype(dtype).itemsize
    if size < LEAST:
        return np.empty(count, dtype=dtype)
    with _kept.lock:
        for room in _kept.rooms:
            if size <= room.nbytes <= 2 * size and sys.getrefcount(room) <= UNHELD:
                return room[:size].view(dtype)
        room = np.empty(size, dtype=np.uint8)
        _kept.rooms[: len(_kept.rooms) + 1 - ROOMS] = []
        _kept.rooms.append(room)
        return room[:size].view(dtype)
