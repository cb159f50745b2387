"""Silhouettes before an evening sky: birds on a wire, a flock, a cat on a fence, a bare tree."""

import numpy as np

from hashviewer.sample.nature import DUSK, GOLDEN, SUNSET, below, choose, clouded_sky, ridge, sun
from hashviewer.sample.paint import Colour, Picture, colour, fill, over, round_points
from hashviewer.sample.pen import Pen

INK = ("0a080c", "120a10", "0a0c14")


def paint(rng: np.random.Generator, height: int, width: int) -> Picture:
    """One evening."""
    light = choose(rng, (DUSK, GOLDEN, SUNSET, SUNSET))
    picture = clouded_sky(
        rng, height, width, light, horizon=float(rng.uniform(0.85, 1.1)), cover=float(rng.uniform(0, 0.8))
    )
    if rng.random() < 0.75:
        sun(
            picture,
            rng.uniform(0.2, 0.8) * width,
            rng.uniform(0.35, 0.8) * height,
            height * rng.uniform(0.04, 0.15),
            light,
        )
    ink = colour(INK[int(rng.integers(len(INK)))])
    what = int(rng.integers(4))
    if what == 0:
        _wires(rng, picture, ink)
    elif what == 1:
        _flock(rng, picture, ink)
        _hill(rng, picture, ink)
    elif what == 2:
        _cat(rng, picture, ink)
    else:
        _tree(rng, picture, ink)
        _flock(rng, picture, ink, count=int(rng.integers(2, 10)))
    return picture


def _hill(rng: np.random.Generator, picture: Picture, ink: Colour) -> None:
    height, width = picture.shape[:2]
    over(
        picture,
        ink,
        below(height, width, ridge(rng, width, height * rng.uniform(0.84, 0.95), height * 0.02, calm=3)),
    )


def _wires(rng: np.random.Generator, picture: Picture, ink: Colour) -> None:
    """Wires that sag, with birds on them and a pole."""
    height, width = picture.shape[:2]
    x = np.linspace(-20, width + 20, 60)
    for _ in range(int(rng.integers(2, 5))):
        y0, tilt, sag = (
            rng.uniform(0.25, 0.75) * height,
            rng.uniform(-0.12, 0.12) * height,
            height * rng.uniform(0.02, 0.08),
        )
        y = y0 + tilt * (x / width - 0.5) - sag * (2 * x / width - 1) ** 2
        upper = list(zip(x.tolist(), (y - 1).tolist(), strict=True))
        fill(picture, upper + list(zip(x.tolist(), (y + 1).tolist(), strict=True))[::-1], ink)
        for at in rng.uniform(0.03, 0.97, int(rng.integers(1, 8))) * width:
            _perched(
                rng, picture, float(at), float(np.interp(at, x, y)), height * rng.uniform(0.03, 0.05), ink
            )
    if rng.random() < 0.5:
        at, thick = rng.uniform(0.1, 0.9) * width, width * 0.011
        fill(
            picture,
            [
                (at - thick, height),
                (at - thick * 0.8, height * 0.12),
                (at + thick * 0.8, height * 0.12),
                (at + thick, height),
            ],
            ink,
        )
        for y in (0.17, 0.24):
            fill(
                picture,
                [
                    (at - thick * 9, height * y),
                    (at + thick * 9, height * y),
                    (at + thick * 9, height * (y + 0.014)),
                    (at - thick * 9, height * (y + 0.014)),
                ],
                ink,
            )


def _perched(
    rng: np.random.Generator, picture: Picture, x: float, y: float, size: float, ink: Colour
) -> None:
    way = 1 if rng.random() < 0.5 else -1
    fill(picture, round_points(x, y - size * 0.55, size * 0.36, size * 0.62, turn=way * 0.35), ink)
    fill(picture, round_points(x + way * size * 0.25, y - size * 1.15, size * 0.26, size * 0.24), ink)
    fill(
        picture,
        [
            (x + way * size * 0.45, y - size * 1.22),
            (x + way * size * 0.72, y - size * 1.12),
            (x + way * size * 0.45, y - size * 1.05),
        ],
        ink,
    )
    fill(
        picture,
        [
            (x - way * size * 0.1, y - size * 0.3),
            (x - way * size * 0.55, y + size * 0.6),
            (x - way * size * 0.3, y + size * 0.62),
            (x + way * size * 0.1, y - size * 0.1),
        ],
        ink,
    )


