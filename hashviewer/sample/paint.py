"""The brushes: gradients, shapes, glows and blurs on pictures of floats.

A picture is (height, width, 3) float32, 0…1, red green blue. Brushes paint into it in place.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFilter

from hashviewer.sample.fields import Field, Kind, piece

Picture = NDArray[np.float32]
Mask = NDArray[np.float32]
Colour = NDArray[np.float32]
Stops = Sequence[tuple[float, str]]


def colour(text: str) -> Colour:
    """The colour (3,) of six hexadecimal digits."""
    return np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)], dtype=np.float32) / np.float32(255)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` where share is 0, `b` where it is 1."""
    return (a + (b - a) * np.float32(share)).astype(np.float32)


def vary(rng: np.random.Generator, base: Colour, amount: float = 0.06) -> Colour:
    """A colour near `base`."""
    return np.clip(base + rng.normal(0, amount, 3), 0, 1).astype(np.float32)


def smoothstep(low: float, high: float, values: ArrayLike) -> Mask:
    """0 below `low`, 1 above `high`, smooth between; `low` may be the larger one."""
    t = np.clip((np.asarray(values, dtype=np.float32) - np.float32(low)) / np.float32(high - low), 0, 1)
    mask: Mask = t * t * (3 - 2 * t)
    return mask


def ramp(values: NDArray[np.float32], stops: Stops) -> Picture:
    """The colours of values (…,) on a scale of stops (value, colour), ascending: (…, 3)."""
    at = [stop for stop, _ in stops]
    table = np.stack([colour(text) for _, text in stops])
    return np.stack([np.interp(values, at, table[:, c]) for c in range(3)], axis=-1).astype(np.float32)


def sky(height: int, width: int, stops: Stops) -> Picture:
    """A picture whose colour changes from top (0) to bottom (1)."""
    rows = ramp(np.linspace(0, 1, height, dtype=np.float32), stops)
    return np.repeat(rows[:, None, :], width, axis=1)


def shaded(tone: Colour, shade: Field) -> Picture:
    """A colour (3,) under light of varying strength (height, width).

    Channel by channel: numpy's loop over a last axis of three costs more than the work in it.
    """
    picture = np.empty((*shade.shape, 3), dtype=np.float32)
    for channel in range(3):
        np.multiply(shade, tone[channel], out=picture[..., channel])
    return picture


def blend(a: Colour, b: Colour, share: Field) -> Picture:
    """`a` where `share` (height, width) is 0, `b` where it is 1."""
    picture = shaded(b - a, share)
    for channel in range(3):
        picture[..., channel] += a[channel]
    return picture


def over(picture: Picture, paint: Picture | Colour, mask: Mask | float) -> None:
    """Cover `picture` by `paint` where `mask` (height, width) or one number is 1."""
    if paint.ndim == 1:
        for channel in range(3):
            layer = picture[..., channel]
            layer += (paint[channel] - layer) * mask
        return
    picture += (paint - picture) * (mask[..., None] if isinstance(mask, np.ndarray) else np.float32(mask))


def glow(
    picture: Picture, x: float, y: float, radius: float, paint: Colour, *, strength: float = 1.0
) -> None:
    """Add light around a point; the picture may exceed 1 until it is finished."""
    height, width = picture.shape[:2]
    reach = radius * 2.6
    top, bottom = max(0, int(y - reach)), min(height, int(y + reach) + 1)
    left, right = max(0, int(x - reach)), min(width, int(x + reach) + 1)
    if top >= bottom or left >= right:
        return
    down = np.exp(-(((np.arange(top, bottom) - y) / radius) ** 2)).astype(np.float32)
    across = np.exp(-(((np.arange(left, right) - x) / radius) ** 2)).astype(np.float32)
    picture[top:bottom, left:right] += shaded(paint * np.float32(strength), np.multiply.outer(down, across))


def polygon(height: int, width: int, points: Sequence[tuple[float, float]], *, blur: float = 0.0) -> Mask:
    """The mask (height, width) of a polygon with smooth edges."""
    image = Image.new("L", (width * 2, height * 2))
    ImageDraw.Draw(image).polygon([(2 * x, 2 * y) for x, y in points], fill=255)
    return _mask(image, blur)


