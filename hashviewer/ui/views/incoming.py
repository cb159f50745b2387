"""Pictures from outside become queries: dropped, pasted or opened."""

from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QFileDialog, QWidget

from hashviewer.images import SUFFIXES
from hashviewer.ui.drops import taken_from


def picture_from(data: QMimeData | None) -> tuple[Path | bytes, str] | None:
    """The first picture of a drop or the clipboard, and its title; None for a folder: the window takes it."""
    found = None if data is None else taken_from(data)  # an empty clipboard has no data at all
    if found is None:
        return None
    if found.path is None:
        return found.picture, "Pasted picture"
    return None if found.path.is_dir() else (found.path, found.path.name)


def choose_picture(parent: QWidget) -> Path | None:
    """Ask the user for a picture file; None if they think better of it."""
    patterns = " ".join(f"*{suffix}" for suffix in sorted(SUFFIXES))
    name, _ = QFileDialog.getOpenFileName(parent, "Open picture", "", f"Pictures ({patterns});;All files (*)")
    return Path(name) if name else None
