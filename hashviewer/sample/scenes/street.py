"""A city street that runs to a vanishing point, by day, in the evening, in rain."""

from dataclasses import dataclass

import numpy as np

from hashviewer.sample.fields import Field, Kind, floor, piece
from hashviewer.sample.nature import CLEAR, DUSK, GOLDEN, GREY, STORM, Light, choose, clouded_sky
from hashviewer.sample.paint import (
    Colour,
    Picture,
    colour,
    fill,
    glow,
    mix,
    over,
    shaded,
    smoothstep,
    soften,
    vary,
)
from hashviewer.sample.pen import Pen

WALLS = ("8c6a56", "b09a80", "7d7f86", "a3553f", "c9b79a", "5f6b78", "94826d", "d0c8ba", "6a4a3f")
NIGHT = Light(((0, "070b18"), (0.6, "141a33"), (1, "3a3350")), "ffd9a0", "2b2a40", "2a2c40", "0c0f1c", 0.14)


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera looks: the vanishing point (x, y) px, half the street's breadth at distance 1, px."""

    x: float
    y: float
    breadth: float


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One street."""
    light = choose(rng, (CLEAR, GOLDEN, GREY, STORM, DUSK, DUSK, NIGHT, NIGHT, NIGHT))
    view = View(
        width * rng.uniform(0.36, 0.64), height * rng.uniform(0.5, 0.64), width * rng.uniform(0.3, 0.5)
    )
    picture = clouded_sky(rng, height, width, light, horizon=view.y / height)
    for side in (-1, 1):
        _facades(rng, picture, view, side, light)
    _road(rng, picture, view, light)
    if light.day < 0.5:
        _lamps(rng, picture, view)
        _traffic(rng, picture, view)
    else:
        _cars(rng, picture, view, light)
    return picture


def _facades(rng: np.random.Generator, picture: Picture, view: View, side: int, light: Light) -> None:
    """One row of houses: each pixel's ray meets the wall at a distance `z`, which gives house, floor, window."""
    height, width = picture.shape[:2]
    columns = np.arange(width, dtype=np.float32)
    away = (columns - view.x) * side
    seen = np.flatnonzero(away > 3)
    z = (view.breadth / away[seen]).astype(np.float32)  # (n,) distance of the wall in each column
    house = np.minimum((z * rng.uniform(0.9, 1.6) + rng.uniform(0, 1)).astype(np.int64), 63)
    tall = rng.uniform(0.8, 2.6, 64).astype(np.float32)[house]
    tones = np.stack([vary(rng, colour(WALLS[int(i)]), 0.03) for i in rng.integers(0, len(WALLS), 64)])[house]
    up = (view.y - np.arange(height, dtype=np.float32))[:, None] * z / np.float32(view.breadth)  # on the wall
    rough = np.float32(0.08) * piece(rng, height, len(seen), kind=Kind.ROUGH)
    wall = tones[None] * (1 + rough)[..., None]
    wall *= np.float32((0.12 + 0.88 * light.day) * (1.0 if side < 0 else 0.78))
    _windows(rng, wall, z, up, tall, light)
    fade = 1 - np.exp(-np.maximum(z - 1, 0) * np.float32(0.16))
    over(wall, colour(light.haze), fade[None, :] * np.float32(0.9))
    part = picture[:, seen]
    over(part, wall, smoothstep(0.0, 0.02, tall - up) * smoothstep(-0.36, -0.34, up))
    picture[:, seen] = part


def _windows(rng: np.random.Generator, wall: Picture, z: Field, up: Field, tall: Field, light: Light) -> None:
    """Windows and shops on a wall (height, n, 3), for its distances `z` (n,) and heights `up` (height, n)."""
    evening = light.day < 0.5
    rise, u = up / np.float32(0.24), z * np.float32(rng.uniform(6, 9))
    row, column = np.floor(rise).astype(np.int64), np.floor(u).astype(np.int64)
    window = _pane(rise - row, 0.25, 0.8) * _pane(u - column, 0.22, 0.78) * (up > 0.24) * (up < tall - 0.1)
    pick = rng.random((64, 256), dtype=np.float32)[row % 64, column % 256]
    dark = mix(colour("10151c"), colour(light.haze), light.day * 0.35)
    lit = vary(rng, colour("ffcf85"), 0.05)
    on = pick < (0.55 if evening else 0.03)
    over(wall, dark, window * ~on)
    over(wall, shaded(lit, np.float32(0.55) + np.float32(0.6) * pick), window * on)
    shop = _pane(u * np.float32(0.5) % 1, 0.08, 0.92) * (up > 0.02) * (up < 0.2)
    over(wall, lit if evening else dark * np.float32(1.4), shop * np.float32(0.8 if evening else 0.6))


def _pane(place: Field, low: float, high: float) -> Field:
    return ((place > low) & (place < high)).astype(np.float32)


