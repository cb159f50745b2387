"""Engines without a network, and folders of small pictures."""

import io
import os
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from hashviewer.encoding.engine import Encoded


class ArithmeticEngine:
    """Outputs are sums over the picture's pixels: any change of a picture changes them."""

    name = "openvino"
    device = "cpu"
    precision = "float32"

    def __init__(self, *, bits=64, feature_dim=1280, batch=1, lanes=2):
        self.bits, self.feature_dim, self.batch, self.lanes = bits, feature_dim, batch, lanes
        self.closed = False
        self.sizes = []
        self.most_at_once = 0
        self._now = 0
        self._turn = threading.Lock()

    def encode(self, pixels):
        with self._turn:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.sizes.append(len(pixels))
        sums = pixels.reshape(len(pixels), -1)[:, : 64 * 2352].reshape(len(pixels), 64, -1).mean(2) - 128
        repeat = -(-max(self.bits, self.feature_dim) // 64)
        values = np.tile(sums, repeat).astype(np.float32)
        with self._turn:
            self._now -= 1
        return Encoded(values[:, : self.bits], values[:, : self.feature_dim])

    def close(self):
        self.closed = True


class FailingEngine(ArithmeticEngine):
    """Breaks at the third picture."""

    def encode(self, pixels):
        if len(self.sizes) >= 2:
            raise RuntimeError("the device is gone")
        return super().encode(pixels)


def picture_bytes(seed: int, *, width=96, height=72) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(target, "JPEG", quality=90)
    return target.getvalue()


def make_photos(folder: Path, count: int, *, labels=("beach", "town"), seed=0) -> list[Path]:
    """Small JPEGs in one subfolder per label, one of them directly in the folder."""
    paths = []
    for number in range(count):
        place = folder / labels[number % len(labels)] if number else folder
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"photo-{number:04d}.jpg"
        path.write_bytes(picture_bytes(seed + number))
        paths.append(path)
    return paths


def touch_later(path: Path, *, seconds=10) -> None:
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + seconds * 10**9))
