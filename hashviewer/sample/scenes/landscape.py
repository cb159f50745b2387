"""Hills behind hills in the haze, and a meadow in front."""

import numpy as np

from hashviewer.sample.fields import Field, Kind, floor, line, piece
from hashviewer.sample.nature import DAYS, below, choose, clouded_sky, conifer, reflect, ridge, sun
from hashviewer.sample.paint import Colour, Picture, colour, mix, over, shaded, vary

GREENS = ("3f6b35", "54803f", "6d8a3c", "2f5a3a", "7c7a3a", "4b6b2a", "86903f")


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One landscape."""
    light = choose(rng, DAYS)
    horizon = float(rng.uniform(0.38, 0.6))
    picture = clouded_sky(rng, height, width, light, horizon=horizon)
    if rng.random() < 0.6:
        sun(
            picture,
            rng.uniform(0.1, 0.9) * width,
            rng.uniform(0.25, 0.95) * horizon * height,
            height * 0.028,
            light,
        )
    green = vary(rng, colour(GREENS[int(rng.integers(len(GREENS)))]), 0.03) * (0.35 + 0.65 * light.day)
    layers = int(rng.integers(3, 7))
    steep = float(rng.uniform(0.02, 0.075))
    for layer in range(layers):
        near = (layer + 0.6) / layers
        level = height * (horizon + (0.86 - horizon) * near**1.5 * 0.75)
        swing = height * steep * (0.7 + 0.6 * near)
        outline = ridge(rng, width, level, swing, calm=1.4 + 2.2 * near, rough=0.22 * (1.2 - near))
        _hill(rng, picture, outline, mix(colour(light.haze), green, near**0.95), near, colour(light.haze))
        if near > 0.35 and rng.random() < 0.7:
            tone = mix(colour(light.haze), green * np.float32(0.6), near)
            _trees(rng, picture, outline, tone, size=height * 0.09 * near)
    if rng.random() < 0.3:
        lake = int(height * rng.uniform(0.68, 0.8))
        water = mix(colour("2f5568"), colour(light.haze), 0.3) * np.float32(0.4 + 0.6 * light.day)
        reflect(rng, picture, lake, waves=float(rng.uniform(0.1, 0.8)), tint=water, share=0.3)
    else:
        _meadow(rng, picture, green, light.day)
    return picture


def _hill(
    rng: np.random.Generator, picture: Picture, outline: Field, tone: Colour, near: float, haze: Colour
) -> None:
    """One hill, with woods and fields that show more the nearer it is, and mist at its foot."""
    height, width = picture.shape[:2]
    start = min(height - 2, max(0, int(outline.min()) - 1))
    rows = height - start
    woods = piece(rng, rows, width, kind=Kind.ROUGH, stretch=1.5)
    fields = piece(rng, rows, width, kind=Kind.SMOOTH, zoom=0.8, stretch=3)
    depth = (np.arange(start, height, dtype=np.float32)[:, None] - outline) / np.float32(height * 0.22)
    body = shaded(tone, 1 + np.float32(near) * (np.float32(0.1 * near) * woods + np.float32(0.12) * fields))
    over(body, haze, np.clip(depth, 0, 1) * np.float32(0.5 * (1 - near)))
    over(picture[start:], body, below(rows, width, outline - start))


def _trees(rng: np.random.Generator, picture: Picture, outline: Field, paint: Colour, *, size: float) -> None:
    """A wood on a ridge."""
    width = picture.shape[1]
    middle, spread = rng.uniform(0, width), rng.uniform(0.05, 0.3) * width
    for x in rng.normal(middle, spread, int(rng.integers(8, 26))):
        if 0 <= x < width:
            conifer(
                picture,
                rng,
                float(x),
                float(outline[int(x)]) + size * 0.12,
                size * rng.uniform(0.6, 1.25),
                vary(rng, paint, 0.015),
            )


def _meadow(rng: np.random.Generator, picture: Picture, green: Colour, day: float) -> None:
    """Grass, sometimes with flowers or a path, along the lower edge."""
    height, width = picture.shape[:2]
    top = height * rng.uniform(0.76, 0.88)
    outline = (top - height * 0.02 * line(rng, width, kind=Kind.SMOOTH, zoom=4)).astype(np.float32)
    start = max(0, int(outline.min()))
    rows = height - start
    grass = piece(rng, rows, width, kind=Kind.ROUGH, stretch=0.45)  # blades stand upright
    tone = mix(green, colour("b5b04a") * np.float32(0.4 + 0.6 * day), float(rng.uniform(0, 0.5)))
    patches = piece(rng, rows, width, kind=Kind.SMOOTH, stretch=4)
    body = shaded(tone, 1 + np.float32(0.2) * grass + np.float32(0.15) * patches)
    if rng.random() < 0.45:
        flowers = floor(rng, rows, width, kind=Kind.GRAIN, size=2.2, depth=6)
        hue = colour(("f4d03f", "ffffff", "d8467a", "a56cc1", "e74c3c")[int(rng.integers(5))])
        over(
            body,
            hue * np.float32(0.3 + 0.7 * day),
            (flowers > rng.uniform(1.7, 2.4)).astype(np.float32) * 0.85,
        )
    over(picture[start:], body, below(rows, width, outline - start, soft=2))
