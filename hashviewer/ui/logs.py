"""The log file, and the last net under unforeseen errors."""

import logging
import platform
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import platformdirs

from hashviewer import __version__
from hashviewer.progress import Cancelled
from hashviewer.ui.tasks import sentence

LIMIT_BYTES = 2**20
_log = logging.getLogger("hashviewer")


def log_file() -> Path:
    """Where the details of errors are written."""
    return platformdirs.user_log_path("hashviewer", appauthor=False) / "hashviewer.log"


def write_log(path: Path) -> None:
    """Send the package's log to a file; without one if the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            path, maxBytes=LIMIT_BYTES, backupCount=2, encoding="utf-8", errors="backslashreplace", delay=True
        )
    except OSError as error:
        _log.warning("No log file at %s: %s", path, error)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    _log.info("HashViewer %s, Python %s, %s", __version__, platform.python_version(), platform.platform())


def catch_unforeseen(tell: Callable[[str], None]) -> None:
    """Route exceptions that nobody caught to the log and, as one sentence, to `tell`."""

    def on_exception(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception) or isinstance(error, Cancelled):
            sys.__excepthook__(kind, error, traceback)
            return
        _log.error("not foreseen", exc_info=(kind, error, traceback))
        tell(sentence(error))

    sys.excepthook = on_exception
