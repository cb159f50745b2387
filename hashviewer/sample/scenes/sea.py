"""Open sea: calm, windy, at sunset, sometimes a beach or rocks."""

import numpy as np

from hashviewer.sample.fields import Kind, floor, line, piece
from hashviewer.sample.nature import (
    CLEAR,
    DUSK,
    GOLDEN,
    GREY,
    NOON,
    STORM,
    SUNSET,
    Light,
    below,
    choose,
    clouded_sky,
    reflect,
    ridge,
    sun,
)
from hashviewer.sample.paint import Picture, colour, mix, over, shaded, smoothstep, vary

WATERS = ("1d5b7a", "0f4a6b", "2a7f8a", "1b3f5c", "3a8fa0")


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One sea."""
    light = choose(rng, (CLEAR, NOON, GOLDEN, SUNSET, SUNSET, DUSK, GREY, STORM))
    horizon = int(height * rng.uniform(0.36, 0.62))
    picture = clouded_sky(rng, height, width, light, horizon=horizon / height)
    low = light in (SUNSET, GOLDEN, DUSK)
    x = width * float(rng.uniform(0.2, 0.8))
    if low:
        sun(
            picture,
            x,
            horizon - height * float(rng.uniform(-0.01, 0.16)),
            height * float(rng.uniform(0.025, 0.05)),
            light,
        )
    if rng.random() < 0.35:
        far = ridge(rng, width, horizon - height * 0.02, height * 0.03, calm=2)
        over(picture, mix(colour(light.haze), colour("2a3440"), 0.45), below(height, width, far))
    water = vary(rng, colour(WATERS[int(rng.integers(len(WATERS)))]), 0.03) * np.float32(
        0.3 + 0.7 * light.day
    )
    waves = float(rng.uniform(0.5, 3.0))
    reflect(rng, picture, horizon, waves=waves, tint=water, share=0.62 if light.day > 0.6 else 0.4)
    if low:
        _glitter(rng, picture, horizon, x, light)
    if waves > 1.7:
        _foam(rng, picture, horizon, light)
    shore = rng.random()
    if shore < 0.45:
        _beach(rng, picture, light)
    elif shore < 0.7:
        _rocks(rng, picture, light)
    return picture


def _glitter(rng: np.random.Generator, picture: Picture, horizon: int, x: float, light: Light) -> None:
    """The sun's path on the water."""
    height, width = picture.shape[:2]
    rows = height - horizon
    sparkle = floor(rng, rows, width, kind=Kind.ROUGH, size=1.0, depth=10, stretch=3)
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    breadth = width * (0.03 + 0.14 * depth)
    path = np.exp(-(((np.arange(width)[None, :] - x) / breadth) ** 2)).astype(np.float32)
    light_there = path * smoothstep(0.2, 1.6, sparkle) * (1 - 0.4 * depth)
    picture[horizon:] += shaded(colour(light.sun), light_there * np.float32(0.95))


def _foam(rng: np.random.Generator, picture: Picture, horizon: int, light: Light) -> None:
    """White crests."""
    height, width = picture.shape[:2]
    rows = height - horizon
    crest = floor(rng, rows, width, kind=Kind.CLOUD, size=1.4, depth=9, stretch=5)
    speck = piece(rng, rows, width, kind=Kind.ROUGH, stretch=2)
    over(
        picture[horizon:],
        colour("eef4f4") * np.float32(0.35 + 0.65 * light.day),
        smoothstep(1.2, 2.2, crest + 0.5 * speck) * np.float32(0.75),
    )


def _beach(rng: np.random.Generator, picture: Picture, light: Light) -> None:
    height, width = picture.shape[:2]
    day = np.float32(0.3 + 0.7 * light.day)
    sand = vary(rng, colour(("d9bf94", "cfae7c", "e3d2b0", "8c7a66")[int(rng.integers(4))]), 0.02) * day
    slope = np.linspace(-1, 1, width) * height * rng.uniform(-0.12, 0.12)
    edge = (
        height * rng.uniform(0.74, 0.86)
        + slope
        + height * 0.018 * line(rng, width, kind=Kind.SMOOTH, zoom=2.5)
    ).astype(np.float32)
    grain = piece(rng, height, width, kind=Kind.ROUGH, stretch=2)
    wet = below(height, width, edge, soft=height * 0.12)
    body = shaded(sand, (1 + 0.09 * grain) * (0.62 + 0.38 * wet))
    over(picture, body, below(height, width, edge, soft=5))
    rows = np.arange(height, dtype=np.float32)[:, None]
    near = (rows - edge[None, :]) / np.float32(height * 0.014) + 0.9 * grain
    over(picture, colour("ffffff") * np.float32(0.4 + 0.6 * light.day), np.exp(-(near**2)) * np.float32(0.85))


def _rocks(rng: np.random.Generator, picture: Picture, light: Light) -> None:
    height, width = picture.shape[:2]
    tone = vary(rng, colour("3a3632"), 0.02) * np.float32(0.45 + 0.55 * light.day)
    stone = piece(rng, height, width, kind=Kind.ROUGH)
    for _ in range(int(rng.integers(2, 6))):
        base, middle = height * rng.uniform(0.78, 1.0), width * rng.uniform(0, 1)
        shape = np.exp(-(((np.arange(width) - middle) / (width * rng.uniform(0.05, 0.18))) ** 2))
        outline = base - height * rng.uniform(0.1, 0.26) * shape * (
            1 + 0.25 * line(rng, width, kind=Kind.CLOUD, zoom=0.6)
        )
        rows = np.arange(height, dtype=np.float32)[:, None]
        mask = below(height, width, outline.astype(np.float32)) * (rows < base) * (shape > 0.08)[None, :]
        lit = np.clip(1.15 - (rows - outline[None, :]) / np.float32(height * 0.2), 0.4, 1.2)
        over(picture, shaded(tone, lit * (1 + 0.3 * stone)), mask.astype(np.float32))
