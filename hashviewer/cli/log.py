"""The log file: details that are no use on the screen."""

import logging
from pathlib import Path

LOGGER = logging.getLogger("hashviewer")
_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_file() -> Path:
    """Where the log is, the same one that the window writes."""
    import platformdirs

    return platformdirs.user_log_path("hashviewer", appauthor=False) / "hashviewer.log"


def start_log() -> None:
    """Send warnings of the package to the log file instead of stderr; the file is made when there is one."""
    if LOGGER.handlers:
        return
    place = log_file()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        LOGGER.addHandler(logging.NullHandler())
        return
    handler = logging.FileHandler(place, encoding="utf-8", errors="backslashreplace", delay=True)
    handler.setFormatter(logging.Formatter(_FORM))
    LOGGER.addHandler(handler)


def stop_log() -> None:
    """Leave the log to the window, or to nobody."""
    for handler in list(LOGGER.handlers):
        LOGGER.removeHandler(handler)
        handler.close()
