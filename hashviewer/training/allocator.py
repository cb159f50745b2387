"""Memory that a step of a training frees is kept for the next one, where the C library is glibc."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4  # of malloc.h
_AT_ONCE = 256 * 1024**2  # bytes asked of the system at a time


def keep_freed_memory() -> bool:
    """Let glibc keep what is freed instead of giving it back, for the rest of the process; True if it does.

    A step through a backbone allocates and frees gigabytes in large pieces. By default each of them comes fresh from the
    system and goes back to it, so that all its pages are cleared and mapped anew: a quarter to a third of a step's time
    on CPUs. The process then stays as large as it was at its largest. On other systems and C libraries nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has none
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    wanted = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, -1), (_M_TOP_PAD, _AT_ONCE))
    return all(mallopt(name, value) == 1 for name, value in wanted)
