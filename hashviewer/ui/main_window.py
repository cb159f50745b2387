"""The window: puts grid, views, tool bar, status bar and messages together."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from hashviewer.library import Problem
from hashviewer.ui import views
from hashviewer.ui.action_states import ActionStates
from hashviewer.ui.actions import LIBRARY_MENU, Actions
from hashviewer.ui.commands import Commands
from hashviewer.ui.controller import Controller
from hashviewer.ui.docks import PRESETS, Docks
from hashviewer.ui.drops import can_take, taken_from
from hashviewer.ui.empty_state import EmptyState
from hashviewer.ui.explorer import Explorer
from hashviewer.ui.grid_keys import press_key
from hashviewer.ui.grid_view import GridView
from hashviewer.ui.indexing import Indexing
from hashviewer.ui.message_bar import MessageBar
from hashviewer.ui.opening import in_words
from hashviewer.ui.plan_reading import PlanReader
from hashviewer.ui.settings import Settings
from hashviewer.ui.status_bar import StatusBar
from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.theme import Mode, theme_watcher
from hashviewer.ui.thumbnails import Thumbnails
from hashviewer.ui.toolbar import Toolbar
from hashviewer.ui.welcome import WelcomePage

SIZE = QSize(1600, 1000)
ROOM = 0.94  # of the screen at most, so that the frame fits too
WARM_UP_MS = 300  # after the first paint: starting the encoder must not delay it
MESSAGE_MS = 10_000


class MainWindow(QMainWindow):
    """The one window of the program."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        theme_watcher().set_mode(settings.theme)  # before there are widgets that would be dressed twice
        self.setWindowTitle("HashViewer")
        self.resize(SIZE.boundedTo(self.screen().availableSize() * ROOM))
        self.setAcceptDrops(True)
        self.explorer = Explorer()
        self.tasks = TaskQueue(self)
        self.thumbnails = Thumbnails(self)
        self.controller = Controller(self.explorer, self.tasks, self)
        self._plan_reader = PlanReader(self.explorer, self.tasks, self)
        self.indexing = Indexing(self.controller, self.explorer, self.tasks)
        self.commands = Commands(self)
        self.actions_table = Actions(self.commands, self, self.menuBar())
        self._action_states = ActionStates(self.actions_table, self.explorer, self.controller)
        self._painted = False
        self._build()
        self._connect()
        self._recall()

    def _build(self) -> None:
        self.grid_view = GridView(self.explorer, self.tasks, self.thumbnails)
        self.welcome = WelcomePage()
        self._opening = EmptyState()
        self.message_bar = MessageBar(self.commands.show_log)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self._opening)
        self._pages.addWidget(self.grid_view)
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.message_bar)
        layout.addWidget(self._pages)
        self.setCentralWidget(central)
        self._library_menu = self._make_library_menu()
        self.toolbar = Toolbar(self.explorer, self._library_menu)
        self.addToolBar(self.toolbar)
        self.status = StatusBar(self.explorer, self.tasks)
        self.setStatusBar(self.status)
        self.docks = Docks(self)
        for view in views.ALL:
            self.docks.add(view.key, view.title, view(self.explorer, self.tasks, self.thumbnails), view.area)
        self.actions_table.menus["View"].addActions(self.docks.toggles())

    def _make_library_menu(self) -> QMenu:
        menu = QMenu(self)
        for slot in LIBRARY_MENU:
            menu.addAction(self.actions_table[slot])
        self._recent_menu = menu.addMenu("Recent")
        self.actions_table.menus["File"].insertMenu(self.actions_table["close_library"], self._recent_menu)
        return menu

    def _connect(self) -> None:
        explorer, commands = self.explorer, self.commands
        explorer.workspace_changed.connect(self._on_workspace_changed)
        explorer.library_grew.connect(self._count_problems)
        explorer.failed.connect(self.tell)
        self.tasks.failed.connect(self.tell)
        self.tasks.idle.connect(self._leave_opening)
        self.indexing.reported.connect(partial(self.status.showMessage, timeout=MESSAGE_MS))
        self.indexing.failed.connect(self._on_indexing_failed)
        self.indexing.opened.connect(self.settings.add_recent)
        self.grid_view.photos_wanted.connect(commands.new_library)
        self.grid_view.filter_unwanted.connect(commands.clear_filter)
        self.grid_view.exact_wanted.connect(commands.show_exact)
        self.grid_view.grid.opened.connect(self._on_photo_opened)
        self.grid_view.grid.menu_asked.connect(commands.show_photo_menu)
        self.toolbar.filter_typed.connect(self.controller.filter_by)
        self.toolbar.theme_wanted.connect(self._next_theme)
        self.toolbar.palette_wanted.connect(commands.show_palette)
        self.toolbar.search.panel.plan_wanted.connect(commands.show_plan)
        self.toolbar.search.panel.planned_wanted.connect(commands.mode_planned)
        self.status.problems_asked.connect(commands.show_problems)
        self.status.told.connect(self._opening.say)
        self.welcome.folder_wanted.connect(commands.new_library)
        self.welcome.open_wanted.connect(commands.open_file)
        self.welcome.sample_wanted.connect(commands.open_sample)
        self.welcome.recent_wanted.connect(commands.open_path)
        theme_watcher().changed.connect(self._on_theme_changed)

    def _recall(self) -> None:
        """Take up what was remembered."""
        settings = self.settings
        self.actions_table.dress()
        self.toolbar.show_theme_mode()
        if not settings.geometry.isEmpty():
            self.restoreGeometry(settings.geometry)
        self._layout = settings.layout
        self.explorer.options = settings.options
        if settings.cell_size:
            self.grid_view.grid.set_cell_size(settings.cell_size)
        if not settings.suggests_radius:
            self.controller.suggest_radius(suggest=False)
            self.explorer.radius = settings.radius
        self._show_library(is_open=False)

    # What others use

    def tell(
        self, text: str, way_out: str = "", do: Callable[[], None] | None = None, *, is_error: bool = True
    ) -> None:
        """Show a sentence above the photos, with the way out."""
        self.message_bar.say(text, way_out=way_out, do=do, is_error=is_error)

    def show_opening(self, name: str) -> None:
        """At the start: say what is being opened where the welcome page would be."""
        self._opening.say(f"Opening {name}…")
        self._pages.setCurrentWidget(self._opening)

    def show_dialog(self, dialog: QDialog) -> None:
        """Show a dialog that stops nothing."""
        dialog.setModal(False)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def set_theme(self, mode: Mode) -> None:
        """Choose the theme."""
        self.settings.theme = mode
        theme_watcher().set_mode(mode)
        self.toolbar.show_theme_mode()

    def take_incoming(self, data: QMimeData | None, *, pasted: bool = False) -> None:
        """Search with a picture from outside, open a library, read a folder."""
        incoming = None if data is None else taken_from(data)  # an empty clipboard has none
        if incoming is None:
            self.tell("There is no picture, file or folder in it: drop or paste one of these.")
        elif incoming.path is not None:
            self.commands.open_path(incoming.path)
        else:
            title = "Pasted picture" if pasted else "Dropped picture"
            self.explorer.image_asked.emit(incoming.picture, title)

    def show_recent(self) -> None:
        """List the libraries opened last."""
        recent = self.settings.recent
        self.welcome.show_recent(recent)
        self._recent_menu.clear()
        for path in recent:
            self._recent_menu.addAction(in_words(path), partial(self.commands.open_path, path))
        self._recent_menu.setEnabled(bool(recent))

    # Following

    def _on_workspace_changed(self) -> None:
        workspace = self.explorer.workspace
        self.thumbnails.set_library(None if workspace is None else workspace.library)
        self.setWindowTitle("HashViewer" if workspace is None else f"{workspace.name} — HashViewer")
        self._show_library(is_open=workspace is not None)
        self._count_problems()

    def _show_library(self, *, is_open: bool) -> None:
        was_open = self._pages.currentWidget() is self.grid_view
        self.actions_table.set_library_open(is_open=is_open)
        self._action_states.enable_history()
        self.toolbar.setVisible(is_open)
        if is_open and not was_open:
            if self._layout.isEmpty() or not self.restoreState(self._layout):
                self.docks.arrange(PRESETS["all"])
            self.toolbar.show()
        elif not is_open:
            if was_open:
                self._layout = self.saveState()
            self.docks.hide_all()
            self.show_recent()
        self._pages.setCurrentWidget(self.grid_view if is_open else self.welcome)
        (self.grid_view.grid if is_open else self.welcome.folder).setFocus()

    def _leave_opening(self) -> None:
        if self._pages.currentWidget() is self._opening:  # nothing came of it
            self._pages.setCurrentWidget(self.welcome)

    def _count_problems(self) -> None:
        workspace = self.explorer.workspace
        if workspace is not None:
            self.tasks.run("problems", workspace.library.problems, on_done=self._on_problems_counted)

    def _on_problems_counted(self, problems: list[Problem]) -> None:
        self.status.show_problems(len(problems))

    def _on_indexing_failed(self, text: str, folder: object) -> None:
        self._count_problems()
        if isinstance(folder, Path):
            self.tell(text, way_out="Try again", do=partial(self.indexing.open_folder, folder))
        else:
            self.tell(text)

    def _on_photo_opened(self, _row: int) -> None:
        self.docks.show("photo")
        self.docks["photo"].widget().setFocus()

    def _on_theme_changed(self) -> None:
        self.actions_table.dress()

    def _next_theme(self) -> None:
        modes = list(Mode)
        self.set_theme(modes[(modes.index(theme_watcher().mode) + 1) % len(modes)])

    def _warm_up(self) -> None:
        """Load what the first query needs; not while a library is opened, which that would slow down."""
        if self.tasks.runs("open"):
            QTimer.singleShot(WARM_UP_MS, self, self._warm_up)
            return
        views.warm_up(self.tasks)
        self.controller.begin_warm_up()

    def _remember(self) -> None:
        settings, is_open = self.settings, self.explorer.workspace is not None
        settings.geometry = self.saveGeometry()
        settings.layout = self.saveState() if is_open else self._layout
        settings.options = self.explorer.options
        settings.cell_size = self.grid_view.grid.cell_size
        settings.keep_radius(None if self.controller.suggesting else self.explorer.radius)
        settings.sync()

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(WARM_UP_MS, self, self._warm_up)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not (self.docks.has_focus("photo") and press_key(self.grid_view.grid, event)):
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if can_take(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        row = self.explorer.selection.current
        if event.source() is self.grid_view.grid and row is not None:
            self.explorer.row_asked.emit(row)
        else:
            self.take_incoming(event.mimeData())

    def closeEvent(self, event: QCloseEvent) -> None:
        self._remember()
        workspace = self.explorer.workspace
        self.commands.end_training()
        self.tasks.shutdown()
        self.thumbnails.shutdown()
        if workspace is not None:
            workspace.close()
        super().closeEvent(event)
