"""File paths as URLs and back; names that are no valid UTF-8 survive both ways."""

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QUrl


def to_url(path: Path) -> QUrl:
    """The file URL of an absolute path."""
    return QUrl.fromEncoded(path.absolute().as_uri().encode("ascii"))


def to_path(url: QUrl) -> Path | None:
    """The path of a file URL; None for other URLs."""
    if not url.isLocalFile():
        return None
    encoded = bytes(url.toEncoded(QUrl.ComponentFormattingOption.FullyEncoded).data())
    if os.name == "nt":
        return Path(url.toLocalFile())
    return Path(os.fsdecode(unquote_to_bytes(encoded.removeprefix(b"file://"))))
