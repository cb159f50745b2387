"""The state in which each cell of the photo grid is drawn."""

from typing import TYPE_CHECKING

from hashviewer.ui.grid_painting import BEYOND, BEYOND_SELECTED, STALE, UNSELECTED, CellLook

if TYPE_CHECKING:
    from hashviewer.ui.grid import PhotoGrid


class CellLooks:
    """Looks of the cells for one repaint; what they share is read once."""

    def __init__(self, grid: "PhotoGrid") -> None:
        explorer = grid.explorer
        library = None if explorer.workspace is None else explorer.workspace.library
        self._grid = grid
        self._distances = grid.arrangement.distances
        self._missing = None if library is None else library.missing
        self._labels = None if library is None or grid.relevant_label < 0 else library.labels
        self._query_row = None if explorer.query is None else explorer.query.row
        self._current = explorer.selection.current if grid.hasFocus() else None
        self._hover = explorer.hover
        self._radius = explorer.radius
        self._greys = bool(explorer.selection.rows) and not grid.selects_itself

    def look(self, place: int, row: int) -> CellLook:
        """The state of the cell at a place, which shows a row."""
        grid = self._grid
        distance = -1 if self._distances is None else int(self._distances[place])
        selected = grid.is_selected(row)
        return CellLook(
            badge="" if distance < 0 else f"{distance:,}",
            opacity=self._opacity(distance, selected=selected) * grid.fade_of(row),
            selected=selected,
            current=row == self._current,
            hovered=row == self._hover,
            is_query=row == self._query_row,
            relevant=self._is_relevant(row),
            missing=self._missing is not None and row < len(self._missing) and bool(self._missing[row]),
            broken=grid.thumbnails.is_broken(row),
        )

    def _is_relevant(self, row: int) -> bool:
        labels = self._labels
        if labels is None or row == self._query_row or row >= len(labels):
            return False
        return bool(labels[row] == self._grid.relevant_label)

    def _opacity(self, distance: int, *, selected: bool) -> float:
        if self._grid.stale:
            return STALE
        if distance > self._radius:
            return BEYOND_SELECTED if selected else BEYOND
        return UNSELECTED if self._greys and not selected else 1.0
