"""Trunks in the mist, with light falling through the crowns."""

import numpy as np

from hashviewer.sample.fields import Field, Kind, floor, line, piece
from hashviewer.sample.paint import Colour, Picture, colour, mix, over, ramp, shaded, smoothstep, vary

MOODS = (  # mist above, mist below, bark, ground, leaves
    ("dfe8b8", "8fae6a", "3a3226", "4a5a2a", "5f8a2e"),
    ("d4dde0", "93a5a8", "2f3234", "4a4f45", "4f6a55"),
    ("ffe6a8", "b8924a", "3d2a1c", "5f4a26", "8f8a2a"),
    ("bcd8c8", "4f7f68", "24302a", "2f4a30", "2f7048"),
    ("cfd8ea", "7f8fb0", "2a2c38", "3f4550", "445c68"),
)


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One forest."""
    high, low, bark, ground, leaf = (colour(text) for text in MOODS[int(rng.integers(len(MOODS)))])
    high, ground = vary(rng, high, 0.03), vary(rng, ground, 0.03)
    horizon = int(height * rng.uniform(0.55, 0.74))
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    mist = piece(rng, height, width, kind=Kind.SMOOTH, zoom=1.4)
    picture: Picture = (high + (low - high) * down) * (1 + np.float32(0.07) * mist)[..., None]
    _crowns(rng, picture, mix(leaf, high, 0.72), 0.5)
    _ground(rng, picture, horizon, ground, low)
    furrows = piece(rng, height, width, kind=Kind.ROUGH, stretch=0.25)
    layers = 4
    for layer in range(layers):
        near = (layer + 1) / layers
        tone = mix(mix(high, low, 0.5), bark, near**1.2)
        count = int(rng.integers(3, 6)) if layer == layers - 1 else int(rng.integers(7, 16))
        for _ in range(count):
            _trunk(rng, picture, horizon, near, tone, furrows)
        if layer in (1, 2):
            _crowns(rng, picture, mix(mix(high, low, 0.4), leaf, near), 0.35 + 0.2 * rng.random())
    if rng.random() < 0.65:
        _rays(rng, picture, high)
    return picture


def _trunk(
    rng: np.random.Generator, picture: Picture, horizon: int, near: float, tone: Colour, bark: Field
) -> None:
    height, width = picture.shape[:2]
    thick = width * 0.012 * (0.5 + 3.2 * near**2.2) * rng.uniform(0.7, 1.4)
    middle = rng.uniform(-0.02, 1.02) * width
    foot = int(min(height, horizon + (height - horizon) * (0.05 + 0.85 * near**2) * rng.uniform(0.8, 1.2)))
    rows = np.arange(foot, dtype=np.float32)
    lean = rng.normal(0, 0.03)
    path = middle + (foot - rows) * lean + thick * 0.25 * line(rng, foot, kind=Kind.SMOOTH, zoom=2)
    flare = thick * (0.8 + 0.25 * rows / foot + 0.6 * np.exp((rows - foot) / (height * 0.02)))
    left, right = max(0, int(path.min() - thick * 2)), min(width, int(path.max() + thick * 2) + 2)
    if right - left < 3:
        return
    columns = np.arange(left, right, dtype=np.float32)[None, :]
    across = (columns - path[:, None]) / (flare[:, None] * 0.5)
    mask = np.clip((1 - np.abs(across)) * flare[:, None] * 0.5 + 0.5, 0, 1).astype(np.float32)
    shade = 0.62 + 0.5 * np.clip(across * 0.6 + 0.4, 0, 1)
    if near > 0.4:
        shade = shade * (1 + np.float32(0.3 * near) * bark[:foot, left:right])
    over(picture[:foot, left:right], shaded(tone, shade), mask)


def _crowns(rng: np.random.Generator, picture: Picture, tone: Colour, reach: float) -> None:
    """Leaves that fill the upper part."""
    height, width = picture.shape[:2]
    rows = int(height * min(1.0, reach + 0.25))
    leaves = piece(rng, rows, width, kind=Kind.ROUGH, zoom=1.5)
    clumps = piece(rng, rows, width, kind=Kind.SMOOTH, zoom=0.9)
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    mask = smoothstep(0.1, 0.7, 0.55 * leaves + 0.8 * clumps + 0.9 - down * 2.4)
    shade = 1 + 0.28 * leaves + 0.1 * clumps
    over(picture[:rows], shaded(tone, shade), mask * np.float32(0.92))


def _ground(rng: np.random.Generator, picture: Picture, horizon: int, ground: Colour, mist: Colour) -> None:
    height, width = picture.shape[:2]
    rows = height - horizon
    litter = floor(rng, rows, width, kind=Kind.ROUGH, size=1.5, depth=6, stretch=1.5)
    patches = floor(rng, rows, width, kind=Kind.CLOUD, size=1.5, depth=6, stretch=2)
    body = shaded(ground, 1 + 0.26 * litter + 0.15 * patches)
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    if rng.random() < 0.4:
        bend = width * rng.uniform(0.35, 0.65) + width * 0.16 * np.sin(depth * 3 + rng.uniform(0, 6)) * (
            1 - depth
        )
        way = np.abs(np.arange(width)[None, :] - bend) / (width * (0.02 + 0.2 * depth))
        path = ramp(np.clip(0.5 + 0.15 * litter, 0, 1), ((0, "6f5a42"), (1, "b59a76")))
        over(body, path, smoothstep(1.15, 0.8, way + 0.12 * litter) * np.float32(0.85))
    over(body, mist, (np.exp(-depth * 4.5) * 0.9).repeat(width, axis=1).astype(np.float32))
    over(
        picture[horizon:],
        body.astype(np.float32),
        np.float32(1) * smoothstep(0, 0.05, depth).repeat(width, axis=1),
    )


def _rays(rng: np.random.Generator, picture: Picture, light: Colour) -> None:
    """Sunbeams from a point above the picture."""
    height, width = picture.shape[:2]
    x, y = rng.uniform(-0.2, 1.2) * width, -height * rng.uniform(0.1, 0.5)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = np.arctan2(xs - np.float32(x), ys - np.float32(y))
    beams = line(rng, 1024, kind=Kind.CLOUD, zoom=9)
    place = ((angle + np.pi) / (2 * np.pi) * 1023 * 5).astype(np.int64) % 1024
    fall = np.linspace(1, 0.15, height, dtype=np.float32)[:, None]
    picture += shaded(light, np.clip(beams[place] - 0.2, 0, 1.6) * fall * np.float32(0.2))
