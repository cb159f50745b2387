"""A pen that draws a thing in its own coordinates: boats, fish, cars, cats."""

from collections.abc import Sequence
from dataclasses import dataclass

from hashviewer.sample.paint import Colour, Picture, fill, round_points

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws around a point: 1 is the size of the thing, x points to where it faces, y down.

    Attributes:
        picture: What is painted on.
        x: The thing's point, px.
        y: The thing's point, px.
        size: px for a length of 1.
        way: 1 if the thing faces right, -1 if it faces left.
    """

    picture: Picture
    x: float
    y: float
    size: float
    way: int = 1

    def shape(self, points: Sequence[Point], paint: Colour, *, share: float = 1.0) -> None:
        """A polygon."""
        placed = [(self.x + self.way * a * self.size, self.y + b * self.size) for a, b in points]
        fill(self.picture, placed, paint, share=share)

    def box(self, left: float, top: float, right: float, bottom: float, paint: Colour) -> None:
        """A rectangle."""
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], paint)

    def oval(
        self,
        a: float,
        b: float,
        across: float,
        down: float,
        paint: Colour,
        *,
        turn: float = 0.0,
        count: int = 32,
    ) -> None:
        """An ellipse around (a, b), turned by `turn` radians."""
        self.shape(round_points(a, b, across, down, turn=turn, count=count), paint)
