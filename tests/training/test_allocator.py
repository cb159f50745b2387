"""Freed memory stays with the process, where glibc can be told so; elsewhere nothing happens."""

import ctypes
import platform
import subprocess
import sys

import pytest

from hashviewer.training import allocator

_AGAIN = """
import ctypes, resource, sys
from hashviewer.training.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
size = 64 * 1024**2
def use():
    piece = libc.malloc(ctypes.c_size_t(size))
    ctypes.memset(ctypes.c_void_p(piece), 1, size)
    libc.free(piece)
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_a_large_piece_that_was_freed_is_used_again_without_new_pages():
    faults = {}
    for how in ("keep", "as it is"):
        words = [sys.executable, "-c", _AGAIN, how]
        faults[how] = int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert faults["keep"] < 100
    assert faults["as it is"] >= 4  # huge pages take one fault for 2 MB


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not allocator.keep_freed_memory()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not allocator.keep_freed_memory()
