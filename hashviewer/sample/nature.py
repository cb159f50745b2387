"""What several scenes have in common: skies with clouds and sun, ridges, water, conifers."""

from dataclasses import dataclass

import numpy as np

from hashviewer.sample.fields import Field, Kind, floor, line, piece
from hashviewer.sample.paint import Colour, Picture, Stops, blend, colour, fill, glow, over, sky, smoothstep


@dataclass(frozen=True, slots=True)
class Light:
    """A time of day.

    Attributes:
        stops: Colours of the sky from the zenith (0) to the horizon (1).
        sun: Colour of the sun and of what it lights.
        haze: Colour that far things fade to.
        cloud: Colour of lit clouds.
        shade: Colour of the shaded undersides of clouds.
        day: How bright things on the ground are, 0…1.
    """

    stops: Stops
    sun: str
    haze: str
    cloud: str
    shade: str
    day: float


NOON = Light(((0, "2f6fb5"), (0.6, "7fb2e0"), (1, "cfe4f2")), "fff8e6", "c2d6e6", "ffffff", "a9b7c6", 1.0)
CLEAR = Light(((0, "1e5aa8"), (0.7, "5c9fdc"), (1, "b8dbf0")), "fff6dc", "aecbe2", "f7fafc", "9fb3c8", 1.0)
MORNING = Light(((0, "6d8fc0"), (0.55, "d9c3c8"), (1, "ffe0b0")), "ffe2a8", "f0d8c4", "ffe9dc", "b39fb0", 0.8)
GOLDEN = Light(((0, "4a6fa5"), (0.5, "e8b87a"), (1, "ffd08a")), "ffcf7a", "f2c48c", "ffd9a0", "a5785f", 0.75)
SUNSET = Light(
    ((0, "2b3a72"), (0.45, "b0507a"), (0.75, "f2774b"), (1, "ffc25e")),
    "ffb347",
    "d98468",
    "ff9a6b",
    "59345f",
    0.5,
)
DUSK = Light(
    ((0, "141c44"), (0.55, "4c4a8c"), (0.85, "b9739c"), (1, "f0a58a")),
    "ffb38a",
    "8a6f9c",
    "b98bb0",
    "2d2a52",
    0.35,
)
GREY = Light(((0, "8b98a4"), (0.6, "b5bfc6"), (1, "d6dbdd")), "f4f4f0", "c9cfd2", "e6e9ea", "8d979e", 0.75)
STORM = Light(((0, "39454f"), (0.6, "68757d"), (1, "a3acab")), "e8e4d0", "8d989c", "b6bfc0", "2f383f", 0.55)

DAYS = (NOON, CLEAR, MORNING, GOLDEN, SUNSET, DUSK, GREY)


def choose(rng: np.random.Generator, lights: tuple[Light, ...]) -> Light:
    """One of several times of day."""
    return lights[int(rng.integers(len(lights)))]


