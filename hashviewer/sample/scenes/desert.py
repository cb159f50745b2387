"""Dunes with a sharp crest between light and shade."""

import numpy as np

from hashviewer.sample.fields import Field, Kind, line, piece
from hashviewer.sample.nature import (
    CLEAR,
    DUSK,
    GOLDEN,
    MORNING,
    NOON,
    SUNSET,
    Light,
    below,
    choose,
    clouded_sky,
    sun,
)
from hashviewer.sample.paint import Colour, Picture, blend, colour, over, smoothstep, vary

SANDS = ("d9a05f", "e3b77a", "c97f45", "b8653a", "e8cfa0", "d98f5a")

COLD = np.array([0.82, 0.86, 1.08], dtype=np.float32)  # the shade is lit by the sky


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One desert."""
    light = choose(rng, (CLEAR, CLEAR, NOON, GOLDEN, MORNING, SUNSET, DUSK))
    horizon = float(rng.uniform(0.28, 0.52))
    picture = clouded_sky(rng, height, width, light, horizon=horizon + 0.05, cover=float(rng.uniform(0, 0.4)))
    if rng.random() < 0.5:
        sun(picture, rng.uniform(0.1, 0.9) * width, height * rng.uniform(0.1, horizon), height * 0.03, light)
    sand = vary(rng, colour(SANDS[int(rng.integers(len(SANDS)))]), 0.025)
    side = 1 if rng.random() < 0.5 else -1
    dunes = int(rng.integers(3, 6))
    for dune in range(dunes):
        near = (dune + 0.4) / dunes
        _dune(
            rng,
            picture,
            height * (horizon + (0.94 - horizon) * near**1.4),
            near,
            sand,
            light,
            side,
        )
    return picture


def _outline(rng: np.random.Generator, width: int, level: float, swing: float, peak: float) -> Field:
    """A dune's upper edge (width,) in rows, highest at column `peak`."""
    columns = np.arange(width, dtype=np.float32)
    rise = np.exp(-np.abs(columns - peak) / (width * rng.uniform(0.14, 0.34)))
    swell = 2.4 * rise - 0.8 + 0.4 * line(rng, width, kind=Kind.SMOOTH, zoom=3)
    outline: Field = (level - swing * swell).astype(np.float32)
    return outline


def _brightness(rng: np.random.Generator, lit: Field, depth: Field, height: int, near: float) -> Field:
    """How bright the sand is (rows, width): more on the lit side and near the crest, with ripples of wind."""
    rows, width = lit.shape
    soft = piece(rng, rows, width, kind=Kind.SMOOTH, zoom=1.6, stretch=2)
    place = depth * (height / (2.2 + 5 * near)) + 1.3 * soft + np.arange(width, dtype=np.float32) * 0.012
    ripples = np.sin(place * 2.2) * (max(0.0, near - 0.2) * 0.09)
    crest = 0.55 + 0.45 * np.clip(1 - depth * 2.2, 0, 1)
    bright: Field = 0.62 + 0.42 * lit * crest + ripples * (0.4 + 0.6 * lit) + 0.05 * soft
    return bright.astype(np.float32, copy=False)


def _dune(
    rng: np.random.Generator,
    picture: Picture,
    level: float,
    near: float,
    sand: Colour,
    light: Light,
    side: int,
) -> None:
    """One dune: an outline, and a winding crest that divides the lit side from the shaded one."""
    height, width = picture.shape[:2]
    swing = height * (0.02 + 0.075 * near) * rng.uniform(0.7, 1.4)
    peak, columns = rng.uniform(0.15, 0.85) * width, np.arange(width, dtype=np.float32)
    outline = _outline(rng, width, level, swing, peak)
    start = max(0, int(outline.min()) - 2)
    rows = height - start
    down = np.arange(start, height, dtype=np.float32)[:, None]
    depth = (down - outline[None, :]) / np.float32(height)
    wind = line(rng, rows, kind=Kind.SMOOTH, zoom=2.0 + 2 * near)
    steep, bend = np.float32(-side * rng.uniform(0.3, 1.1)), np.linspace(0.2, 1.6, rows, dtype=np.float32)
    slide = (down - np.float32(level - swing * 1.6)) * steep + (wind * bend)[:, None] * np.float32(
        width * 0.035
    )
    crest = (columns - np.float32(peak) - slide) * np.float32(side)
    lit = smoothstep(-width * 0.006, width * 0.006, crest)
    bright = _brightness(rng, lit, depth, height, near) * np.float32(0.32 + 0.68 * light.day)
    veil = np.float32(0.55 * (1 - near))
    body = blend(sand * COLD, sand, lit) * bright[..., None]
    body *= 1 - veil
    body += colour(light.haze) * np.float32(0.3 + 0.7 * light.day) * veil
    body += (piece(rng, rows, width, kind=Kind.GRAIN) * np.float32(0.025 * near))[..., None]
    over(picture[start:], body, below(rows, width, outline - start))
