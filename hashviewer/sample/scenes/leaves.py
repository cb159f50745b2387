"""The forest floor in autumn, covered by fallen leaves."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from hashviewer.sample.fields import Kind, piece
from hashviewer.sample.paint import Colour, Mask, Picture, colour, over, shaded, vary

EDGE = 160  # px of the largest leaf
TURNS = 16
PALETTES = (
    ("c8401f", "e07b24", "f0b535", "8c2a1a", "d99a2b"),
    ("e8b92f", "f2d15a", "c99a2a", "a8761f", "d8c050"),
    ("7a4a2a", "9c6a3a", "5c3a24", "b58a52", "8a5a34"),
    ("b02a2f", "d0453a", "7a1a24", "e06a3a", "c9862f"),
    ("8a9a3a", "c9b23a", "6f7f2f", "d99a3a", "a8632a"),
)


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One piece of ground."""
    soil = vary(rng, colour(("2c2218", "3a3024", "26261c", "454038")[int(rng.integers(4))]), 0.01)
    rough = piece(rng, height, width, kind=Kind.ROUGH)
    picture = shaded(soil, 1 + np.float32(0.35) * rough)
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    shapes = rng.permutation(len(SHAPES))[: int(rng.integers(1, 4))]
    size = float(rng.uniform(0.42, 1.0))
    count = int(min(190, 46 / size**1.7) * rng.uniform(0.6, 1.3))
    ys, xs = rng.uniform(-0.05, 1.05, count) * height, rng.uniform(-0.05, 1.05, count) * width
    for place, (y, x) in enumerate(zip(ys.tolist(), xs.tolist(), strict=True)):
        lie = place / count  # the last ones lie on top and in the light
        shape = int(shapes[int(rng.integers(len(shapes)))])
        tone = vary(rng, colour(palette[int(rng.integers(len(palette)))]), 0.05) * np.float32(
            0.55 + 0.5 * lie
        )
        _leaf(picture, y, x, size * rng.uniform(0.75, 1.2), leaf(shape, int(rng.integers(TURNS))), tone)
    light = piece(rng, height, width, kind=Kind.SMOOTH, zoom=1.2)
    picture *= (0.95 + 0.16 * light)[..., None]
    return picture


