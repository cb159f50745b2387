"""Where compiled kernels are kept between runs, and whether they are there already.

numba loads what it finds there, so the folder belongs to the user alone: nobody else may put code into it.
"""

import hashlib
import os
import platform
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

SOURCES = Path(__file__).parent


def folder() -> Path:
    """The folder of compiled kernels; made when it is not there."""
    path = user_cache_path("hashviewer") / "kernels"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def is_filled() -> bool:
    """Whether these very kernels were compiled on this machine before."""
    return _mark().exists()


def mark_filled() -> None:
    """Note that all kernels are compiled."""
    _mark().touch()


def _mark() -> Path:
    """The file that says so; its name changes with the kernels, numba and the processor."""
    told = hashlib.sha256()
    for source in sorted(SOURCES.glob("*.py")):
        told.update(source.read_bytes())
        told.update(str(source.stat().st_mtime_ns).encode())  # numba compiles anew when the time has changed
    told.update(
        f"{version('numba')} {platform.processor()} {platform.machine()} {os.fspath(SOURCES)}".encode()
    )
    return folder() / f"compiled-{told.hexdigest()[:20]}"
