"""Hot-air balloons over hills."""

from dataclasses import dataclass

import numpy as np

from hashviewer.sample.nature import CLEAR, GOLDEN, MORNING, NOON, SUNSET, below, choose, clouded_sky, ridge
from hashviewer.sample.paint import Colour, Picture, colour, glow, mix, over, smoothstep, vary
from hashviewer.sample.pen import Pen

CLOTHS = (
    "d62828",
    "f77f00",
    "fcbf49",
    "2a9d8f",
    "264653",
    "e63946",
    "457b9d",
    "8338ec",
    "ffffff",
    "ffbe0b",
    "3a86ff",
    "6a994e",
)


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One flight."""
    light = choose(rng, (CLEAR, CLEAR, NOON, GOLDEN, MORNING, SUNSET))
    picture = clouded_sky(rng, height, width, light, horizon=0.9, cover=float(rng.uniform(0, 0.7)))
    haze = colour(light.haze)
    green = vary(
        rng, colour(("4f6b3a", "7a6a4a", "3f5f5a", "8a5f3f")[int(rng.integers(4))]), 0.03
    ) * np.float32(0.4 + 0.6 * light.day)
    for layer in range(3):
        outline = ridge(rng, width, height * (0.78 + 0.07 * layer), height * 0.022, calm=1.5 + layer)
        start = int(max(0, outline.min()))
        over(
            picture[start:],
            mix(haze, green, 0.3 + 0.32 * layer),
            below(height - start, width, outline - start),
        )
    air = Air(side=float(rng.uniform(-0.8, 0.8)), day=light.day, haze=haze)
    largest = height * rng.uniform(0.09, 0.24)
    for near in sorted(rng.uniform(0.12, 1, int(rng.integers(1, 10))).tolist()):
        x, y = rng.uniform(0.08, 0.92) * width, height * rng.uniform(0.16, 0.62)
        _balloon(rng, Pen(picture, x, y, largest * near), air, far=0.55 * (1 - near))
    return picture


BASKET = ((-0.14, 1.68), (0.14, 1.68), (0.12, 1.92), (-0.12, 1.92))
ROPES = (
    ((-0.24, 1.2), (-0.12, 1.78), (-0.1, 1.78), (-0.22, 1.2)),
    ((0.24, 1.2), (0.12, 1.78), (0.1, 1.78), (0.22, 1.2)),
)


@dataclass(frozen=True, slots=True)
class Air:
    """The light that all balloons share: where the sun stands (-1…1), how bright it is, what far things fade to."""

    side: float
    day: float
    haze: Colour


def _balloon(rng: np.random.Generator, pen: Pen, air: Air, *, far: float) -> None:
    """A balloon with ropes and a basket; `far` 0…1 is how much of it the haze hides."""
    brown = mix(colour("5a3d24"), air.haze, far)
    for rope in ROPES:
        pen.shape(rope, brown)
    pen.shape(BASKET, brown)
    _envelope(rng, pen, air, far)
    if rng.random() < 0.3:
        glow(pen.picture, pen.x, pen.y + pen.size * 1.25, pen.size * 0.3, colour("ffb84a"), strength=0.7)


def _envelope(rng: np.random.Generator, pen: Pen, air: Air, far: float) -> None:
    """The cloth: gores, rings or both."""
    height, width = pen.picture.shape[:2]
    x, y, radius = pen.x, pen.y, pen.size
    top, bottom = max(0, int(y - radius - 2)), min(height, int(y + radius * 1.5))
    left, right = max(0, int(x - radius - 2)), min(width, int(x + radius + 3))
    if bottom - top < 3 or right - left < 3:
        return
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    v = (ys - y) / radius
    lower = np.cos(np.clip(v, 0, 1.4) * 1.06)
    breadth = np.where(v < 0, np.sqrt(np.clip(1 - v * v, 0, 1)), np.clip(lower, 0.13, 1))
    u = (xs - x) / radius / np.maximum(breadth, 0.05)
    around = np.arcsin(np.clip(u, -1, 1)) / np.float32(np.pi) + np.float32(rng.uniform(0, 1))
    gores, style = int(rng.integers(4, 12)) * 2, int(rng.integers(3))
    rings = np.floor((v + 1) * (rng.uniform(2, 5) if style == 1 else 4)).astype(np.int64)
    cell = rings if style == 1 else np.floor(around * gores).astype(np.int64) + (rings if style == 2 else 0)
    cloths = np.stack([vary(rng, colour(CLOTHS[int(i)]), 0.03) for i in rng.integers(0, len(CLOTHS), 3)])
    seam = 1 - 0.14 * np.exp(-((((around * gores) % 1 - 0.5) ** 2 - 0.25) ** 2) / 0.002)
    round_ = np.sqrt(np.clip(1 - u * u, 0, 1))
    facing = np.clip(0.62 + 0.42 * u * air.side - 0.3 * v + 0.25 * round_, 0.2, 1.25)
    body = (
        cloths[cell % (2 if style == 2 else 3)] * (facing * seam * np.float32(0.4 + 0.6 * air.day))[..., None]
    )
    over(body, air.haze, far)
    mask = smoothstep(1 + 1.5 / radius, 1 - 1.5 / radius, np.abs(u)) * (v > -1)
    over(pen.picture[top:bottom, left:right], body, mask)
