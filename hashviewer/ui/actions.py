"""The table of everything that can be done: menus, keys and the palette follow from it."""

from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from hashviewer.ui.theme import icon


@dataclass(frozen=True, slots=True)
class Row:
    """One action.

    Attributes:
        slot: The method of the commands that does it.
        text: What the menu says.
        keys: Its shortcut, in Qt's notation; empty for none. Several are parted by "; ".
        tip: What it does, in a sentence; for the palette and tool tips.
        icon: Name of an icon, or empty.
        checkable: Whether it is a state that is on or off.
        needs_library: Whether it makes sense only while a library is open.
    """

    slot: str
    text: str
    keys: str = ""
    tip: str = ""
    icon: str = ""
    checkable: bool = False
    needs_library: bool = True


SEPARATOR = None
LIBRARY_MENU = (
    "new_library",
    "open_file",
    "open_library_folder",
    "open_sample",
    "refresh_library",
    "train_method",
)
"""The actions at the library's name in the tool bar."""

MENUS: tuple[tuple[str, tuple[Row | None, ...]], ...] = (
    (
        "&File",
        (
            Row(
                "new_library", "&New library from folder…", "Ctrl+N", icon="folder-plus", needs_library=False
            ),
            Row("open_file", "&Open library, store or model…", "Ctrl+O", icon="library", needs_library=False),
            Row("open_library_folder", "Open library &folder…", "Ctrl+Shift+O", needs_library=False),
            Row("connect_engine", "Connect to an &engine…", needs_library=False),
            Row("open_sample", "Open the &sample", icon="sample", needs_library=False),
            Row("close_library", "&Close library", "Ctrl+W"),
            SEPARATOR,
            Row("refresh_library", "&Refresh library", "F5", "Read new and changed photos", icon="refresh"),
            Row("encode_with_model", "Encode with another &model…", icon="chip"),
            Row(
                "train_method",
                "&Train a hashing method…",
                "Ctrl+T",
                "Make a model from labelled images or features",
                icon="train",
                needs_library=False,
            ),
            Row("export_results", "&Export results…", "Ctrl+E", icon="export"),
            Row("pack_library", "&Pack into one file…"),
            SEPARATOR,
            Row("quit", "&Quit", "Ctrl+Q", needs_library=False),
        ),
    ),
    (
        "&Edit",
        (
            Row("copy", "&Copy picture and path", "Ctrl+C"),
            Row("copy_path", "Copy &path", "Ctrl+Shift+C"),
            Row("paste", "&Paste as query", "Ctrl+V"),
            Row("select_all", "Select &all", "Ctrl+A"),
            SEPARATOR,
            Row("focus_filter", "&Filter…", "/; Ctrl+F", "Words in path or label"),
            Row(
                "step_back",
                "One step &back",
                "Esc",
                "Clear the filter, the selection, the query, in this order",
            ),
            Row("show_palette", "Command p&alette…", "Ctrl+K", icon="command", needs_library=False),
        ),
    ),
    (
        "&Query",
        (
            Row("open_picture", "Search with a p&icture…", "Ctrl+P", icon="search"),
            Row("ask_current", "More like the &current photo", "Ctrl+Return"),
            Row("ask_selected", "More like the &selected photos", "M", "Search with all of them together"),
            Row(
                "leave_out_selected",
                "&Not like the selected photos",
                "N",
                "Leave out what is nearer to them than to the query",
            ),
            Row(
                "ask_part", "Search with the par&t in sight", "Shift+Space", "Of the photo looked at closely"
            ),
            Row(
                "ask_turned",
                "Also &mirrored and rotated",
                tip="Search with the picture's seven turnings, too; the nearest counts",
                checkable=True,
            ),
            SEPARATOR,
            Row("go_back", "&Back", "Alt+Left", icon="back"),
            Row("go_forward", "&Forward", "Alt+Right", icon="forward"),
            Row("forget_query", "Show the whole &library", "Ctrl+L"),
            SEPARATOR,
            Row("shrink_radius", "Smaller &radius", "["),
            Row("grow_radius", "Lar&ger radius", "]"),
            Row(
                "suggest_radius",
                "&Suggest the radius",
                "Ctrl+R",
                "Set the radius at the largest gap in the distances, at every query",
                checkable=True,
            ),
        ),
    ),
    (
        "&Search",
        (
            Row(
                "show_search_panel", "&How to search…", "Ctrl+H", "Mode, radius, tables, distance", "sliders"
            ),
            Row(
                "show_exact",
                "&Exact answer, and back",
                "E",
                "Compare every code in place of looking into tables, for this query",
            ),
            SEPARATOR,
            Row("mode_rank", "Compare every &code", tip="The exact ranking, which is the usual one"),
            Row("mode_lookup", "&Look up in one table", tip="Buckets near the query's; may miss neighbours"),
            Row("mode_multi", "Look up in several &tables", tip="Multi-index hashing, exact at its radius"),
            Row(
                "mode_planned", "As &planned", tip="The way that the planner chose and this library remembers"
            ),
            SEPARATOR,
            Row("distance_hamming", "By Ha&mming distance"),
            Row("distance_weighted", "By &weighted distance", tip="The weights are set in the Bits view"),
            Row("distance_asymmetric", "By &asymmetric distance", tip="The query's outputs against codes"),
            Row("distance_segments", "By &segments", tip="How many segments of the code differ"),
            Row("distance_adc", "By the &quantizer's distance", tip="Look-up tables of code words (ADC)"),
        ),
    ),
    (
        "&View",
        (
            Row("preset_browse", "&Browse", "F1", "Photos, query, radius, photo"),
            Row("preset_bits", "&Inspect bits", "F2", "Bits large, with the query and the buckets"),
            Row("preset_all", "&All views of an answer", "F3"),
            Row("preset_plan", "&Plan the search", "F4", "Which way to search pays, measured here"),
            SEPARATOR,
            Row("order_rank", "Sort by &rank", "Ctrl+1"),
            Row("order_date", "Sort by &date", "Ctrl+2"),
            Row("order_name", "Sort by &name", "Ctrl+3"),
            SEPARATOR,
            Row("larger_photos", "&Larger photos", "Ctrl++; Ctrl+="),
            Row("smaller_photos", "&Smaller photos", "Ctrl+-"),
            SEPARATOR,
            Row("theme_system", "Theme of the s&ystem", icon="contrast", needs_library=False),
            Row("theme_dark", "Dar&k theme", icon="moon", needs_library=False),
            Row("theme_light", "Ligh&t theme", icon="sun", needs_library=False),
            Row("toggle_full_screen", "&Full screen", "F11", needs_library=False),
            SEPARATOR,
        ),
    ),
    (
        "&Photo",
        (
            Row("show_in_file_manager", "Show in file &manager", "Ctrl+Shift+M", icon="folder"),
            Row("open_in_viewer", "Open in another &program", "Ctrl+Shift+Return"),
        ),
    ),
    (
        "&Help",
        (
            Row("show_keys", "&Keys", "?", icon="keys", needs_library=False),
            Row("show_log", "Show the &log file", needs_library=False),
            Row("show_about", "&About HashViewer", needs_library=False),
        ),
    ),
)