def _road(rng: np.random.Generator, picture: Picture, view: View, light: Light) -> None:
    """Asphalt with kerbs, pavement and markings; wet at night."""
    height, width = picture.shape[:2]
    start = int(view.y) + 1
    rows = height - start
    depth = np.arange(1, rows + 1, dtype=np.float32)[:, None]
    across = (np.arange(width, dtype=np.float32) - view.x)[None, :] / depth
    lane = across * np.float32(
        0.35
    )  # 1 at the walls, whose foot lies at 0.35 of their distance from the middle
    asphalt = floor(rng, rows, width, kind=Kind.ROUGH, size=1.2, depth=9)
    day = np.float32(0.25 + 0.75 * light.day)
    road = shaded(colour("4c4d52") * day, 1 + np.float32(0.12) * asphalt)
    over(road, colour("8d8a84") * day, smoothstep(0.74, 0.76, np.abs(lane)))
    over(road, colour("b8b4ab") * day, _pane(np.abs(lane), 0.72, 0.76))
    dashes = ((height * 2.2 / depth + rng.uniform(0, 1)) % 1 < 0.5) * _pane(np.abs(lane), -1, 0.022)
    over(road, colour("e8e4d8") * day, (dashes * 0.85).astype(np.float32))
    if light.day < 0.6 and rng.random() < 0.8:
        mirror = picture[np.clip(start - (np.arange(rows) * start // rows), 0, start - 1)]
        mirror = soften(mirror, 5)
        over(
            road,
            mirror,
            np.float32(0.5) * smoothstep(0.8, 0.6, np.abs(lane)) * (0.8 + 0.2 * np.clip(asphalt, -1, 1)),
        )
    over(road, colour(light.haze), np.exp(-depth / (height * 0.05)).repeat(width, axis=1) * np.float32(0.8))
    over(picture[start:], road, smoothstep(1.02, 0.99, np.abs(lane)))


def _lamps(rng: np.random.Generator, picture: Picture, view: View) -> None:
    tint = vary(rng, colour("ffc070"), 0.05)
    for z in np.arange(1.2, 9, rng.uniform(0.7, 1.2)):
        for side in (-1, 1):
            x, foot = view.x + side * view.breadth * 0.72 / z, view.y + view.breadth * 0.3 / z
            top = view.y - view.breadth * 0.5 / z
            thick = 3.2 / z
            fill(
                picture,
                [(x - thick, foot), (x + thick, foot), (x + thick * 0.6, top), (x - thick * 0.6, top)],
                colour("14161c"),
            )
            glow(picture, x - side * 9 / z, top, 26 / z + 3, tint, strength=0.7)
            glow(picture, x - side * 9 / z, top, 7 / z + 1.5, colour("fff4dd"), strength=1.2)


def _traffic(rng: np.random.Generator, picture: Picture, view: View) -> None:
    """Head lamps on one side, tail lamps on the other."""
    for _ in range(int(rng.integers(4, 14))):
        z = float(rng.uniform(1.3, 8))
        side = 1 if rng.random() < 0.5 else -1
        lamp = colour("ff3b28") if side > 0 else colour("fff3d6")
        x, y = view.x + side * view.breadth * rng.uniform(0.15, 0.42) / z, view.y + view.breadth * 0.22 / z
        gap = view.breadth * 0.07 / z
        Pen(picture, x, y, gap * 1.45).shape(CAR, colour("0c0d12"))
        for shift in (-gap, gap):
            glow(picture, x + shift, y, gap * 0.9 + 1.5, lamp, strength=0.9)
            glow(picture, x + shift, y + gap * 2.5, gap * 1.4 + 1, lamp, strength=0.25)


CARS = ("b02a2a", "2a4f9a", "d8d8d8", "1c1c20", "d9a520", "3d6b4f")
CAR = ((-1, 0.2), (1, 0.2), (1, -0.4), (0.75, -1.05), (-0.75, -1.05), (-1, -0.4))
CAR_GLASS = ((-0.8, -0.42), (0.8, -0.42), (0.66, -0.95), (-0.66, -0.95))
CAR_SHADOW = ((-1.1, 0.3), (1.1, 0.3), (1.15, 0.45), (-1.15, 0.45))


def _cars(rng: np.random.Generator, picture: Picture, view: View, light: Light) -> None:
    """Parked and driving cars, far ones first."""
    for z in sorted(rng.uniform(1.3, 7, int(rng.integers(3, 9))).tolist(), reverse=True):
        side = 1 if rng.random() < 0.5 else -1
        x, y = view.x + side * view.breadth * rng.uniform(0.2, 0.55) / z, view.y + view.breadth * 0.26 / z
        pen = Pen(picture, x, y, view.breadth * 0.13 / z)
        tone: Colour = vary(rng, colour(CARS[int(rng.integers(len(CARS)))]), 0.03)
        tone = mix(tone * np.float32(0.3 + 0.7 * light.day), colour(light.haze), min(0.7, z * 0.06))
        pen.shape(CAR_SHADOW, colour("101114"), share=0.6)
        pen.shape(CAR, tone)
        pen.shape(CAR_GLASS, colour("20262e"))
        for shift in (-0.75, 0.75):
            lamp = colour("f0e6c8") if side < 0 else colour("a81818")
            pen.box(shift - 0.16, -0.22, shift + 0.16, -0.02, lamp)
            pen.box(shift - 0.2, 0.11, shift + 0.2, 0.45, colour("121214"))
