"""Fish over a reef, with light from the surface."""

import numpy as np

from hashviewer.sample.fields import Kind, floor, line, piece
from hashviewer.sample.paint import (
    Colour,
    Picture,
    Stops,
    blend,
    colour,
    fill,
    glow,
    mix,
    over,
    round_points,
    shaded,
    sky,
    smoothstep,
    vary,
)
from hashviewer.sample.pen import Pen

WATERS: tuple[Stops, ...] = (
    ((0, "7fe0ea"), (0.35, "1f9ac4"), (1, "063a66")),
    ((0, "9fe8d8"), (0.4, "2a9f9a"), (1, "0a4450")),
    ((0, "5fb8f0"), (0.4, "1560b0"), (1, "041f4a")),
    ((0, "a8d8b8"), (0.4, "3f8a7a"), (1, "123a40")),
)
FISH = ("ff8c1a", "ffd23a", "3a6fe0", "e84a5f", "f0f0f0", "7a4fd0", "2ec4b6", "c0c8d0")
CORALS = ("d9556b", "e08a3c", "8a4fa0", "c9a04a", "4f8a6a", "b03a5a", "e0b0a0")


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One dive."""
    stops = WATERS[int(rng.integers(len(WATERS)))]
    picture = sky(height, width, stops)
    deep = colour(stops[1][1])
    _beams(rng, picture, colour(stops[0][1]))
    bottom = rng.random() < 0.8
    if bottom:
        _sand(rng, picture, deep)
        _reef(rng, picture, deep)
    if rng.random() < 0.5:
        _school(rng, picture, deep)
    for _ in range(int(rng.integers(1, 7))):
        _fish(rng, picture, deep)
    if rng.random() < 0.6:
        _bubbles(rng, picture)
    return picture


def _beams(rng: np.random.Generator, picture: Picture, light: Colour) -> None:
    height, width = picture.shape[:2]
    x = width * rng.uniform(0.2, 0.8)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = np.arctan2(xs - np.float32(x), ys + np.float32(height * 0.35))
    beams = line(rng, 1024, kind=Kind.CLOUD, zoom=6)
    place = ((angle + 2) * 700).astype(np.int64) % 1024
    fall = np.linspace(1, 0, height, dtype=np.float32)[:, None] ** 1.3
    picture += shaded(light, np.clip(beams[place], 0, 2) * fall * np.float32(0.17))
    rows = height // 5
    surface = piece(rng, rows, width, kind=Kind.CLOUD, stretch=4)
    picture[:rows] += (smoothstep(0.3, 2, surface) * np.linspace(0.5, 0, rows, dtype=np.float32)[:, None])[
        ..., None
    ]


def _sand(rng: np.random.Generator, picture: Picture, deep: Colour) -> None:
    height, width = picture.shape[:2]
    top = int(height * rng.uniform(0.66, 0.84))
    rows = height - top
    ripple = floor(rng, rows, width, kind=Kind.CLOUD, size=1.5, depth=6, stretch=3)
    caustic = np.abs(floor(rng, rows, width, kind=Kind.CLOUD, size=2.2, depth=5, stretch=1.4))
    sand = mix(colour("d8d0b0"), deep, float(rng.uniform(0.35, 0.6)))
    body = shaded(sand, 0.8 + 0.1 * ripple + 0.4 * np.exp(-caustic * 5))
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None].repeat(width, axis=1)
    over(picture[top:], body.astype(np.float32), smoothstep(0, 0.5, depth) * np.float32(0.92))


def _reef(rng: np.random.Generator, picture: Picture, deep: Colour) -> None:
    """Corals: heaps of lumps and fans, the far ones blue."""
    height, width = picture.shape[:2]
    for heap in range(int(rng.integers(2, 7))):
        near = 0.35 + 0.65 * (heap + 1) / 7
        x, base = rng.uniform(0, width), height * (0.78 + 0.3 * near * rng.uniform(0.5, 1))
        tone = mix(deep, vary(rng, colour(CORALS[int(rng.integers(len(CORALS)))]), 0.05), float(near * 0.85))
        size = height * rng.uniform(0.06, 0.14) * near
        branching = rng.random() < 0.4
        for _ in range(int(rng.integers(10, 24))):
            shade = tone * np.float32(rng.uniform(0.6, 1.2))
            dx, dy = rng.normal(0, 1.0) * size * 1.3, rng.uniform(-1.2, 0.4) * size
            if branching:
                points = round_points(
                    x + dx * 0.8, base + dy, size * 0.13, size * rng.uniform(0.5, 1.1), turn=dx / size * 0.45
                )
            else:
                points = round_points(
                    x + dx, base + dy, size * rng.uniform(0.25, 0.6), size * rng.uniform(0.25, 0.5)
                )
            fill(picture, points, shade)
            fill(
                picture,
                [
                    (px * 0.6 + (x + dx) * 0.4 - size * 0.05, py * 0.6 + (base + dy) * 0.4 - size * 0.1)
                    for px, py in points
                ],
                mix(shade, colour("ffffff"), 0.22),
                share=0.6,
            )


TAIL = ((-0.8, 0), (-1.5, -0.45), (-1.28, 0), (-1.5, 0.45))


def _fish(rng: np.random.Generator, picture: Picture, deep: Colour) -> None:
    """One fish from the side: tail, fins, body with stripes or a band, eye."""
    height, width = picture.shape[:2]
    far = float(rng.uniform(0, 0.5))
    size = height * rng.uniform(0.06, 0.17) * (1.15 - far)
    x, y = rng.uniform(0.08, 0.92) * width, rng.uniform(0.18, 0.74) * height
    way = 1 if rng.random() < 0.5 else -1
    tone, second = (
        mix(vary(rng, colour(FISH[int(i)]), 0.04), deep, far) for i in rng.integers(0, len(FISH), 2)
    )
    slim = float(rng.uniform(0.34, 0.66))
    pen = Pen(picture, x, y, size, way)
    pen.shape(TAIL, second)
    pen.shape([(-0.5, -slim * 0.7), (0.1, -slim * 1.5), (0.3, -slim * 0.8)], second)
    pen.shape([(-0.4, slim * 0.6), (-0.1, slim * 1.35), (0.2, slim * 0.8)], second)
    _body(rng, pen, slim, tone, second)
    glow(picture, x + way * size * 0.62, y - size * slim * 0.25, size * 0.085, colour("ffffff"), strength=0.7)
    pen.oval(0.62, -slim * 0.25, 0.06, 0.06, colour("0a0a0c"), count=10)
    pen.shape([(0.2, 0.05), (-0.15, slim * 0.55), (-0.18, 0.08)], second * np.float32(0.85), share=0.8)


def _body(rng: np.random.Generator, pen: Pen, slim: float, tone: Colour, second: Colour) -> None:
    """The fish's body with its pattern."""
    picture, x, y, size, way = pen.picture, pen.x, pen.y, pen.size, pen.way
    height, width = picture.shape[:2]
    top, bottom = max(0, int(y - size)), min(height, int(y + size))
    left, right = max(0, int(x - size * 1.1)), min(width, int(x + size * 1.1))
    if bottom - top < 4 or right - left < 4:
        return
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    u, v = (xs - x) / size * way, (ys - y) / (size * slim)
    rho = (u**2 + (v / np.clip(1.05 - 0.25 * u**2 + 0.1 * u, 0.4, 2)) ** 2).astype(np.float32)
    shade = 0.95 - 0.38 * v + 0.15 * np.clip(1 - rho, 0, 1)
    style = rng.integers(3)
    if style == 0:
        pattern = smoothstep(0.1, 0.5, np.sin(u * rng.uniform(6, 14) + v * 0.6))
    elif style == 1:
        pattern = smoothstep(0.25, 0.12, np.abs(u - rng.uniform(-0.2, 0.4)))
    else:
        pattern = smoothstep(-0.2, 0.6, v)
    body = blend(tone, second, pattern * 0.85) * shade[..., None]
    over(
        picture[top:bottom, left:right], body.astype(np.float32), smoothstep(1 + 2 / size, 1 - 2 / size, rho)
    )


