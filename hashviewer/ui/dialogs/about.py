"""What this program is, its version and where its log is."""

import platform
from pathlib import Path

import PySide6
from PySide6.QtWidgets import QMessageBox, QWidget

from hashviewer import __version__


def about_box(parent: QWidget | None, log: Path) -> QMessageBox:
    """The dialog, not yet shown."""
    box = QMessageBox(parent)
    box.setWindowTitle("About HashViewer")
    box.setText(f"<b>HashViewer {__version__}</b>")
    box.setInformativeText(
        "A desktop retrieval explorer for deep hashing.\n\n"
        f"Python {platform.python_version()}, Qt for Python {PySide6.__version__}\nLog file: {log}\n\n"
        "Apache License 2.0"
    )
    return box