def _flock(rng: np.random.Generator, picture: Picture, ink: Colour, *, count: int | None = None) -> None:
    """Birds in flight, far and near."""
    height, width = picture.shape[:2]
    x0, y0 = rng.uniform(0.3, 0.7) * width, rng.uniform(0.2, 0.55) * height
    large = rng.uniform(0.02, 0.06) * height
    for _ in range(int(rng.integers(7, 40)) if count is None else count):
        x, y = x0 + rng.normal(0, 0.22) * width, y0 + rng.normal(0, 0.13) * height
        size, lift, turn = large * rng.uniform(0.5, 1.3), rng.uniform(-0.5, 0.9), rng.normal(0, 0.2)
        wing = [
            (-1.6, -0.35 * lift),
            (-0.8, -0.75 * lift - 0.12),
            (-0.2, -0.1),
            (0.2, -0.1),
            (0.8, -0.75 * lift - 0.12),
            (1.6, -0.35 * lift),
            (0.75, -0.5 * lift + 0.1),
            (0.2, 0.22),
            (0, 0.5),
            (-0.2, 0.22),
            (-0.75, -0.5 * lift + 0.1),
        ]
        c, s = np.cos(turn), np.sin(turn)
        fill(picture, [(x + size * (a * c - b * s), y + size * (a * s + b * c)) for a, b in wing], ink)


EARS = (((0.13, -1.18), (-0.05, -1.44), (-0.08, -1.07)), ((0.25, -1.18), (0.43, -1.44), (0.46, -1.07)))


def _cat(rng: np.random.Generator, picture: Picture, ink: Colour) -> None:
    """A cat that sits on a fence or a roof."""
    height, width = picture.shape[:2]
    base = height * rng.uniform(0.7, 0.86)
    if rng.random() < 0.5:
        _fence(picture, base, width * rng.uniform(0.05, 0.08), ink)
    else:
        slope = height * rng.uniform(-0.03, 0.03)
        fill(picture, [(0, base), (width, base + slope), (width, height), (0, height)], ink)
    size, way = height * rng.uniform(0.13, 0.26), 1 if rng.random() < 0.5 else -1
    pen = Pen(picture, rng.uniform(0.25, 0.75) * width, base, size, way)
    pen.oval(0, -0.42, 0.36, 0.52, ink, turn=0.12)
    pen.oval(-0.1, -0.2, 0.46, 0.3, ink)
    pen.oval(0.2, -1.02, 0.27, 0.23, ink)
    for ear in EARS:
        pen.shape(ear, ink)
    t = np.linspace(0, 1, 24)
    tail, lift, thick = (
        -(0.4 + 0.75 * t),
        -(0.12 + rng.uniform(0.1, 0.6) * np.sin(t * 3.4) * t),
        0.07 * (1.1 - 0.6 * t),
    )
    upper = list(zip(tail.tolist(), (lift - thick).tolist(), strict=True))
    lower = list(zip(tail.tolist(), (lift + thick).tolist(), strict=True))
    pen.shape(upper + lower[::-1], ink)


def _fence(picture: Picture, base: float, step: float, ink: Colour) -> None:
    """Pointed pales with a rail."""
    height, width = picture.shape[:2]
    fill(picture, [(0, base), (width, base), (width, base + height * 0.03), (0, base + height * 0.03)], ink)
    pale = ((0, height / step), (0, -0.2), (0.35, -0.6), (0.7, -0.2), (0.7, height / step))
    for x in np.arange(-step, width + step, step).tolist():
        Pen(picture, x, base, step).shape(pale, ink)


def _tree(rng: np.random.Generator, picture: Picture, ink: Colour) -> None:
    """A bare tree that branches in two, again and again."""
    height, width = picture.shape[:2]
    _hill(rng, picture, ink)
    root = (rng.uniform(0.2, 0.8) * width, height * 0.95)
    branches = [
        (root[0], root[1], -np.pi / 2 + rng.normal(0, 0.08), height * rng.uniform(0.2, 0.27), height * 0.022)
    ]
    while branches:
        x, y, angle, length, thick = branches.pop()
        x2, y2 = x + np.cos(angle) * length, y + np.sin(angle) * length
        nx, ny = -np.sin(angle) * thick / 2, np.cos(angle) * thick / 2
        fill(
            picture,
            [
                (x - nx, y - ny),
                (x2 - nx * 0.7, y2 - ny * 0.7),
                (x2 + nx * 0.7, y2 + ny * 0.7),
                (x + nx, y + ny),
            ],
            ink,
        )
        if length > height * 0.035:
            for side in (-1, 1):
                branches.append(
                    (
                        x2,
                        y2,
                        angle + side * rng.uniform(0.2, 0.65),
                        length * rng.uniform(0.64, 0.82),
                        thick * 0.68,
                    )
                )