def _school(rng: np.random.Generator, picture: Picture, deep: Colour) -> None:
    """Many small fish that swim one way."""
    height, width = picture.shape[:2]
    way = 1 if rng.random() < 0.5 else -1
    x0, y0 = rng.uniform(0.25, 0.75) * width, rng.uniform(0.2, 0.6) * height
    silver = mix(colour("e0e8ee"), deep, float(rng.uniform(0.3, 0.75)))
    for _ in range(int(rng.integers(25, 80))):
        x, y, size = (
            x0 + rng.normal(0, 0.16) * width,
            y0 + rng.normal(0, 0.09) * height,
            height * rng.uniform(0.008, 0.019),
        )
        points = [
            (x + way * size * 1.4, y),
            (x, y - size * 0.5),
            (x - way * size, y - size * 0.1),
            (x - way * size * 1.8, y - size * 0.5),
            (x - way * size * 1.8, y + size * 0.5),
            (x - way * size, y + size * 0.1),
            (x, y + size * 0.5),
        ]
        fill(picture, points, silver * np.float32(rng.uniform(0.6, 1.15)))


def _bubbles(rng: np.random.Generator, picture: Picture) -> None:
    height, width = picture.shape[:2]
    x0 = rng.uniform(0.1, 0.9) * width
    for _ in range(int(rng.integers(8, 30))):
        x, y, size = x0 + rng.normal(0, 0.03) * width, rng.uniform(0, 0.9) * height, rng.uniform(1.5, 7)
        fill(picture, round_points(x, y, size, size, count=16), colour("dff6ff"), share=0.3)
        glow(picture, x - size * 0.3, y - size * 0.3, size * 0.4, colour("ffffff"), strength=0.6)
