"""Stars: the milky way, the moon, trails, the northern lights."""

import numpy as np

from hashviewer.sample.fields import Kind, line, piece
from hashviewer.sample.nature import below, conifer, ridge
from hashviewer.sample.paint import Picture, Stops, blend, colour, glow, over, shaded, sky, smoothstep

SKIES: tuple[Stops, ...] = (
    ((0, "04060f"), (0.6, "0c1430"), (1, "27406b")),
    ((0, "050510"), (0.6, "16122f"), (1, "5a3350")),
    ((0, "020812"), (0.6, "06223a"), (1, "1c5a66")),
    ((0, "03040a"), (0.7, "111522"), (1, "5d4a35")),
)


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One night."""
    picture = sky(height, width, SKIES[int(rng.integers(len(SKIES)))])
    what = ("milky way", "milky way", "moon", "trails", "aurora")[int(rng.integers(5))]
    if what == "trails":
        _trails(rng, picture)
    else:
        _stars(rng, picture, int(rng.integers(500, 1500)) if what != "moon" else 250)
    if what == "milky way":
        _milky_way(rng, picture)
    if what == "aurora":
        _aurora(rng, picture)
    if what == "moon":
        _moon(rng, picture)
    _ground(rng, picture)
    return picture


def _stars(rng: np.random.Generator, picture: Picture, count: int) -> None:
    height, width = picture.shape[:2]
    ys, xs = rng.integers(0, height - 1, count), rng.integers(0, width - 1, count)
    power = (rng.pareto(1.7, count) * 0.16 + 0.1).clip(0, 1.5).astype(np.float32)
    tint = 1 + rng.normal(0, 0.12, (count, 1)) * np.array([1, 0, -1])
    light = (power[:, None] * tint).astype(np.float32)
    np.add.at(picture, (ys, xs), light)
    np.add.at(picture, (ys, xs + 1), light * 0.5)
    np.add.at(picture, (ys + 1, xs), light * 0.5)
    for i in np.argsort(-power)[:14]:
        glow(picture, float(xs[i]), float(ys[i]), 2.6, light[i].clip(0, 1), strength=1.0)


def _milky_way(rng: np.random.Generator, picture: Picture) -> None:
    height, width = picture.shape[:2]
    turn = rng.uniform(-1.2, 1.2) + np.pi / 2
    x0, y0 = rng.uniform(0.3, 0.7) * width, rng.uniform(0.25, 0.5) * height
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    away = (xs - x0) * np.float32(-np.sin(turn)) + (ys - y0) * np.float32(np.cos(turn))
    cloud = piece(rng, height, width, kind=Kind.CLOUD, zoom=1.3)
    dust = piece(rng, height, width, kind=Kind.CLOUD, zoom=1.1)
    breadth = np.float32(height * rng.uniform(0.11, 0.2))
    band = np.exp(-((away / breadth + 0.3 * cloud) ** 2))
    lane = np.exp(-((away / (breadth * 0.3) + 0.9 * dust) ** 2))
    light = band * (0.55 + 0.25 * cloud) * (1 - 0.75 * lane)
    warm, cold = colour("d9b8a0"), colour("8fa6d8")
    picture += blend(cold, warm, np.clip(band, 0, 1)) * (light * np.float32(0.62))[..., None]
    specks = piece(rng, height, width, kind=Kind.GRAIN)
    picture += (np.clip(specks - 2.0, 0, 1) * band * 0.9)[..., None]


def _moon(rng: np.random.Generator, picture: Picture) -> None:
    height, width = picture.shape[:2]
    radius = height * rng.uniform(0.03, 0.13)
    x, y = rng.uniform(0.15, 0.85) * width, rng.uniform(0.12, 0.55) * height
    tint = colour(("f4f1e4", "f7e3b4", "f0c79a")[int(rng.integers(3))])
    glow(picture, x, y, radius * 5, tint, strength=0.16)
    glow(picture, x, y, radius * 2, tint, strength=0.35)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    dx, dy = (xs - x) / radius, (ys - y) / radius
    disc = smoothstep(1.0 + 1 / radius, 1.0 - 1 / radius, np.hypot(dx, dy))
    phase = float(rng.choice([-3.0, -0.45, 0.4, 3.0]))
    edge = phase * np.sqrt(np.clip(1 - dy * dy, 0, 1))
    lit = smoothstep(-0.12, 0.12, dx + edge) if phase > 0 else smoothstep(0.12, -0.12, dx + edge * -1 - 0.9)
    seas = piece(rng, height, width, kind=Kind.SMOOTH, zoom=max(0.7, radius / 60))
    over(picture, shaded(tint, 0.92 - 0.13 * seas), disc * np.maximum(lit, 0.05))
    haze = piece(rng, height, width, kind=Kind.CLOUD, zoom=1.6, stretch=4)
    over(picture, colour("3b4560"), smoothstep(0.6, 2.2, haze) * np.float32(0.6))


def _trails(rng: np.random.Generator, picture: Picture) -> None:
    height, width = picture.shape[:2]
    x0, y0 = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.75) * height
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    away = np.hypot(xs - np.float32(x0), ys - np.float32(y0))
    angle = np.arctan2(ys - np.float32(y0), xs - np.float32(x0))
    ring = (away * 0.8).astype(np.int64)
    size = int(ring.max()) + 1
    length = rng.uniform(0.5, 1.6)
    for _ in range(3):
        start = rng.uniform(-np.pi, np.pi, size)
        power = (rng.pareto(2.0, size) * 0.25).clip(0, 0.95)
        tint = np.clip(0.85 + rng.normal(0, 0.12, (size, 3)), 0.4, 1.1)
        along = (angle - start[ring]) % (2 * np.pi)
        picture += (power[ring] * (along < length))[..., None].astype(np.float32) * tint[ring].astype(
            np.float32
        )


def _aurora(rng: np.random.Generator, picture: Picture) -> None:
    height, width = picture.shape[:2]
    green = colour(("4dff9a", "35f0b0", "7dff6a")[int(rng.integers(3))])
    violet = colour(("b04dff", "ff4da0", "4d7dff")[int(rng.integers(3))])
    rows = np.arange(height, dtype=np.float32)[:, None]
    for _ in range(int(rng.integers(2, 4))):
        foot = height * (rng.uniform(0.35, 0.7) + 0.07 * line(rng, width, kind=Kind.SMOOTH, zoom=2.0))
        rays = 0.55 + 0.35 * line(rng, width, kind=Kind.CLOUD, zoom=0.9)
        up = (foot[None, :] - rows) / np.float32(height * rng.uniform(0.2, 0.4))
        curtain = np.where(up > 0, np.exp(-up * 1.6), np.exp(up * 12)) * np.clip(rays, 0.05, 1.6)[None, :]
        hue = blend(green, violet, np.clip(up * np.float32(0.8), 0, 1))
        picture += hue * (curtain * np.float32(0.5)).astype(np.float32)[..., None]


def _ground(rng: np.random.Generator, picture: Picture) -> None:
    height, width = picture.shape[:2]
    dark = colour(("020308", "05070c", "080604")[int(rng.integers(3))])
    outline = ridge(
        rng, width, height * rng.uniform(0.8, 0.94), height * 0.03, calm=float(rng.uniform(0.8, 3))
    )
    over(picture, dark, below(height, width, outline))
    if rng.random() < 0.5:
        for x in rng.uniform(0, width, int(rng.integers(5, 40))):
            conifer(
                picture,
                rng,
                float(x),
                float(outline[int(x) % width]) + 6,
                height * rng.uniform(0.05, 0.2),
                dark,
            )
