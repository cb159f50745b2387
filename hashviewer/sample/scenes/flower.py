"""One flower close up before a garden out of focus."""

import math
from dataclasses import dataclass

import numpy as np

from hashviewer.sample.fields import Field, Kind, piece
from hashviewer.sample.paint import (
    Colour,
    Picture,
    blend,
    colour,
    fill,
    glow,
    mix,
    over,
    round_points,
    shaded,
    smoothstep,
    soften,
    vary,
)

PETALS = ("f7f5f0", "f4c430", "e0457b", "c2185b", "8e5bd0", "f2803a", "d62828", "f5a3c7", "6f7ee0", "fff2a8")
HEARTS = ("d99a1c", "5a3a1a", "f0c93a", "3a2a20", "b7c24a")
GARDENS = ("2f5d2f", "3d6b45", "51703a", "27504a", "6b7d4a", "3a4f5c", "5c4a3a")


@dataclass(frozen=True, slots=True)
class Form:
    """A form of flower: how many petals (from, below), in how many rings, how pointed, and how large its heart."""

    petals: tuple[int, int]
    rings: int
    pointed: float
    heart: float


FORMS = (
    Form((13, 24), 2, 0.55, 0.3),
    Form((5, 7), 1, 0.32, 0.16),
    Form((8, 12), 3, 0.5, 0.2),
    Form((7, 10), 5, 0.3, 0.06),
)


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One flower."""
    petal = vary(rng, colour(PETALS[int(rng.integers(len(PETALS)))]), 0.03)
    picture = _garden(rng, height, width, petal)
    short = min(height, width)
    x, y = width * rng.uniform(0.34, 0.66), height * rng.uniform(0.34, 0.58)
    radius = short * rng.uniform(0.26, 0.44)
    _stem(rng, picture, x, y, radius)
    _head(rng, picture, x, y, radius, petal)
    return picture


def _garden(rng: np.random.Generator, height: int, width: int, petal: Colour) -> Picture:
    """Leaves, light and other flowers, far out of focus."""
    green = vary(rng, colour(GARDENS[int(rng.integers(len(GARDENS)))]), 0.04)
    tone = piece(rng, height, width, kind=Kind.SMOOTH, zoom=1.2)
    picture = shaded(green, 1 + np.float32(0.3) * tone)
    for _ in range(int(rng.integers(6, 22))):
        spot = petal if rng.random() < 0.4 else mix(green, colour("eef5b0"), float(rng.uniform(0.1, 0.6)))
        size = rng.uniform(0.03, 0.11) * width
        points = round_points(rng.uniform(0, width), rng.uniform(0, height), size, size * rng.uniform(0.6, 1))
        fill(picture, points, vary(rng, spot, 0.04), share=float(rng.uniform(0.4, 0.9)))
    return soften(picture, float(rng.uniform(10, 22)))


def _stem(rng: np.random.Generator, picture: Picture, x: float, y: float, radius: float) -> None:
    height = picture.shape[0]
    green = vary(rng, colour("4d7a35"), 0.04)
    lean, thick = rng.uniform(-0.3, 0.3) * radius, radius * 0.05
    t = np.linspace(0, 1, 12)
    xs, ys = x + lean * t**2, y + (height + 10 - y) * t
    for shift, shade in ((0, 0.75), (-thick * 0.4, 1.1)):
        left = list(zip((xs - thick + shift).tolist(), ys.tolist(), strict=True))
        right = list(
            zip((xs + thick * (1 if shift == 0 else 0.2) + shift).tolist(), ys.tolist(), strict=True)
        )
        fill(picture, left + right[::-1], green * np.float32(shade))
    for side in (-1, 1):
        if rng.random() < 0.6:
            where = rng.uniform(0.5, 0.9)
            at = (float(np.interp(where, t, xs)), float(np.interp(where, t, ys)))
            reach = radius * rng.uniform(0.5, 0.9)
            points = round_points(
                at[0] + side * reach * 0.8, at[1] - reach * 0.25, reach, reach * 0.24, turn=-side * 0.5
            )
            fill(picture, points, vary(rng, green, 0.03))


def _head(
    rng: np.random.Generator, picture: Picture, x: float, y: float, radius: float, petal: Colour
) -> None:
    """Petals in rings from outside to inside, then the heart; computed in polar coordinates."""
    height, width = picture.shape[:2]
    top, bottom = max(0, int(y - radius * 1.1)), min(height, int(y + radius * 1.1))
    left, right = max(0, int(x - radius * 1.1)), min(width, int(x + radius * 1.1))
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    squash = rng.uniform(1.0, 1.45)
    tilt = rng.uniform(-0.6, 0.6)
    dx, dy = (xs - x) / radius, (ys - y) / radius
    u, v = dx * math.cos(tilt) + dy * math.sin(tilt), (dy * math.cos(tilt) - dx * math.sin(tilt)) * squash
    rho, phi = np.hypot(u, v).astype(np.float32), np.arctan2(v, u).astype(np.float32)
    form = FORMS[int(rng.integers(len(FORMS)))]
    heart = form.heart * float(rng.uniform(0.8, 1.25))
    part = picture[top:bottom, left:right]
    _petals(rng, part, rho, phi, petal, form, heart)
    _heart(rng, part, rho, heart)
    glow(picture, x - radius * 0.3, y - radius * 0.4, radius * 0.7, colour("fff4d8"), strength=0.08)


def _petals(
    rng: np.random.Generator, part: Picture, rho: Field, phi: Field, petal: Colour, form: Form, heart: float
) -> None:
    """Rings of petals from outside to inside, each casting a thin shadow on the ring below."""
    rough = piece(rng, part.shape[0], part.shape[1], kind=Kind.CLOUD, zoom=0.8)
    tip = mix(petal, colour("ffffff"), float(rng.uniform(0, 0.35)))
    base = petal * np.float32(rng.uniform(0.45, 0.8))
    count = int(rng.integers(*form.petals))
    for ring in range(form.rings):
        outer = 1.0 - 0.72 * ring / max(form.rings, 2)
        turn = rng.uniform(0, 2 * np.pi)
        angle = ((phi + turn) * (count / (2 * math.pi))) % 1.0 - 0.5  # -0.5…0.5 across a petal
        reach = outer * np.cos(angle * math.pi).clip(0, 1) ** form.pointed * (1 + 0.012 * rough)
        mask = smoothstep(0.012, -0.012, rho - reach)
        along = np.clip(rho / outer, 0, 1)
        fold = 1.0 - np.abs(angle) ** 1.5 - 0.045 * np.cos(angle * 40) * along + 0.05 * rough
        light = smoothstep(-0.02, 0.14, rho - heart) * (0.72 + 0.28 * (ring + 1) / form.rings)
        over(part, colour("000000"), smoothstep(0.07, 0.0, rho - reach) * np.float32(0.2) * (1 - mask))
        over(part, blend(base, tip, along * along) * (fold * light)[..., None], mask)


def _heart(rng: np.random.Generator, part: Picture, rho: Field, size: float) -> None:
    height, width = part.shape[:2]
    tone = vary(rng, colour(HEARTS[int(rng.integers(len(HEARTS)))]), 0.04)
    dots = piece(rng, height, width, kind=Kind.GRAIN, zoom=2.2)
    dome = np.clip(1 - (rho / size) ** 2, 0, 1)
    body = shaded(tone, 0.55 + 0.55 * dome + 0.22 * dots)
    over(part, body.astype(np.float32), smoothstep(size * 1.05, size * 0.93, rho + 0.012 * dots))
