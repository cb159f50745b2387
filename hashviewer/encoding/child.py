import os
import sys
from pathlib import Path


def command(*words: str) -> list[str]:
    """The command line of a child process that runs this package's program."""
    return [sys.executable, "-m", "hashviewer.encoding", *words]


def environment() -> dict[str, str]:
    """The environment for it: it finds this very package, whether it is installed or not, and talks UTF-8."""
    package = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    paths = [package, *(part for part in known.split(os.pathsep) if part and part != package)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
