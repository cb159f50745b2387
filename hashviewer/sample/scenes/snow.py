"""Snowy peaks above a wood."""

import numpy as np

from hashviewer.sample.fields import Field, Kind, line, piece
from hashviewer.sample.nature import (
    CLEAR,
    DUSK,
    GREY,
    MORNING,
    NOON,
    SUNSET,
    Light,
    below,
    choose,
    clouded_sky,
    conifer,
    ridge,
)
from hashviewer.sample.paint import Picture, blend, colour, mix, over, shaded, smoothstep, vary

STEP = 5  # px over which the slope is measured: larger makes calmer rock


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One winter in the mountains."""
    light = choose(rng, (CLEAR, CLEAR, NOON, MORNING, SUNSET, DUSK, GREY))
    picture = clouded_sky(rng, height, width, light, horizon=0.7, cover=float(rng.uniform(0, 0.75)))
    peaks = int(rng.integers(2, 4))
    side = 1 if rng.random() < 0.5 else -1
    for peak in range(peaks):
        near = (peak + 1) / peaks
        _massif(rng, picture, light, near, side)
    _slope(rng, picture, light)
    if rng.random() < 0.35:
        _flakes(rng, picture)
    return picture


def _massif(rng: np.random.Generator, picture: Picture, light: Light, near: float, side: int) -> None:
    """Rock and snow, lit from one side: a height field seen from afar, shaded by its slope."""
    height, width = picture.shape[:2]
    columns = np.arange(width, dtype=np.float32)
    level = height * (0.42 + 0.22 * near)
    outline = np.full(width, level, dtype=np.float32)
    for _ in range(int(rng.integers(2, 5))):
        top, at = height * rng.uniform(0.12, 0.36) * (0.7 + 0.3 * near), rng.uniform(0, width)
        outline = np.minimum(outline, level - top + np.abs(columns - at) * rng.uniform(0.5, 1.1))
    outline += -height * 0.022 * line(rng, width, kind=Kind.CLOUD, zoom=0.7) - height * 0.01 * line(
        rng, width, kind=Kind.ROUGH, zoom=0.8
    )
    start = max(0, int(outline.min()) - 2)
    rows = height - start
    relief = piece(rng, rows, width, kind=Kind.SMOOTH, zoom=1.5, stretch=0.7)
    folds: Field = np.abs(piece(rng, rows, width, kind=Kind.SMOOTH, zoom=1.0, stretch=0.55))
    shape = relief - folds * np.float32(1.1)
    slope = _lean(shape, side)
    slope /= np.float32(slope.std())
    depth = (np.arange(start, height, dtype=np.float32)[:, None] - outline) / np.float32(height)
    rock = smoothstep(0.55, 1.15, np.float32(0.3) * np.abs(slope) + depth * 2.2 - 0.12 * relief)
    lit: Field = np.clip(0.62 + 0.3 * slope, 0.05, 1.15, dtype=np.float32)
    bright = np.float32(0.45 + 0.55 * light.day)
    snow_light = mix(colour("ffffff"), colour(light.sun), 0.45 if light.day < 0.9 else 0.1)
    body = blend(colour("5f7ea8") * np.float32(0.8) * bright, snow_light * bright, lit)
    stone = vary(rng, colour(("54504e", "5f564c", "464a52")[int(rng.integers(3))]), 0.02)
    over(body, shaded(stone * bright, np.float32(0.35) + np.float32(0.8) * lit), rock)
    over(body, colour(light.haze), np.clip((1 - near) * 0.45 + depth * 0.9 * (1.15 - near), 0, 0.85))
    over(picture[start:], body, below(rows, width, outline - start))


def _lean(shape: Field, side: int) -> Field:
    """How steeply a height field (rows, width) falls away from the light, which stands at `side` and above."""
    wide = np.pad(shape, STEP, mode="edge")
    beside = wide[STEP:-STEP, : -2 * STEP] if side > 0 else wide[STEP:-STEP, 2 * STEP :]
    above = wide[: -2 * STEP, STEP:-STEP]
    lean: Field = (beside - shape) + np.float32(0.35) * (above - shape)
    return lean


def _slope(rng: np.random.Generator, picture: Picture, light: Light) -> None:
    """The wood and the snowfield in front."""
    height, width = picture.shape[:2]
    day = np.float32(0.4 + 0.6 * light.day)
    outline = ridge(rng, width, height * rng.uniform(0.72, 0.86), height * 0.025, calm=3, rough=0.1)
    start = max(0, int(outline.min()) - 2)
    drift = piece(rng, height - start, width, kind=Kind.SMOOTH, zoom=1.3, stretch=3)
    white = mix(colour("f4f8ff"), colour(light.sun), 0.15)
    shade = np.clip(0.86 + 0.1 * drift, 0, 1.05)
    body = blend(colour("7f9cc8") * day, white * day, shade)
    sparkle = piece(rng, height - start, width, kind=Kind.GRAIN)
    body += (np.clip(sparkle - 2.6, 0, 1) * 0.5)[..., None]
    green = vary(rng, colour("20352e"), 0.02) * day
    count = int(rng.integers(0, 60))
    middle, spread = rng.uniform(0, width), width * rng.uniform(0.15, 0.6)
    for x in rng.normal(middle, spread, count):
        if 0 <= x < width:
            conifer(
                picture,
                rng,
                float(x),
                float(outline[int(x)]) + 3,
                height * rng.uniform(0.06, 0.15),
                vary(rng, green, 0.02),
            )
    over(picture[start:], body, below(height - start, width, outline - start))
    for x in rng.uniform(0, width, int(rng.integers(0, 5))):
        base, size = height * rng.uniform(0.88, 1.02), height * rng.uniform(0.2, 0.42)
        conifer(picture, rng, float(x), base, size, green)
        conifer(
            picture, rng, float(x) - size * 0.02, base - size * 0.02, size * 0.96, white * day, share=0.45
        )


def _flakes(rng: np.random.Generator, picture: Picture) -> None:
    height, width = picture.shape[:2]
    for _ in range(2):
        specks = piece(rng, height, width, kind=Kind.GRAIN, zoom=float(rng.uniform(1.8, 3.5)))
        over(picture, np.ones(3, dtype=np.float32), smoothstep(2.0, 3.2, specks) * np.float32(0.85))
