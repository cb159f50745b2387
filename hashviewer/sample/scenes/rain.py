"""Drops on a window before the lights of a city."""

import numpy as np
from PIL import Image, ImageDraw

from hashviewer.sample.fields import Kind, piece
from hashviewer.sample.paint import (
    Picture,
    Stops,
    colour,
    over,
    shaded,
    sky,
    smoothstep,
    soften,
    vary,
)

BACKS: tuple[Stops, ...] = (
    ((0, "0c1222"), (1, "1f2436")),
    ((0, "1a1420"), (1, "3a2030")),
    ((0, "3f4a56"), (1, "6a757c")),
    ((0, "101c1c"), (1, "20383a")),
    ((0, "56606a"), (1, "39424a")),
)
LAMPS = ("ffb347", "ff5a3c", "ffe0a0", "4fb0ff", "ff4f8a", "6affc0", "ffd23a", "ffffff")


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One window."""
    back = _lights(rng, height, width)
    picture = soften(back, float(rng.uniform(2, 5)))
    mist = piece(rng, height, width, kind=Kind.SMOOTH, zoom=1.3)
    over(picture, colour("9fb0bc") * np.float32(0.45), smoothstep(-0.5, 2.5, mist) * np.float32(0.35))
    count = int(rng.integers(70, 260))
    sizes = np.sort(np.clip(rng.pareto(2.2, count) * 2.4 + 1.8, 0, height * 0.045))
    for size in sizes.tolist():
        _drop(rng, picture, back, rng.uniform(0, width), rng.uniform(0, height), size)
    for _ in range(int(rng.integers(0, 7))):
        _trail(rng, picture, back)
    return picture


def _lights(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Lamps far out of focus: discs of light, brighter at the rim, mostly in a band."""
    picture = sky(height, width, BACKS[int(rng.integers(len(BACKS)))])
    hues = [
        vary(rng, colour(LAMPS[int(i)]), 0.05) for i in rng.integers(0, len(LAMPS), int(rng.integers(2, 6)))
    ]
    level, spread = rng.uniform(0.35, 0.7) * height, rng.uniform(0.1, 0.3) * height
    unit = height * rng.uniform(0.025, 0.07)
    layers = [Image.new("L", (width, height)) for _ in hues]
    for _ in range(int(rng.integers(20, 70))):
        i, size = int(rng.integers(len(hues))), unit * rng.uniform(0.5, 1.3)
        x, y = rng.uniform(0, width), rng.normal(level, spread)
        disc = Image.new("L", (width, height))
        box = (x - size, y - size, x + size, y + size)
        power = int(rng.uniform(40, 170))
        draw = ImageDraw.Draw(disc)
        draw.ellipse(box, fill=power, outline=min(255, int(power * 1.3)), width=2)
        cut = (
            max(0, int(box[0]) - 1),
            max(0, int(box[1]) - 1),
            min(width, int(box[2]) + 2),
            min(height, int(box[3]) + 2),
        )
        if cut[0] < cut[2] and cut[1] < cut[3]:
            there = np.asarray(layers[i].crop(cut)).astype(np.int64) + np.asarray(disc.crop(cut))
            layers[i].paste(Image.fromarray(np.minimum(there, 255).astype(np.uint8)), cut[:2])
    for hue, layer in zip(hues, layers, strict=True):
        light = np.asarray(layer).astype(np.float32) / np.float32(255)
        picture += shaded(hue, light)
    return np.clip(picture, 0, 1.2)


def _drop(rng: np.random.Generator, picture: Picture, back: Picture, x: float, y: float, size: float) -> None:
    """A drop shows the scene behind it upside down, dark at its upper rim and with a bright point."""
    height, width = picture.shape[:2]
    reach = size * 1.3 + 1
    top, bottom, left, right = (
        max(0, int(y - reach)),
        min(height, int(y + reach) + 1),
        max(0, int(x - reach)),
        min(width, int(x + reach) + 1),
    )
    if bottom - top < 2 or right - left < 2:
        return
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    u, v = (xs - x) / size, (ys - y) / (size * rng.uniform(1.0, 1.25))
    rho = u * u + v * v
    sx = np.clip(x - u * width * 0.16, 0, width - 1).astype(np.int64)
    sy = np.clip(y - v * height * 0.3, 0, height - 1).astype(np.int64)
    body = back[sy, sx] * (1.08 + 0.4 * v - 0.45 * np.clip(rho, 0, 1) ** 3)[..., None]
    body += (np.exp(-((u + 0.35) ** 2 + (v + 0.45) ** 2) / 0.04) * 0.55)[..., None]
    over(
        picture[top:bottom, left:right],
        body.astype(np.float32),
        smoothstep(1 + 1.4 / size, 1 - 1.4 / size, rho),
    )


def _trail(rng: np.random.Generator, picture: Picture, back: Picture) -> None:
    """The clear path of a drop that ran down, with what it left behind."""
    height, width = picture.shape[:2]
    x, start, end = (
        rng.uniform(0.05, 0.95) * width,
        rng.uniform(-0.2, 0.4) * height,
        rng.uniform(0.5, 1.0) * height,
    )
    size = height * rng.uniform(0.012, 0.022)
    left, right = max(0, int(x - size * 3)), min(width, int(x + size * 3))
    top, bottom = max(0, int(start)), int(end)
    if right - left < 3 or bottom - top < 3:
        return
    columns = np.arange(left, right, dtype=np.float32)[None, :]
    wander = np.sin(np.arange(top, bottom) / height * rng.uniform(5, 14)) * size * 0.7
    mask = smoothstep(1.2, 0.6, np.abs(columns - x - wander[:, None]) / (size * 0.6))
    over(picture[top:bottom, left:right], back[top:bottom, left:right], mask * np.float32(0.7))
    for y in rng.uniform(top, bottom, 6):
        _drop(
            rng,
            picture,
            back,
            x + float(wander[min(len(wander) - 1, int(y) - top)]),
            float(y),
            size * rng.uniform(0.2, 0.5),
        )
    _drop(rng, picture, back, x + float(wander[-1]), float(bottom), size)
