"""Where the cells of the photo grid are: arithmetic, no layout, whatever the number of photos."""

from dataclasses import dataclass, field

MARGIN = 8  # px around all cells
GAP = 4  # px between cells
BAND = 32  # px that the radius line takes


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in the content's coordinates, px."""

    x: int
    y: int
    width: int
    height: int

    def contains(self, x: int, y: int) -> bool:
        """Whether a point lies inside."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True, slots=True)
class GridGeometry:
    """A uniform grid of cells that fills a width, parted by the radius line.

    Places count from 0 in the order shown; coordinates are those of the whole content, not of the viewport.

    Attributes:
        count: How many cells there are.
        width: Width of the content, px.
        wanted: The width that cells should have, px; they are stretched to fill the whole width.
        cut: The place before which the radius line is drawn; None for no line. The line begins a new row.
        shape: Height of a cell divided by its width: that of most pictures.
        columns: Cells in a row.
        edge: Width of a cell, px.
        cell_height: Height of a cell, px.
        pitch: From the top of a row of cells to the next one's, px.
    """

    count: int
    width: int
    wanted: int
    cut: int | None = None
    shape: float = 1.0

    columns: int = field(init=False)
    edge: int = field(init=False)
    cell_height: int = field(init=False)
    pitch: int = field(init=False)

    def __post_init__(self) -> None:
        columns = max(1, (self.width - 2 * MARGIN + GAP) // (self.wanted + GAP))
        edge = max(16, (self.width - 2 * MARGIN - GAP * (columns - 1)) // columns)
        height = max(16, round(edge * self.shape))
        for name, value in (
            ("columns", columns),
            ("edge", edge),
            ("cell_height", height),
            ("pitch", height + GAP),
        ):
            object.__setattr__(self, name, value)  # computed once: a frame asks thousands of times

    @property
    def rows_before_cut(self) -> int:
        """Rows of cells above the radius line."""
        return 0 if self.cut is None else -(-self.cut // self.columns)

    @property
    def cut_y(self) -> int | None:
        """Top of the radius line's band; None without a line."""
        return None if self.cut is None else MARGIN + self.rows_before_cut * self.pitch

    @property
    def height(self) -> int:
        """Height of the content, px."""
        if self.count == 0:
            return 0
        return self.rect(self.count - 1).y + self.cell_height + MARGIN

    def rect(self, place: int) -> Rect:
        """The cell at a place."""
        row, column, band = self._cell(place)
        x = MARGIN + column * (self.edge + GAP)
        return Rect(x, MARGIN + row * self.pitch + band, self.edge, self.cell_height)

    def at(self, x: int, y: int) -> int | None:
        """The place of the cell at a point; None between cells."""
        near = self.range_in(y, y + 1)
        column = (x - MARGIN) // (self.edge + GAP)
        if not 0 <= column < self.columns:
            return None
        for place in near:
            if self.rect(place).contains(x, y):
                return place
        return None

    def range_in(self, top: int, bottom: int) -> range:
        """The places whose cells lie at least in part between two heights (`bottom` excluded)."""
        if self.count == 0 or bottom <= top:
            return range(0)
        first = self._first_not_above(top)
        end = self._first_not_above(bottom - 1 + self.cell_height)  # cells that begin below bottom - 1
        return range(first, max(first, end))

    def places_in(self, area: Rect) -> list[int]:
        """The places whose cells touch an area, ascending: what a rubber band catches."""
        return [
            place for place in self.range_in(area.y, area.y + area.height) if _overlap(self.rect(place), area)
        ]

    def beside(self, place: int, *, columns: int = 0, rows: int = 0) -> int:
        """The place that so many columns and rows away from `place` is; stays inside the grid."""
        if columns:
            return min(max(0, place + columns), self.count - 1)
        row, column, _ = self._cell(place)
        return self._place(min(max(0, row + rows), self._cell(self.count - 1)[0]), column)

    def _cell(self, place: int) -> tuple[int, int, int]:
        """Row, column and the height of the band above."""
        if self.cut is None or place < self.cut:
            return place // self.columns, place % self.columns, 0
        after = place - self.cut
        return self.rows_before_cut + after // self.columns, after % self.columns, BAND

    def _place(self, row: int, column: int) -> int:
        """The place in a row of cells and a column, or the last one of that row if it is shorter."""
        if self.cut is not None and row >= self.rows_before_cut:
            return min(self.cut + (row - self.rows_before_cut) * self.columns + column, self.count - 1)
        last = self.count if self.cut is None else self.cut
        return min(row * self.columns + column, last - 1)

    def _first_not_above(self, y: int) -> int:
        """The first place whose cell ends below `y`, i.e. whose bottom edge is greater than `y`."""
        row = max(0, -(-(y + 1 - MARGIN - self.cell_height) // self.pitch))
        if self.cut is None:
            return min(self.count, row * self.columns)
        if row < self.rows_before_cut:
            return min(row * self.columns, self.cut)
        below = max(0, -(-(y + 1 - MARGIN - self.cell_height - BAND) // self.pitch) - self.rows_before_cut)
        return min(self.count, self.cut + below * self.columns)


def _overlap(a: Rect, b: Rect) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height
