from hypothesis import given
from hypothesis import strategies as st

from hashviewer.ui.grid_geometry import BAND, GridGeometry, Rect

geometries = st.builds(
    GridGeometry,
    count=st.integers(1, 80),
    width=st.integers(40, 600),
    wanted=st.integers(24, 160),
    cut=st.none(),
    shape=st.sampled_from([0.5, 0.75, 1.0, 1.25]),
) | st.integers(1, 80).flatmap(
    lambda count: st.builds(
        GridGeometry,
        count=st.just(count),
        width=st.integers(40, 600),
        wanted=st.integers(24, 160),
        cut=st.integers(0, count - 1),
        shape=st.sampled_from([0.5, 0.75, 1.0, 1.25]),
    )
)


@given(geometries, st.integers(-100, 3000), st.integers(1, 700))
def test_the_visible_places_are_those_whose_cells_touch_the_viewport(grid, top, height):
    bottom = top + height
    touching = [
        place
        for place in range(grid.count)
        if grid.rect(place).y < bottom and grid.rect(place).y + grid.cell_height > top
    ]
    assert list(grid.range_in(top, bottom)) == touching


@given(geometries)
def test_every_point_of_a_cell_leads_to_its_place_and_no_other(grid):
    for place in range(grid.count):
        rect = grid.rect(place)
        assert grid.at(rect.x, rect.y) == place
        assert grid.at(rect.x + rect.width - 1, rect.y + rect.height - 1) == place


@given(geometries)
def test_cells_do_not_overlap_the_radius_line(grid):
    if grid.cut_y is None:
        return
    band = Rect(0, grid.cut_y, grid.width, BAND - 4)
    for place in range(grid.count):
        rect = grid.rect(place)
        assert rect.y + rect.height <= band.y or rect.y >= band.y + band.height
        assert (rect.y < band.y) == (place < grid.cut)


@given(geometries, st.integers(-9, 9))
def test_moving_by_rows_stays_in_the_column_where_there_is_one(grid, rows):
    for place in range(grid.count):
        moved = grid.beside(place, rows=rows)
        assert 0 <= moved < grid.count
        if grid.rect(moved).x != grid.rect(place).x:
            row = grid.rect(moved).y
            longest = max(grid.rect(other).x for other in range(grid.count) if grid.rect(other).y == row)
            assert grid.rect(moved).x == longest < grid.rect(place).x


def test_a_point_between_cells_leads_nowhere():
    grid = GridGeometry(count=10, width=400, wanted=100)
    rect = grid.rect(0)
    assert grid.at(rect.x + rect.width, rect.y) is None
    assert grid.at(0, 0) is None


def test_a_rubber_band_catches_what_it_touches():
    grid = GridGeometry(count=12, width=400, wanted=90)
    first, last = grid.rect(1), grid.rect(6)
    band = Rect(first.x + 5, first.y + 5, last.x - first.x, last.y - first.y)
    assert grid.places_in(band) == [1, 2, 5, 6]


def test_cells_fill_the_width():
    grid = GridGeometry(count=10, width=1000, wanted=120)
    last = grid.rect(grid.columns - 1)
    assert 1000 - grid.columns <= last.x + last.width + 8 <= 1000


def test_a_million_photos_need_no_layout():
    grid = GridGeometry(count=1_000_000, width=1200, wanted=144, cut=500_003)
    assert grid.at(grid.rect(999_999).x, grid.rect(999_999).y) == 999_999
    assert grid.height < 2**31