def ellipse(height: int, width: int, box: tuple[float, float, float, float], *, blur: float = 0.0) -> Mask:
    """The mask (height, width) of an ellipse in a box (left, top, right, bottom)."""
    image = Image.new("L", (width * 2, height * 2))
    left, top, right, bottom = box
    ImageDraw.Draw(image).ellipse((2 * left, 2 * top, 2 * right, 2 * bottom), fill=255)
    return _mask(image, blur)


def fill(
    picture: Picture, points: Sequence[tuple[float, float]], paint: Colour, *, share: float = 1.0
) -> None:
    """Paint a polygon in one colour; touches only its surroundings, so many small ones are cheap."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    height, width = picture.shape[:2]
    left, top = max(0, int(min(xs)) - 1), max(0, int(min(ys)) - 1)
    right, bottom = min(width, int(max(xs)) + 2), min(height, int(max(ys)) + 2)
    if left >= right or top >= bottom:
        return
    mask = polygon(bottom - top, right - left, [(x - left, y - top) for x, y in points])
    over(picture[top:bottom, left:right], paint, mask * np.float32(share))


def round_points(
    x: float, y: float, across: float, down: float, *, turn: float = 0.0, count: int = 28
) -> list[tuple[float, float]]:
    """The corners of an ellipse with half-axes `across` and `down`, turned by `turn` radians."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    a, b = across * np.cos(t), down * np.sin(t)
    xs, ys = x + a * np.cos(turn) - b * np.sin(turn), y + a * np.sin(turn) + b * np.cos(turn)
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


def soften(picture: Picture, radius: float) -> Picture:
    """The picture out of focus by a Gaussian of `radius` px."""
    height, width = picture.shape[:2]
    shrink = 4 if radius >= 8 else 2 if radius >= 4 else 1  # a wide blur loses nothing at a smaller size
    image = Image.fromarray(to_bytes(picture))
    if shrink > 1:
        image = image.reduce(shrink)
    image = image.filter(ImageFilter.GaussianBlur(radius / shrink))
    if shrink > 1:
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image).astype(np.float32) / np.float32(255)


def soften_mask(mask: Mask, radius: float) -> Mask:
    """A mask with softer edges."""
    image = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
    shrink = 4 if radius >= 8 else 1
    if shrink > 1:
        image = image.reduce(shrink)
    image = image.filter(ImageFilter.GaussianBlur(radius / shrink))
    if shrink > 1:
        image = image.resize((mask.shape[1], mask.shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(image).astype(np.float32) / np.float32(255)


def to_bytes(picture: Picture) -> NDArray[np.uint8]:
    """The picture as bytes (height, width, 3)."""
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def finish(rng: np.random.Generator, picture: Picture, *, grain: float = 0.011) -> NDArray[np.uint8]:
    """What a camera adds: exposure, warmth, contrast, darker corners and grain; as bytes (height, width, 3)."""
    height, width = picture.shape[:2]
    warmth = float(rng.normal(0, 0.015))
    exposure = float(rng.uniform(0.94, 1.08))
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] ** 2
    shade = 1 - np.float32(rng.uniform(0.08, 0.2)) * (down + across)
    noise = piece(rng, height, width, kind=Kind.GRAIN) * np.float32(grain * rng.uniform(0.6, 1.4))
    developed = np.empty((height, width, 3), dtype=np.uint8)
    for channel, gain in enumerate((1 + warmth, 1.0, 1 - warmth)):
        layer = np.clip(picture[..., channel], 0, 1.4) * np.float32(gain * exposure)
        bright = np.maximum(layer - np.float32(0.8), 0)
        layer -= bright * bright * np.float32(0.55)  # highlights roll off instead of clipping
        layer *= shade
        layer += noise
        layer *= 255
        developed[..., channel] = np.clip(layer, 0, 255)
    return developed


def _mask(image: Image.Image, blur: float) -> Mask:
    image = image.reduce(2)
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    return np.asarray(image).astype(np.float32) / np.float32(255)
