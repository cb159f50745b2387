"""Boats before a row of houses, mirrored in the water."""

import numpy as np

from hashviewer.sample.fields import Kind, piece
from hashviewer.sample.nature import (
    CLEAR,
    DUSK,
    GOLDEN,
    GREY,
    MORNING,
    NOON,
    SUNSET,
    Light,
    below,
    choose,
    clouded_sky,
    reflect,
    ridge,
)
from hashviewer.sample.paint import Colour, Picture, colour, fill, glow, mix, over, vary
from hashviewer.sample.pen import Pen

HOUSES = ("c9503a", "e0b04a", "d98a5a", "e8dcc0", "6f8fa8", "8fae8a", "b86a6a", "f0e6d0", "a8623a", "5f7f9a")
HULLS = ("f4f2ea", "1f3a5c", "8c2a2a", "2f5f4f", "d9a83a", "3a3a40", "4f8ab0")


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One harbour."""
    light = choose(rng, (CLEAR, NOON, GOLDEN, MORNING, SUNSET, DUSK, GREY))
    water = int(height * rng.uniform(0.5, 0.66))
    picture = clouded_sky(rng, height, width, light, horizon=water / height)
    haze = colour(light.haze)
    far = ridge(rng, width, water - height * 0.08, height * 0.05, calm=2.5)
    over(picture, mix(haze, colour("3f5a5a"), 0.3), below(height, width, far))
    if rng.random() < 0.75:
        _houses(rng, picture, water, light)
    boats = sorted(rng.uniform(0.12, 1.0, int(rng.integers(2, 8))).tolist())
    behind = [near for near in boats if near < 0.45]
    for near in behind:
        _boat(rng, picture, rng.uniform(0, width), water + 2, height * 0.16 * (0.5 + near), light)
    tint = vary(rng, colour(("2f5f73", "24506a", "3a6a6a")[int(rng.integers(3))]), 0.02) * np.float32(
        0.3 + 0.7 * light.day
    )
    reflect(
        rng, picture, water, waves=float(rng.uniform(0.2, 1.3)), tint=tint, share=float(rng.uniform(0.2, 0.4))
    )
    for near in boats[len(behind) :]:
        base = water + (height - water) * (near - 0.35) * 0.95
        x, size = rng.uniform(0.05, 0.95) * width, height * 0.24 * (0.4 + near)
        _shade(rng, picture, x, base, size, light)
        _boat(rng, picture, x, base, size, light)
    return picture


def _houses(rng: np.random.Generator, picture: Picture, water: int, light: Light) -> None:
    """A row of narrow house fronts with gables, on a quay."""
    height, width = picture.shape[:2]
    day = np.float32(0.25 + 0.75 * light.day)
    x = -rng.uniform(0, 0.08) * width
    end = width * rng.uniform(0.55, 1.2)
    tall = height * rng.uniform(0.16, 0.3)
    quay = height * 0.022
    while x < end:
        wide, top = width * rng.uniform(0.06, 0.13), water - quay - tall * rng.uniform(0.7, 1.25)
        wall = mix(
            vary(rng, colour(HOUSES[int(rng.integers(len(HOUSES)))]), 0.03) * day, colour(light.haze), 0.15
        )
        fill(picture, [(x, water), (x, top), (x + wide, top), (x + wide, water)], wall)
        roof = mix(
            colour(("7a3a2a", "4a4a50", "8c5a3a")[int(rng.integers(3))]) * day, colour(light.haze), 0.15
        )
        fill(
            picture,
            [(x - 2, top), (x + wide / 2, top - wide * rng.uniform(0.35, 0.8)), (x + wide + 2, top)],
            roof,
        )
        _windows(rng, picture, (x, top, x + wide, water - quay), light)
        x += wide
    stone = colour("6a645c") * day
    fill(
        picture,
        [(0, water), (0, water - quay), (min(end, width), water - quay), (min(end, width), water)],
        stone,
    )
    rows = slice(max(0, int(water - tall * 1.6)), water)
    picture[rows] *= (1 + 0.04 * piece(rng, rows.stop - rows.start, width, kind=Kind.ROUGH))[..., None]


def _windows(
    rng: np.random.Generator, picture: Picture, front: tuple[float, float, float, float], light: Light
) -> None:
    """The windows of one house front (left, top, right, bottom), some lit in the evening."""
    left, top, right, bottom = front
    columns, floors = int(rng.integers(2, 4)), max(2, int((bottom - top) / (picture.shape[0] * 0.055)))
    wide, tall = (right - left) / columns, (bottom - top) / floors
    for row in range(floors):
        for column in range(columns):
            lit = light.day < 0.6 and rng.random() < 0.5
            pane = colour("ffd890") if lit else colour("26323c") * np.float32(0.5 + 0.5 * light.day)
            pen = Pen(picture, left + wide * (column + 0.5), top + tall * (row + 0.5), 1)
            pen.box(-wide * 0.24, -tall * 0.28, wide * 0.24, tall * 0.28, pane)


HULL = ((-0.5, -0.14), (0.56, -0.189), (0.41, 0), (-0.43, 0))
RAIL = ((-0.5, -0.14), (0.56, -0.189), (0.535, -0.151), (-0.485, -0.109))
KEEL = ((-0.43, 0), (0.41, 0), (0.435, -0.035), (-0.445, -0.035))
BOOM = ((0, -0.238), (-0.4, -0.245), (-0.4, -0.21), (0, -0.196))
CABIN = ((-0.25, -0.14), (-0.225, -0.41), (0.075, -0.41), (0.1, -0.14))
PANE = ((-0.18, -0.25), (-0.17, -0.36), (0.03, -0.36), (0.04, -0.25))
SAILS = ("f6f1e4", "f6f1e4", "d9533a", "e8c87a", "4a6f9c")


def _boat(
    rng: np.random.Generator, picture: Picture, x: float, base: float, size: float, light: Light
) -> None:
    """A sailing boat, sails set or not, or a fishing boat with a cabin."""
    day = np.float32(0.28 + 0.72 * light.day)
    hull: Colour = vary(rng, colour(HULLS[int(rng.integers(len(HULLS)))]), 0.03) * day
    pen = Pen(picture, x, base, size, 1 if rng.random() < 0.5 else -1)
    pen.shape(HULL, hull)
    pen.shape(RAIL, mix(hull, colour("ffffff") * day, 0.55))
    pen.shape(KEEL, hull * np.float32(0.5))
    wood = colour("5a4632") * day
    if rng.random() < 0.68:
        mast = float(rng.uniform(1.0, 1.5))
        pen.box(-0.01, -mast, 0.01, -0.14, wood)
        pen.shape(BOOM, wood)
        if rng.random() < 0.6:
            cloth = vary(rng, colour(SAILS[int(rng.integers(len(SAILS)))]), 0.02) * day
            main = ((-0.015, -mast * 0.97), (-0.4, -0.26), (-0.18, -0.28), (-0.015, -0.266))
            jib = ((0.015, -mast * 0.88), (0.31, -0.28), (0.5, -0.21), (0.02, -0.294))
            pen.shape(main, cloth)
            pen.shape(jib, cloth * np.float32(0.86))
    else:
        pen.shape(CABIN, mix(colour("f0ece0"), hull, 0.2) * day)
        pen.shape(PANE, colour("22303a"))
        pen.box(0.25, -0.56, 0.265, -0.14, wood)
    if light.day < 0.6:
        glow(picture, x, base - size * 0.31, size * 0.07, colour("ffd89a"), strength=0.8)


def _shade(
    rng: np.random.Generator, picture: Picture, x: float, base: float, size: float, light: Light
) -> None:
    """The dark broken mirror image under a boat."""
    dark = colour("101c24") * np.float32(0.4 + 0.6 * light.day)
    for step in range(9):
        y = base + size * 0.04 * step
        reach = size * 0.5 * (1 - 0.05 * step) * rng.uniform(0.6, 1.1)
        fill(
            picture,
            [
                (x - reach, y),
                (x + reach, y),
                (x + reach * 0.9, y + size * 0.03),
                (x - reach * 0.9, y + size * 0.03),
            ],
            dark,
            share=0.42 * (1 - step / 10),
        )
