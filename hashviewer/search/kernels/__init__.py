"""Compiled kernels of the search, which stand in for numpy once they are there.

They are compiled once for a machine, in a process of its own at low priority, and loaded by a thread; until then,
and wherever numba cannot be had, numpy answers. Nothing ever waits for a compiler.
"""

import logging
import subprocess
import sys
import threading
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from hashviewer.search.kernels import cache

MODULES = ("scanning", "selecting", "summing", "probing", "joining", "counting")
_log = logging.getLogger(__name__)
_lock = threading.Lock()


@dataclass
class _State:
    """What is loaded, and the thread that loads it."""

    loaded: bool = False
    loader: threading.Thread | None = None


_state = _State()


def ready() -> bool:
    """Whether the kernels may be called."""
    return _state.loaded


def module(name: str) -> ModuleType:
    """One of `MODULES`, loaded: compiled in this process if it has to be, so call it only after `ready`."""
    full = f"hashviewer.search.kernels.{name}"
    return sys.modules.get(full) or import_module(full)


def load() -> None:
    """Load all kernels now, compiling what is not on disk; takes seconds the first time.

    Raises:
        ImportError: numba is not installed.
    """
    for name in MODULES:
        module(name)
    cache.mark_filled()
    _state.loaded = True


def warm() -> None:
    """Load the kernels in the background; returns at once and may be called again."""
    with _lock:
        if _state.loaded or _state.loader is not None:
            return
        _state.loader = threading.Thread(target=_load_quietly, name="kernels", daemon=True)
        _state.loader.start()


def wait(seconds: float) -> bool:
    """Wait at most so long for a `warm` under way; whether the kernels are ready. For measurements and scripts."""
    if _state.loader is not None:
        _state.loader.join(seconds)
    return _state.loaded


def _load_quietly() -> None:
    """Compile in a child process where needed, so that the compiler never holds this interpreter's lock; load."""
    try:
        if not cache.is_filled():
            command = [sys.executable, "-m", "hashviewer.search.kernels"]
            subprocess.run(command, check=True, capture_output=True)
        load()
    except Exception:  # noqa: BLE001 - numba missing or broken, a full disk: numpy goes on answering
        _log.warning("The compiled search kernels are not available; numpy searches instead.", exc_info=True)
