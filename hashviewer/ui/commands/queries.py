"""Commands on query, filter and radius."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from hashviewer.selection import Selection
from hashviewer.ui.asking import MOST_PARTS
from hashviewer.ui.commands.base import WindowPart
from hashviewer.ui.views import PhotoView

PICTURES = "Pictures (*.jpg *.jpeg *.png *.webp *.gif *.bmp *.tif *.tiff *.heic *.heif *.avif);;All files (*)"


class QueryCommands(WindowPart):
    """Asking, going back, stepping out."""

    def open_picture(self) -> None:
        """Ask for a picture file and search with it."""
        chosen, _ = QFileDialog.getOpenFileName(self.window, "Search with a picture", "", PICTURES)
        if chosen:
            self.explorer.image_asked.emit(Path(chosen), Path(chosen).name)

    def ask_current(self) -> None:
        """More like the current photo."""
        row = self.explorer.current
        if row is not None:
            self.explorer.row_asked.emit(row)

    def ask_selected(self) -> None:
        """More like the selected photos, all together."""
        rows = list(self.explorer.selection.rows)
        if len(rows) > MOST_PARTS:
            self.window.tell(
                f"{len(rows):,} photos are selected; the first {MOST_PARTS} are asked together.",
                is_error=False,
            )
        if rows:
            self.explorer.rows_asked.emit(rows)
        else:
            self.window.tell(
                "Select the photos first whose like you want: Ctrl + click adds one.", is_error=False
            )

    def leave_out_selected(self) -> None:
        """Leave out what is like the selected photos."""
        rows = list(self.explorer.selection.rows)
        if rows:
            self.explorer.rows_unwanted.emit(rows)
        else:
            self.window.tell("Select the photos first that are not meant.", is_error=False)

    def ask_part(self) -> None:
        """Search with the part of the photo that is in sight."""
        view = self.window.docks["photo"].widget()
        if isinstance(view, PhotoView) and view.isVisible():
            view.loupe.ask_in_sight()
        else:
            self.window.tell("Open a photo first (Enter) and zoom to the part that is meant.", is_error=False)

    def ask_turned(self, turned: bool) -> None:  # noqa: FBT001 - a checkable action's slot
        """Ask pictures mirrored and rotated, too, or only as they are."""
        self.explorer.options = replace(self.explorer.options, turned=turned)

    def go_back(self) -> None:
        """The query before."""
        self.window.controller.go_back()

    def go_forward(self) -> None:
        """The query after."""
        self.window.controller.go_forward()

    def forget_query(self) -> None:
        """Show the whole library."""
        self.window.controller.forget_query()

    def shrink_radius(self) -> None:
        """One bit less."""
        self._move_radius(-1)

    def grow_radius(self) -> None:
        """One bit more."""
        self._move_radius(1)

    def suggest_radius(self, suggest: bool) -> None:  # noqa: FBT001 - a checkable action's slot
        """Suggest the radius at every query, or keep it."""
        self.window.controller.suggest_radius(suggest=suggest)

    def focus_filter(self) -> None:
        """Type words to filter by."""
        self.window.toolbar.filter.setFocus()
        self.window.toolbar.filter.selectAll()

    def clear_filter(self) -> None:
        """Show all again, whatever narrowed the photos."""
        self.window.toolbar.clear_filter()
        self.explorer.row_filter = None
        self.window.grid_view.grid.setFocus()

    def step_back(self) -> None:
        """One step out: message, photo view, filter, selection, query, full screen, in this order."""
        window, explorer = self.window, self.explorer
        if window.message_bar.isVisibleTo(window):
            window.message_bar.hide()
        elif window.docks.has_focus("photo"):
            pass  # back to the photos, which is a step
        elif explorer.row_filter is not None or window.toolbar.filter.text():
            self.clear_filter()
        elif explorer.selection.rows:
            explorer.selection = Selection()
        elif explorer.query is not None:
            window.controller.forget_query()
        elif window.isFullScreen():
            window.showNormal()
        window.grid_view.grid.setFocus()

    def _move_radius(self, bits: int) -> None:
        results = self.explorer.results
        if results is not None:
            self.explorer.radius = min(max(0, self.explorer.radius + bits), results.matches.bits)
