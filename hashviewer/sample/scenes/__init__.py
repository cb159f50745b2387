"""The kinds of scenes, one file each."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hashviewer.sample.paint import Picture
from hashviewer.sample.scenes import (
    balloons,
    desert,
    dusk,
    flower,
    forest,
    fruit,
    harbour,
    landscape,
    leaves,
    night_sky,
    rain,
    sea,
    snow,
    street,
    underwater,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of scene.

    Attributes:
        name: Its label, and the name of its folder.
        paint: Paints one scene: (random numbers, height, width) to a picture (height, width, 3).
        months: The first and the last month in which such photos are taken.
    """

    name: str
    paint: Callable[[np.random.Generator, int, int], Picture]
    months: tuple[int, int] = (1, 12)


KINDS = (
    Kind("landscape", landscape.paint, (4, 10)),
    Kind("night-sky", night_sky.paint),
    Kind("flower", flower.paint, (4, 8)),
    Kind("street", street.paint),
    Kind("fruit", fruit.paint),
    Kind("sea", sea.paint, (5, 10)),
    Kind("forest", forest.paint, (3, 11)),
    Kind("desert", desert.paint, (1, 4)),
    Kind("snow", snow.paint, (1, 3)),
    Kind("underwater", underwater.paint, (6, 9)),
    Kind("leaves", leaves.paint, (9, 11)),
    Kind("harbour", harbour.paint, (4, 10)),
    Kind("dusk", dusk.paint),
    Kind("rain", rain.paint, (9, 12)),
    Kind("balloons", balloons.paint, (6, 9)),
)