class Actions:
    """The actions of a window, made from the table.

    Attributes:
        menus: By the title in the table without "&".
    """

    def __init__(self, commands: object, owner: QWidget, menu_bar: QMenuBar) -> None:
        self._actions: dict[str, QAction] = {}
        self._rows: dict[str, Row] = {}
        self.menus: dict[str, QMenu] = {}
        for title, rows in MENUS:
            menu = menu_bar.addMenu(title)
            self.menus[title.replace("&", "")] = menu
            for row in rows:
                if row is None:
                    menu.addSeparator()
                else:
                    menu.addAction(self._make(row, commands, owner))

    def __getitem__(self, slot: str) -> QAction:
        return self._actions[slot]

    def all(self) -> list[tuple[Row, QAction]]:
        """Every row of the table with its action, in order."""
        return [(row, self._actions[slot]) for slot, row in self._rows.items()]

    def set_library_open(self, *, is_open: bool) -> None:
        """Enable what needs a library, or not."""
        for row, action in self.all():
            action.setEnabled(is_open or not row.needs_library)

    def dress(self) -> None:
        """Take the icons in the present theme's colour."""
        for row, action in self.all():
            if row.icon:
                action.setIcon(icon(row.icon))

    def _make(self, row: Row, commands: object, owner: QWidget) -> QAction:
        action = QAction(row.text, owner, checkable=row.checkable)
        action.setShortcuts([QKeySequence(keys) for keys in row.keys.split("; ") if keys])
        if row.tip:
            action.setToolTip(row.tip)
            action.setStatusTip(row.tip)
        slot = getattr(commands, row.slot)
        if row.checkable:
            action.toggled.connect(slot)
        else:
            action.triggered.connect(lambda _checked=False, slot=slot: slot())
        owner.addAction(action)
        self._actions[row.slot] = action
        self._rows[row.slot] = row
        return action


def plain(text: str) -> str:
    """An action's text without mnemonic and dots."""
    return text.replace("&", "").removesuffix("…")
