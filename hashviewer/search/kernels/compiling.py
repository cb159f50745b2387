"""How the kernels are compiled: for this processor, without the interpreter's lock, kept on disk.

Only the modules of this package import it, and they are imported by `kernels.load` alone: numba takes most of a
second to import, and a compiler takes seconds more.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba import types
from numba.core import config

from hashviewer.search.kernels.cache import folder

Function = TypeVar("Function", bound=Callable[..., Any])

config.CACHE_DIR = str(folder())  # read by numba when a function is decorated

U8, U16, U32, U64 = types.uint8, types.uint16, types.uint32, types.uint64
I64, F32, F64, NONE = types.int64, types.float32, types.float64, types.void


def read(element: types.Type, dimensions: int = 1) -> types.Array:
    """The type of an array that a kernel only reads; codes of a mapped file cannot be written."""
    return types.Array(element, dimensions, "C", readonly=True)


def written(element: types.Type, dimensions: int = 1) -> types.Array:
    """The type of an array that a kernel writes."""
    return types.Array(element, dimensions, "C")


def kernel(*signatures: object) -> Callable[[Function], Function]:
    """Compile a function for exactly these signatures, as soon as its module is imported."""

    def compiled(function: Function) -> Function:
        made: Function = numba.njit(list(signatures), cache=True, nogil=True)(function)
        return made

    return compiled


def part(function: Function) -> Function:
    """A piece of a kernel, compiled into the kernels that call it."""
    made: Function = numba.njit(nogil=True, inline="never")(function)
    return made
