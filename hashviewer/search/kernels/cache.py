"""Where compiled kernels are kept between runs, and whether they are there already.

numba loads what it finds there, so the folder belongs to the user alone: nobody else may put code into it. It has one
subfolder for each state of the sources, since numba itself notices only a change of the very file that a kernel is in,
not of a size or an instruction that the kernel takes from another one.
"""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

SOURCES = Path(__file__).parent
MARK = "complete"


@cache
def folder() -> Path:
    """The folder of these kernels, compiled by this numba for this processor; made when it is not there."""
    told = hashlib.sha256()
    for source in sorted(SOURCES.glob("*.py")):
        told.update(source.read_bytes())
    told.update(f"{version('numba')} {platform.processor()} {platform.machine()} {SOURCES}".encode())
    path = user_cache_path("hashviewer", appauthor=False) / "kernels" / told.hexdigest()[:20]
    path.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    return path


def is_filled() -> bool:
    """Whether these very kernels were compiled on this machine before."""
    return (folder() / MARK).exists()


def mark_filled() -> None:
    """Note that all kernels are compiled."""
    (folder() / MARK).touch()