def _leaf(
    picture: Picture, y: float, x: float, size: float, sprite: tuple[Mask, Mask, Mask], tone: Colour
) -> None:
    """Lay one leaf down: first its shadow, then itself."""
    edge = max(16, int(EDGE * min(size, 1.0)))
    mask, shade, shadow = (_sized(layer, edge) for layer in sprite)
    drop = max(2, edge // 28)
    _lay(
        picture,
        int(y) + drop,
        int(x) + drop,
        np.zeros((edge, edge, 3), dtype=np.float32),
        shadow * np.float32(0.55),
    )
    _lay(picture, int(y), int(x), shaded(tone, shade), mask)


def _lay(picture: Picture, y: int, x: int, body: Picture | None, mask: Mask) -> None:
    height, width = picture.shape[:2]
    top, left = y - mask.shape[0] // 2, x - mask.shape[1] // 2
    t, b, s, r = max(0, top), min(height, top + mask.shape[0]), max(0, left), min(width, left + mask.shape[1])
    if t >= b or s >= r:
        return
    there = picture[t:b, s:r]
    cut = np.s_[t - top : b - top, s - left : r - left]
    if body is None:  # a shadow
        there *= (1 - np.float32(0.55) * mask[cut])[..., None]
    else:
        over(there, body[cut], mask[cut])


def _sized(layer: Mask, edge: int) -> Mask:
    if edge == EDGE:
        return layer
    return np.asarray(Image.fromarray(layer).resize((edge, edge), Image.Resampling.BILINEAR))


@cache
def leaf(shape: int, turn: int) -> tuple[Mask, Mask, Mask]:
    """Mask, shading (with veins) and soft shadow (EDGE, EDGE) of a leaf shape in one of `TURNS` directions."""
    outline, veins = SHAPES[shape]()
    scale = EDGE * 2
    image, lines = Image.new("L", (scale, scale)), Image.new("L", (scale, scale))
    angle = 2 * np.pi * turn / TURNS
    ImageDraw.Draw(image).polygon(_placed(outline, angle, scale), fill=255)
    draw = ImageDraw.Draw(lines)
    for a, b, thick in veins:
        draw.line(_placed([a, b], angle, scale), fill=255, width=thick)
        draw.line(_placed([a, b], angle, scale), fill=255, width=thick)
    mask = image.reduce(2)
    stalk = np.asarray(lines.reduce(2)).astype(np.float32) / np.float32(255)
    rng = np.random.default_rng([shape, turn])
    fold = piece(rng, EDGE, EDGE, kind=Kind.CLOUD, zoom=1.2)
    body = np.asarray(mask).astype(np.float32) / np.float32(255)
    inner = np.asarray(mask.filter(ImageFilter.GaussianBlur(7))).astype(np.float32) / np.float32(255)
    shade = (0.72 + 0.3 * inner + 0.12 * fold) * (1 - 0.32 * stalk * body)
    shadow = np.asarray(mask.filter(ImageFilter.GaussianBlur(5))).astype(np.float32) / np.float32(255)
    return np.maximum(body, stalk * np.float32(0.8)), shade.astype(np.float32), shadow


Point = tuple[float, float]
Outline = tuple[list[Point], list[tuple[Point, Point, int]]]


def _placed(points: list[Point], angle: float, scale: int) -> list[Point]:
    c, s = np.cos(angle), np.sin(angle)
    return [((x * c - y * s + 0.5) * scale, (x * s + y * c + 0.5) * scale) for x, y in points]


def _maple() -> Outline:
    """Five lobes with teeth."""
    points: list[Point] = []
    lobes = [(-2.25, 0.27), (-1.2, 0.38), (0.0, 0.45), (1.2, 0.38), (2.25, 0.27)]
    for angle, reach in lobes:
        for step, part in (
            (-0.42, 0.5),
            (-0.24, 0.78),
            (-0.16, 0.7),
            (0, 1),
            (0.16, 0.7),
            (0.24, 0.78),
            (0.42, 0.5),
        ):
            a = angle + step - np.pi / 2
            points.append((float(np.cos(a) * reach * part), float(np.sin(a) * reach * part) + 0.05))
    points.append((0.0, 0.16))
    tips = [
        (float(np.cos(a - np.pi / 2) * r * 0.9), float(np.sin(a - np.pi / 2) * r * 0.9) + 0.05)
        for a, r in lobes
    ]
    return points, [((0.0, 0.12), tip, 3) for tip in tips] + [((0.0, 0.12), (0.05, 0.47), 5)]


def _oval() -> Outline:
    """A beech leaf."""
    t = np.linspace(0, 2 * np.pi, 48)
    across = 0.21 * np.sin(t) * (1 - 0.25 * np.cos(t)) * (1 + 0.03 * np.cos(24 * t))
    points = list(zip(across.tolist(), (-0.4 * np.cos(t)).tolist(), strict=True))
    veins = [((0.0, -0.38), (0.0, 0.49), 4)]
    for y in np.linspace(-0.25, 0.28, 7).tolist():
        veins += [((0.0, y), (0.17, y - 0.12), 2), ((0.0, y), (-0.17, y - 0.12), 2)]
    return points, veins


def _oak() -> Outline:
    """Rounded lobes along a rib."""
    t = np.linspace(0, np.pi, 60)
    across = (0.07 + 0.17 * np.sin(t) ** 0.8) * (1 + 0.34 * np.cos(t * 9)) * np.sin(t) ** 0.3
    down = -0.42 * np.cos(t)
    right = list(zip(across.tolist(), (-down).tolist(), strict=True))
    left = list(zip((-across).tolist(), (-down).tolist(), strict=True))
    veins = [((0.0, -0.38), (0.0, 0.49), 4)]
    veins += [((0.0, y), (side * 0.17, y - 0.1), 2) for y in (-0.15, 0.02, 0.2) for side in (-1, 1)]
    return right + left[::-1], veins


def _ginkgo() -> Outline:
    """A fan with a notch."""
    a = np.linspace(-1.15, 1.15, 40)
    reach = 0.4 * (1 + 0.04 * np.cos(a * 13)) * (1 - 0.35 * np.exp(-((a / 0.07) ** 2)))
    fan = list(zip((np.sin(a) * reach).tolist(), (0.15 - np.cos(a) * reach).tolist(), strict=True))
    veins = [
        ((0.0, 0.15), (float(np.sin(b)) * 0.36, 0.15 - float(np.cos(b)) * 0.36), 1)
        for b in np.linspace(-1, 1, 15)
    ]
    return [*fan, (0.0, 0.17)], [*veins, ((0.0, 0.14), (0.04, 0.48), 4)]


SHAPES = (_maple, _oval, _oak, _ginkgo)
