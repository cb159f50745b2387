"""Fruit on a table by a window: shaded balls with soft shadows, sometimes in a bowl."""

import math
from dataclasses import dataclass

import numpy as np

from hashviewer.sample.fields import Kind, piece
from hashviewer.sample.paint import (
    Colour,
    Mask,
    Picture,
    blend,
    colour,
    ellipse,
    mix,
    over,
    polygon,
    round_points,
    shaded,
    smoothstep,
    soften_mask,
    vary,
)


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of fruit: its colours (body, blush), size, how long it is, and how rough its skin."""

    body: str
    blush: str
    size: float
    long: float = 1.0
    rough: float = 0.03
    shine: float = 0.5


SORTS = (
    Sort("ef8a1d", "f2a63a", 1.0, rough=0.07),  # orange
    Sort("b9212b", "e0b040", 1.0, long=0.94, shine=0.8),  # red apple
    Sort("8fb63a", "c9c04a", 1.0, long=0.94, shine=0.8),  # green apple
    Sort("f0d02c", "f7e26a", 0.84, long=1.3, rough=0.05),  # lemon
    Sort("5c2a5e", "7f4a86", 0.66, long=1.1, shine=0.35),  # plum
    Sort("f0a07a", "d8583e", 0.92, rough=0.02, shine=0.1),  # peach
    Sort("7ea83a", "4f7a2a", 0.72, long=1.1, rough=0.05),  # lime
    Sort("d9b13c", "b8862a", 1.0, long=0.85, rough=0.03),  # pear-like quince
    Sort("8c1f2f", "4d1220", 0.55, shine=1.0),  # cherry
)
WALLS = ("3c3f42", "6d6255", "8a8f84", "2e2a2c", "b8ac98", "4a5a60", "7a4f3f")
TABLES = ("7a4f30", "9c7148", "5a3a26", "c2a57c", "d8d2c4", "3d3a38")


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One still life."""
    edge = int(height * rng.uniform(0.42, 0.6))
    lamp = float(rng.uniform(-0.8, 0.8))
    picture = _room(rng, height, width, edge, lamp)
    count = int(rng.integers(3, 10))
    kinds = [SORTS[int(i)] for i in rng.integers(0, len(SORTS), int(rng.integers(1, 4)))]
    unit = min(height, width) * rng.uniform(0.1, 0.17)
    bowl = rng.random() < 0.45
    middle = width * rng.uniform(0.4, 0.6)
    base = height * rng.uniform(0.72, 0.84)
    if bowl:
        _bowl(rng, picture, middle, base, unit * 2.6, back=True, lamp=lamp)
    places = []
    for _ in range(count):
        x = middle + unit * (rng.uniform(-1.9, 1.9) if bowl else rng.normal(0, 2.1))
        y = base - unit * (rng.uniform(0.8, 2.1) if bowl else rng.uniform(-0.9, 1.5))
        places.append((y, x))
    for y, x in sorted(places):
        _fruit(rng, picture, x, y, unit, kinds[int(rng.integers(len(kinds)))], lamp=lamp, standing=not bowl)
    if bowl:
        _bowl(rng, picture, middle, base, unit * 2.6, back=False, lamp=lamp)
    return picture


def _room(rng: np.random.Generator, height: int, width: int, edge: int, lamp: float) -> Picture:
    """A wall in falling light and a table top of wood or cloth."""
    wall = vary(rng, colour(WALLS[int(rng.integers(len(WALLS)))]), 0.02)
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    light = 0.9 + 0.4 * across * np.float32(lamp) - 0.15 * down
    stain = piece(rng, height, width, kind=Kind.SMOOTH)
    picture = shaded(wall, light * (1 + 0.05 * stain))
    table = vary(rng, colour(TABLES[int(rng.integers(len(TABLES)))]), 0.02)
    rows = height - edge
    grain = piece(rng, rows, width, kind=Kind.ROUGH, stretch=float(rng.choice([1.5, 8, 12])))
    lit = (1 + 0.13 * grain) * (light[edge:] * 0.55 + 0.6)
    picture[edge:] = shaded(table, lit.astype(np.float32, copy=False))
    seam = np.exp(-((np.arange(height, dtype=np.float32)[:, None] - edge) ** 2) / 12)
    picture *= 1 - 0.4 * seam[..., None]
    return picture


