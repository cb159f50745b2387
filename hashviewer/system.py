"""The system packages that the program needs, by name, with the command that installs them.

Run as ``python hashviewer/system.py`` before Qt can be imported: it uses the standard library alone. Pip cannot
install these; on a desktop they are there, on a bare server or container they are not.
"""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

# What PySide6's QtGui and its xcb and offscreen plugins link to, and the Debian package of each.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
FONT_PACKAGE = "fonts-dejavu-core"


def missing_packages() -> list[str]:
    """Debian packages that hold what this system lacks; empty outside Linux or when all is there."""
    if sys.platform != "linux":
        return []
    missing = [package for library, package in LIBRARIES.items() if not _loads(library)]
    if (
        importlib.util.find_spec("ensurepip") is None
    ):  # Debian keeps what makes environments in a package of its own
        missing.append(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    if not any(_has_fonts(Path(folder).expanduser()) for folder in FONT_FOLDERS):
        missing.append(FONT_PACKAGE)
    return missing


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _has_fonts(folder: Path) -> bool:
    return any(name.endswith((".ttf", ".otf", ".ttc")) for _, _, names in os.walk(folder) for name in names)


def main() -> int:
    """Install what is missing when root on Debian; else name the command. Returns the exit status."""
    missing = missing_packages()
    if not missing:
        return 0
    command = f"apt-get install -y {' '.join(missing)}"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"HashViewer installs the system packages that it needs: {' '.join(missing)}", file=sys.stderr)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *missing]):
            done = subprocess.run(words, env=quiet, stdout=subprocess.DEVNULL, check=False)
        if done.returncode == 0 and not missing_packages():
            return 0
    print(
        f"System packages that HashViewer needs are missing. Install them with:\n  sudo {command}",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
