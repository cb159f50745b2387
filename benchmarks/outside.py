"""A picture from outside, dropped into a window that has just been started, and further ones after it."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.figure import Figure
from benchmarks.program import started

if TYPE_CHECKING:
    from hashviewer.ui.main_window import MainWindow

WATCHES_EVENTS = True
PHOTOS, OUTSIDE = 300, 12
ROUNDS = 5
FIRST_SECONDS, LATER_MS = 1.0, 80.0


def run() -> list[Figure]:
    """Index drawn pictures with the shipped model, then start the program on them several times."""
    from hashviewer.encoding import index
    from hashviewer.networks import find_model

    with tempfile.TemporaryDirectory(prefix="hashviewer-benchmark-") as name:
        photos, outside = Path(name) / "photos", Path(name) / "outside"
        _draw_pictures(photos, PHOTOS, (400, 300), seed=0)
        _draw_pictures(outside, OUTSIDE, (2000, 1500), seed=1000)
        library = Path(name) / "library"
        index(photos, library, model=find_model("photos-64"), device="cpu")
        rounds = [started("outside", str(library), str(outside)) for _ in range(ROUNDS)]
    first = median(found["first"] for found in rounds)
    later = median(found["later"] for found in rounds) * 1000
    how = (
        f"median of {ROUNDS} starts, fastest {min(found['first'] for found in rounds):.2f} s; dropped as soon as the grid is "
        f"painted, before the encoder is warm; {PHOTOS} photos, pictures of 2000x1500"
    )
    how_later = (
        f"median over {ROUNDS} starts of the median of {OUTSIDE - 1} drops, slowest "
        f"{max(found['slowest'] for found in rounds) * 1000:.0f} ms"
    )
    return [
        Figure(
            "outside: first picture dropped to the last view repainted",
            first,
            "s",
            f"at most {FIRST_SECONDS}",
            first <= FIRST_SECONDS,
            how,
        ),
        Figure(
            "outside: later pictures, drop to the last view repainted",
            later,
            "ms",
            f"at most {LATER_MS:.0f}",
            later <= LATER_MS,
            how_later,
        ),
    ]


def _draw_pictures(folder: Path, count: int, size: tuple[int, int], *, seed: int) -> None:
    folder.mkdir()
    for number in range(count):
        _draw(size, seed=seed + number).save(folder / f"{number:04d}.jpg", quality=90)


def watch(window: "MainWindow", folder: str) -> None:
    """In the program: drop the pictures one after the other as soon as the library is painted."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from benchmarks.watching import WatchedApplication, until_repainted, wait

    application = QApplication.instance()
    assert isinstance(application, WatchedApplication)
    viewport = window.grid_view.grid.viewport()
    application.follow({"grid": [viewport]})
    wait(lambda: bool(application.paints) and len(window.grid_view.grid.arrangement.rows) > 0)
    taken = [
        until_repainted(application, window, _drop(window, path))[0]
        for path in sorted(Path(folder).iterdir())
    ]
    print(json.dumps({"first": taken[0], "later": median(taken[1:]), "slowest": max(taken[1:])}), flush=True)
    QTimer.singleShot(0, window.close)  # once the program's own event loop runs


def _drop(window: "MainWindow", path: Path) -> Callable[[], None]:
    from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
    from PySide6.QtGui import QDropEvent

    def drop() -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        event = QDropEvent(
            QPointF(80, 80),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        window.dropEvent(event)  # Qt delivers drops to the target of a real drag alone

    return drop


def _draw(size: tuple[int, int], *, seed: int) -> Image.Image:
    """A landscape: sky, sun, hills, and some grain."""
    random = np.random.default_rng(seed)
    width, height = size
    picture = Image.new("RGB", size, tuple(random.integers(100, 256, 3).tolist()))
    pen = ImageDraw.Draw(picture)
    x, y, radius = (int(random.integers(low, width // 2)) for low in (0, 0, width // 20))
    pen.ellipse((x, y // 2, x + radius, y // 2 + radius), fill=(255, 240, 170))
    for layer in range(1, 5):
        heights = height * (0.3 + 0.15 * layer) + random.normal(0, height / 14, 9)
        ridge = [(width * place / 8, float(top)) for place, top in enumerate(heights)]
        color = tuple((random.integers(30, 170, 3) // layer + 20).tolist())
        pen.polygon([(0, height), *ridge, (width, height)], fill=color)
    picture = picture.filter(ImageFilter.GaussianBlur(width / 400))
    grain = random.normal(0, 4, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))