def clouded_sky(
    rng: np.random.Generator,
    height: int,
    width: int,
    light: Light,
    *,
    horizon: float = 1.0,
    cover: float | None = None,
) -> Picture:
    """A sky (height, width, 3) whose horizon lies at a share `horizon` of the height; `cover` 0…1 of clouds."""
    stops = tuple((at * horizon, text) for at, text in light.stops)
    picture = sky(height, width, stops)
    amount = float(rng.uniform(0, 1)) if cover is None else cover
    if amount > 0.08:
        stretch = float(rng.uniform(1.5, 4.5))
        cloud = piece(rng, height, width, kind=Kind.CLOUD, zoom=float(rng.uniform(1.0, 2.0)), stretch=stretch)
        edge = 1.5 - 2.2 * amount
        body = smoothstep(edge, edge + 1.3, cloud)
        under = (
            np.roll(cloud, -max(3, height // 40), axis=0) - cloud
        )  # denser above than here: shaded from below
        tone = smoothstep(-0.35, 0.35, under)
        paint = blend(colour(light.cloud), colour(light.shade), tone * body * np.float32(0.8))
        over(picture, paint, body * np.float32(0.9))
    return picture


def sun(picture: Picture, x: float, y: float, radius: float, light: Light, *, strength: float = 1.0) -> None:
    """A sun with its glow."""
    paint = colour(light.sun)
    glow(picture, x, y, radius * 9, paint, strength=0.28 * strength)
    glow(picture, x, y, radius * 3.2, paint, strength=0.35 * strength)
    height, width = picture.shape[:2]
    y_from, y_to = max(0, int(y - radius - 2)), min(height, int(y + radius + 3))
    x_from, x_to = max(0, int(x - radius - 2)), min(width, int(x + radius + 3))
    if y_from < y_to and x_from < x_to:
        ys, xs = np.mgrid[y_from:y_to, x_from:x_to]
        disc = smoothstep(radius + 1, radius - 1, np.hypot(xs - x, ys - y))
        over(picture[y_from:y_to, x_from:x_to], paint * 0.5 + 0.62, disc * np.float32(strength))


def below(height: int, width: int, curve: Field, *, soft: float = 1.0) -> Field:
    """The mask (height, width) of everything under a curve (width,) of rows."""
    rows = np.arange(height, dtype=np.float32)[:, None]
    mask: Field = np.clip((rows - curve[None, :width]) / np.float32(soft) + 0.5, 0, 1)
    return mask


def ridge(
    rng: np.random.Generator,
    width: int,
    level: float,
    swing: float,
    *,
    calm: float = 1.0,
    rough: float = 0.25,
) -> Field:
    """A mountain's outline (width,) in rows: `level` on average, `swing` px of deviation."""
    large = line(rng, width, kind=Kind.SMOOTH, zoom=calm * 1.4)
    small = line(rng, width, kind=Kind.CLOUD, zoom=calm * 0.6)
    return (level - swing * (large + rough * small)).astype(np.float32)


def conifer(
    picture: Picture,
    rng: np.random.Generator,
    x: float,
    base: float,
    size: float,
    paint: Colour,
    *,
    share: float = 1.0,
) -> None:
    """A fir of `size` px that stands at (x, base)."""
    tiers = max(4, int(size / 9))
    left, right = [], []
    for tier in range(tiers):
        low = base - size * (0.1 + 0.86 * tier / tiers)
        reach = size * 0.24 * (1 - tier / tiers) ** 0.85
        left += [(x - reach * rng.uniform(0.8, 1.15), low), (x - reach * 0.45, low - size * 0.5 / tiers)]
        right += [(x + reach * rng.uniform(0.8, 1.15), low), (x + reach * 0.45, low - size * 0.5 / tiers)]
    trunk = [
        (x - size * 0.02, base - size * 0.1),
        (x - size * 0.02, base),
        (x + size * 0.02, base),
        (x + size * 0.02, base - size * 0.1),
    ]
    fill(
        picture,
        [*trunk[:2][::-1], *left, (x, base - size), *right[::-1], *trunk[2:][::-1]],
        paint,
        share=share,
    )


def reflect(
    rng: np.random.Generator,
    picture: Picture,
    horizon: int,
    *,
    waves: float = 1.0,
    tint: Colour,
    share: float = 0.35,
) -> None:
    """Turn everything below row `horizon` into water that mirrors what is above it.

    Args:
        rng: Chooses the ripples.
        picture: Painted above the horizon.
        horizon: First row of the water.
        waves: 0 is a mirror, 1 a breeze, 3 a rough sea.
        tint: Colour of the water itself.
        share: How much of that colour is seen, 0…1.
    """
    height, width = picture.shape[:2]
    rows = height - horizon
    ripple = floor(rng, rows, width, kind=Kind.ROUGH, size=1.6, depth=10, stretch=4)
    near = np.linspace(0.04, 1, rows, dtype=np.float32)[:, None]
    offset = np.arange(rows, dtype=np.float32)[:, None] + ripple * near * np.float32(waves * rows * 0.09)
    source = np.clip(horizon - 1 - offset * (horizon / max(rows, horizon)), 0, horizon - 1).astype(np.int64)
    sideways = np.clip(
        np.arange(width)[None, :] + (ripple * near * np.float32(waves * 5)).astype(np.int64), 0, width - 1
    )
    water = picture[source, sideways]
    over(water, tint, share)
    water *= (1 - np.float32(0.06 + 0.05 * waves) * ripple * (0.35 + near))[..., None]
    picture[horizon:] = water
