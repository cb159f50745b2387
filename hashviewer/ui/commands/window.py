"""Commands on the window itself: presets, order, theme, help."""

from PySide6.QtGui import QDesktopServices

from hashviewer.ui.commands.base import WindowPart
from hashviewer.ui.docks import PRESETS
from hashviewer.ui.explorer import Order
from hashviewer.ui.file_urls import to_url
from hashviewer.ui.logs import log_file
from hashviewer.ui.theme import Mode

SIZE_STEP = 16  # px


class WindowCommands(WindowPart):
    """Presets, sorting, size, theme, palette, help."""

    def preset_browse(self) -> None:
        """Photos, query, radius, photo."""
        self.window.docks.arrange(PRESETS["browse"])

    def preset_bits(self) -> None:
        """Bits large, buckets, query."""
        self.window.docks.arrange(PRESETS["bits"])

    def preset_all(self) -> None:
        """Every view."""
        self.window.docks.arrange(PRESETS["all"])

    def preset_plan(self) -> None:
        """The planner large, with the query and the radius."""
        self.window.docks.arrange(PRESETS["plan"])

    def order_rank(self) -> None:
        """Nearest first."""
        self.explorer.order = Order.RANK

    def order_date(self) -> None:
        """Oldest first."""
        self.explorer.order = Order.DATE

    def order_name(self) -> None:
        """By path."""
        self.explorer.order = Order.NAME

    def larger_photos(self) -> None:
        """Larger cells."""
        grid = self.window.grid_view.grid
        grid.set_cell_size(grid.cell_size + SIZE_STEP)

    def smaller_photos(self) -> None:
        """Smaller cells."""
        grid = self.window.grid_view.grid
        grid.set_cell_size(grid.cell_size - SIZE_STEP)

    def theme_system(self) -> None:
        """Follow the system."""
        self.window.set_theme(Mode.SYSTEM)

    def theme_dark(self) -> None:
        """Dark, whatever the system has."""
        self.window.set_theme(Mode.DARK)

    def theme_light(self) -> None:
        """Light, whatever the system has."""
        self.window.set_theme(Mode.LIGHT)

    def toggle_full_screen(self) -> None:
        """Fill the screen, or not."""
        if self.window.isFullScreen():
            self.window.showNormal()
        else:
            self.window.showFullScreen()

    def show_palette(self) -> None:
        """Every action by a few letters."""
        from hashviewer.ui.palette import Palette

        actions = [action for _, action in self.window.actions_table.all()] + self.window.docks.toggles()
        self.window.show_dialog(Palette(actions, self.window))

    def show_keys(self) -> None:
        """The list of keys."""
        from hashviewer.ui.dialogs.keys import KeysDialog

        self.window.show_dialog(KeysDialog(self.window))

    def show_log(self) -> None:
        """The log file, or its folder when nothing has been written yet."""
        path = log_file()
        shown = path if path.exists() else path.parent
        if not QDesktopServices.openUrl(to_url(shown)):
            self.window.tell(f"The log file is {path}.", is_error=False)

    def show_about(self) -> None:
        """Version and license."""
        from hashviewer.ui.dialogs.about import about_box

        self.window.show_dialog(about_box(self.window, log_file()))
