"""Which pictures the sample library holds: kinds, shapes, dates, and who is a copy of whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from hashviewer.sample.scenes import KINDS

COUNT = 720  # pictures
COPIES = 0.125  # share of near-duplicates
SHAPES = (
    ((480, 640), 0.58),
    ((428, 640), 0.14),
    ((640, 480), 0.2),
    ((512, 512), 0.08),
)  # height, width; share
YEARS = (2019, 2025)
WAYS = ("crop", "exposure", "mirror", "jpeg")


@dataclass(frozen=True, slots=True)
class Shot:
    """One scene, or a near-duplicate of one.

    Attributes:
        path: Where it is written, relative to the sample's folder, with "/".
        kind: Place of its kind in `KINDS`.
        number: Number of the scene within the kind; a copy has the number of its original.
        height: px, upright.
        width: px, upright.
        orientation: The EXIF orientation that it is stored with, 1, 3, 6 or 8.
        taken: When it was "taken".
        group: Name of its group of near-duplicates; "" if it stands alone.
        copy: How it differs from its original, one of `WAYS`; "" for an original.
    """

    path: str
    kind: int
    number: int
    height: int
    width: int
    orientation: int
    taken: datetime
    group: str = ""
    copy: str = ""


def plan(seed: int, count: int = COUNT) -> tuple[tuple[Shot, ...], ...]:
    """All pictures, each original together with its copies.

    Args:
        seed: The same seed gives the same plan.
        count: About how many pictures; the kinds share them equally, at least two each.
    """
    each = max(2, count // len(KINDS))
    copies = max(1, round(each * COPIES))
    scenes = []
    for kind in range(len(KINDS)):
        rng = np.random.default_rng([seed, kind, 0])
        originals = each - copies
        for number in range(originals):
            mine = [
                c for c in range(copies) if (c // 2) % originals == number
            ]  # two copies of a scene, then the next
            scenes.append(_scene(rng, kind, number, [originals + c for c in mine], ways=mine))
    return tuple(scenes)


def _scene(
    rng: np.random.Generator, kind: int, number: int, places: list[int], *, ways: list[int]
) -> tuple[Shot, ...]:
    """A scene and its copies, which are numbered by `places`."""
    name = KINDS[kind].name
    shares = np.cumsum([share for _, share in SHAPES])
    height, width = SHAPES[int(np.searchsorted(shares, rng.random() * shares[-1]))][0]
    orientation = (
        int(rng.choice([6, 8] if height > width else [1, 1, 1, 1, 1, 3])) if rng.random() < 0.6 else 1
    )
    taken = _date(rng, *KINDS[kind].months)
    group = f"{name}-{number + 1:04}" if places else ""
    shots = [Shot(_path(name, number), kind, number, height, width, orientation, taken, group)]
    for place, way in zip(places, ways, strict=True):
        later = taken + timedelta(seconds=int(rng.integers(0, 40)))
        copy = WAYS[(kind + way) % len(WAYS)]
        shots.append(Shot(_path(name, place), kind, number, height, width, 1, later, group, copy))
    return tuple(shots)


def _path(name: str, number: int) -> str:
    return f"{name}/{name}-{number + 1:04}.jpg"


def _date(rng: np.random.Generator, first: int, last: int) -> datetime:
    """A moment in one of the years, in the months from `first` to `last`."""
    year, month = int(rng.integers(*YEARS)), int(rng.integers(first, last + 1))
    day, hour = int(rng.integers(1, 29)), int(rng.integers(7, 23))
    return datetime(year, month, day, hour, int(rng.integers(60)), int(rng.integers(60)))
