"""The photo grid with its header: order, size, filter, how many; and what is said when it is empty."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from hashviewer.ui.answer_bar import AnswerBar
from hashviewer.ui.arrangement import EMPTY, Arrangement, arrange, usual_shape
from hashviewer.ui.empty_state import EmptyState
from hashviewer.ui.explorer import Explorer, Order
from hashviewer.ui.grid import DEFAULT_SIZE, LARGEST, SMALLEST, PhotoGrid
from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.theme import tabular
from hashviewer.ui.thumbnails import Thumbnails

AT_ONCE = 5_000  # photos: sorting more by date or name is left to a worker
ORDERS = ((Order.RANK, "by rank"), (Order.DATE, "by date"), (Order.NAME, "by name"))
ASKING = frozenset({"query", "search"})  # keys of the tasks after which the grid shows something else


class GridView(QWidget):
    """The central widget while a library is open.

    Signals:
        photos_wanted: The button of the empty library was pressed.
        filter_unwanted: The filter is to go.
        exact_wanted: The exact answer in place of an approximate one, or back.
    """

    photos_wanted = Signal()
    filter_unwanted = Signal()
    exact_wanted = Signal()

    def __init__(self, explorer: Explorer, tasks: TaskQueue, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.explorer = explorer
        self.tasks = tasks
        self.grid = PhotoGrid(explorer, thumbnails)
        self.empty = EmptyState()
        self.answer_bar = AnswerBar(explorer)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.grid)
        self._pages.addWidget(self.empty)
        self._order = QComboBox(toolTip="How the photos are sorted; the set stays the same")
        self._chip = QToolButton(toolTip="Show all again (Esc)", visible=False)
        self._chip.setObjectName("chip")
        self._count = QLabel()
        self._size = QSlider(Qt.Orientation.Horizontal, toolTip="Size of the photos (Ctrl + wheel)")
        self._build()
        self._connect()
        self._shown: tuple[object, object] = (None, None)  # query and filter of what is shown
        self._describe()

    def _build(self) -> None:
        title = QLabel("PHOTOS")
        title.setObjectName("paneTitle")
        for order, text in ORDERS:
            self._order.addItem(text, order)
        self._order.setAccessibleName("Order of the photos")
        self._size.setAccessibleName("Size of the photos")
        self._size.setRange(SMALLEST, LARGEST)
        self._size.setValue(DEFAULT_SIZE)
        self._size.setFixedWidth(96)
        self._count.setFont(tabular(self._count.font()))
        self._count.setObjectName("muted")
        header = QHBoxLayout()
        header.setContentsMargins(8, 4, 8, 4)
        header.setSpacing(8)
        for widget in (title, self._order, self._size, self._chip):
            header.addWidget(widget)
        header.addStretch()
        header.addWidget(self._count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(header)
        layout.addWidget(self.answer_bar)
        layout.addWidget(self._pages)

    def _connect(self) -> None:
        explorer = self.explorer
        explorer.workspace_changed.connect(self._on_workspace_changed)
        explorer.results_changed.connect(self._on_results_changed)
        explorer.query_changed.connect(self._on_question_changed)
        explorer.row_filter_changed.connect(self._on_filter_changed)
        explorer.order_changed.connect(self._on_order_changed)
        explorer.radius_changed.connect(self._describe)
        explorer.library_grew.connect(self._on_library_grew)
        self.tasks.started.connect(self._on_task)
        self.tasks.finished.connect(self._on_task)
        self._order.activated.connect(self._on_order_chosen)
        self._size.valueChanged.connect(self.grid.set_cell_size)
        self.grid.size_changed.connect(self._size.setValue)
        self._chip.clicked.connect(self.filter_unwanted)
        self.answer_bar.exact_wanted.connect(self.exact_wanted)
        self.empty.pressed.connect(self._on_empty_pressed)

    # Following the explorer

    def _on_workspace_changed(self) -> None:
        self._show(EMPTY, keep_scroll=False)
        self._on_question_changed()

    def _on_question_changed(self) -> None:
        if self.explorer.workspace is None or self.explorer.query is None:
            self.rearrange(keep_scroll=False)
        self._mark_stale()

    def _on_results_changed(self) -> None:
        results = self.explorer.results
        asked = None if results is None else results.query
        if asked is self.explorer.query:
            shown = (asked, self.explorer.row_filter)
            self.rearrange(
                keep_scroll=all(now is before for now, before in zip(shown, self._shown, strict=True))
            )
            self._shown = shown
        self._mark_stale()

    def _on_filter_changed(self) -> None:
        row_filter = self.explorer.row_filter
        self._chip.setVisible(row_filter is not None)
        self._chip.setText("" if row_filter is None else f"{_elided(row_filter.text)}  ✕")
        if self.explorer.query is None or row_filter is None or not row_filter.search:
            self.rearrange(keep_scroll=False)

    def _on_order_changed(self) -> None:
        self._order.setCurrentIndex([order for order, _ in ORDERS].index(self.explorer.order))
        self.rearrange(keep_scroll=False)

    def _on_library_grew(self) -> None:
        if self.explorer.query is None:
            self.rearrange(keep_scroll=True)

    def _on_order_chosen(self, index: int) -> None:
        self.explorer.order = ORDERS[index][0]

    def _on_task(self, key: str) -> None:
        if key in ASKING:
            self._mark_stale()
        elif key == "index" and not self.grid.cells.count:
            self._describe()

    def _on_empty_pressed(self) -> None:
        if self._found_nothing():
            self.exact_wanted.emit()
        elif self.explorer.row_filter is not None:
            self.filter_unwanted.emit()
        else:
            self.photos_wanted.emit()

    def _mark_stale(self) -> None:
        explorer = self.explorer
        answered = explorer.results is not None and explorer.results.query is explorer.query
        waiting = explorer.query is not None and not answered
        self.grid.set_stale(stale=waiting or self.tasks.runs("query"))

    # Showing

    def rearrange(self, *, keep_scroll: bool) -> None:
        """Show what the explorer's state asks for; sorting many photos is done by a worker."""
        workspace, explorer = self.explorer.workspace, self.explorer
        self.tasks.cancel("arrange")
        if workspace is None:
            self._show(EMPTY, keep_scroll=False)
            return
        results = explorer.results if explorer.query is not None else None
        if explorer.query is not None and results is None:
            return  # the first answer is under way
        matches = None if results is None else results.matches
        work = partial(arrange, workspace.library, matches, explorer.row_filter, explorer.order)
        small = matches is not None and len(matches.rows) <= AT_ONCE and explorer.row_filter is None
        if small or explorer.order is Order.RANK:
            self._show(work(), keep_scroll=keep_scroll)
        else:
            self.grid.set_stale(stale=True)
            self.tasks.run("arrange", work, on_done=partial(self._on_arranged, keep_scroll), label="Sorting")

    def _on_arranged(self, keep_scroll: bool, arrangement: Arrangement) -> None:  # noqa: FBT001 - bound by partial
        self._show(arrangement, keep_scroll=keep_scroll)
        self._mark_stale()

    def _show(self, arrangement: Arrangement, *, keep_scroll: bool) -> None:
        workspace = self.explorer.workspace
        if workspace is not None and not len(self.grid.arrangement.rows):  # kept while the library grows
            self.grid.set_shape(usual_shape(workspace.library))
        self.grid.show_arrangement(arrangement, keep_scroll=keep_scroll)
        self._describe()

    def _describe(self) -> None:
        arrangement, workspace = self.grid.arrangement, self.explorer.workspace
        count = len(arrangement.rows)
        was_empty = self._pages.currentWidget() is self.empty
        self._pages.setCurrentWidget(self.grid if count or workspace is None else self.empty)
        focus = self.window().focusWidget()
        if was_empty and count and (focus is None or self.isAncestorOf(focus)):
            self.grid.setFocus()  # while there was nothing to focus, it went to whatever came next
        if not count:
            self._say_why_empty()
            self._count.clear()
            return
        shown = f"{count:,} of {arrangement.total:,}" if count < arrangement.total else f"{count:,}"
        within = ""
        if arrangement.distances is not None and self.explorer.results is not None:
            matches = self.explorer.results.matches
            radius = min(self.explorer.radius, matches.bits)
            within = f" · {matches.within(radius):,} within {radius:,}"
        self._count.setText(f"{shown} photos{within}" if count != 1 else f"{shown} photo{within}")

    def _found_nothing(self) -> bool:
        """Whether the tables found nothing, though there may be something."""
        results = self.explorer.results if self.explorer.query is not None else None
        return results is not None and not results.matches.exact

    def _say_why_empty(self) -> None:
        row_filter = self.explorer.row_filter
        if self._found_nothing():
            self.empty.say(
                "No bucket that was looked into holds a photo. Take a larger radius, or compare every code.",
                button="Exact answer (E)",
            )
        elif row_filter is not None:
            self.empty.say(f"No photo fits the filter {row_filter.text}.", button="Show all photos")
        elif self.tasks.runs("index"):
            self.empty.say("The photos appear here as they are read.")
        else:
            workspace = self.explorer.workspace
            root = None if workspace is None else workspace.library.root
            found = "This library holds no photos." if root is None else f"No photos were found in {root}."
            self.empty.say(
                f"{found} Put some there and press F5, or make a library of another folder.",
                button="Choose a folder of photos…",
            )


def _elided(text: str) -> str:
    return text if len(text) <= 48 else f"{text[:47]}…"