def _fruit(
    rng: np.random.Generator,
    picture: Picture,
    x: float,
    y: float,
    unit: float,
    sort: Sort,
    *,
    lamp: float,
    standing: bool,
) -> None:
    """One ball of fruit, lit from the lamp's side, with its shadow on the table."""
    height, width = picture.shape[:2]
    radius = unit * sort.size * rng.uniform(0.9, 1.1)
    turn = rng.uniform(-0.5, 0.5) if sort.long > 1 else rng.normal(0, 0.1)
    if standing:
        _shadow(picture, x - lamp * radius * 0.7, y + radius * 0.82, radius * 1.15, radius * 0.34)
    reach = radius * max(sort.long, 1) + 3
    top, bottom = max(0, int(y - reach)), min(height, int(y + reach))
    left, right = max(0, int(x - reach)), min(width, int(x + reach))
    if bottom - top < 4 or right - left < 4:
        return
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    dx, dy = (xs - x) / radius, (ys - y) / radius
    u, v = (dx * math.cos(turn) + dy * math.sin(turn)) / sort.long, dy * math.cos(turn) - dx * math.sin(turn)
    rho = u * u + v * v
    z = np.sqrt(np.clip(1 - rho, 0, 1))
    skin = piece(rng, *rho.shape, kind=Kind.ROUGH)
    blush = piece(rng, *rho.shape, kind=Kind.SMOOTH)
    facing = np.clip(u * lamp * 0.75 - v * 0.55 + z * 0.62, 0, 1.2)
    facing += np.clip(v * 0.8 - z * 0.1, 0, 1) * 0.23  # light from the table
    body, second = vary(rng, colour(sort.body), 0.03), colour(sort.blush)
    tone = blend(body, second, np.clip(0.35 + 0.4 * blush, 0, 1))
    lit = tone * ((0.16 + 0.95 * facing) * (1 + sort.rough * skin))[..., None]
    shine = np.exp(-((u - lamp * 0.42) ** 2 + (v + 0.42) ** 2) / 0.018) * sort.shine
    lit += (shine * 0.75)[..., None]
    mask, part = smoothstep(1 + 2.5 / radius, 1 - 1.5 / radius, rho), picture[top:bottom, left:right]
    over(part, lit.astype(np.float32), mask)
    stalk = np.exp(-(u**2) / 0.02 - (v + 0.86) ** 2 / 0.01)
    over(part, colour("3a2a1a"), (stalk * mask * 0.8).astype(np.float32))


def _shadow(picture: Picture, x: float, y: float, across: float, down: float) -> None:
    height, width = picture.shape[:2]
    top, bottom = max(0, int(y - down * 3)), min(height, int(y + down * 3))
    left, right = max(0, int(x - across * 2)), min(width, int(x + across * 2))
    if bottom - top < 4 or right - left < 4:
        return
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    away = ((xs - x) / across) ** 2 + ((ys - y) / down) ** 2
    picture[top:bottom, left:right] *= (1 - 0.72 * np.exp(-(away**1.2)))[..., None].astype(np.float32)


def _bowl(
    rng: np.random.Generator, picture: Picture, x: float, base: float, size: float, *, back: bool, lamp: float
) -> None:
    """The inside of a bowl, or its outer side that hides the lower half of the fruit."""
    height, width = picture.shape[:2]
    rim = base - size * 0.42
    opening = (x - size, rim - size * 0.2, x + size, rim + size * 0.2)
    tone: Colour = colour(("e8e4da", "3f6f8f", "a8553a", "d9c9a3", "2f3a3a")[int(abs(x * 7) % 5)])
    if back:
        _shadow(picture, x - lamp * size * 0.3, base + size * 0.16, size * 0.95, size * 0.2)
        inside = ellipse(height, width, opening)
        over(picture, mix(tone, colour("000000"), 0.45), inside)
        return
    t = np.linspace(0, np.pi, 40)
    lower = list(
        zip((x + size * np.cos(t)).tolist(), (rim + size * 0.62 * np.sin(t) ** 0.8).tolist(), strict=True)
    )
    front = list(zip((x - size * np.cos(t)).tolist(), (rim + size * 0.2 * np.sin(t)).tolist(), strict=True))
    mask: Mask = polygon(height, width, lower + front)
    across = np.linspace(-x / size, (width - x) / size, width, dtype=np.float32)[None, :]
    shade = np.clip(0.75 + 0.45 * across * lamp - 0.35 * across**2, 0.2, 1.2)
    over(picture, shaded(tone, np.repeat(shade, height, axis=0)), mask)
    lip = soften_mask(polygon(height, width, front + round_points(x, rim + 3, size, size * 0.2)[1:14]), 1)
    over(picture, mix(tone, colour("ffffff"), 0.6), lip * np.float32(0.5) * mask)
