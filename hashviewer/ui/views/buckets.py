"""The hash buckets around the query: how many are occupied, and by which photos."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from hashviewer.search import Matches
from hashviewer.statistics import Buckets
from hashviewer.ui.empty_state import EmptyState
from hashviewer.ui.explorer import Explorer, Results, RowFilter
from hashviewer.ui.tasks import TaskQueue, sentence
from hashviewer.ui.theme import theme_watcher
from hashviewer.ui.thumbnails import Thumbnails
from hashviewer.ui.views.base import View
from hashviewer.ui.views.bucket_models import BucketModel, RingModel, short_code
from hashviewer.ui.views.bucket_strip import EDGE, GAP, StripDelegate
from hashviewer.ui.views.labels import Sentence
from hashviewer.ui.views.reading import answered, counted
from hashviewer.workspace import Workspace

TASK = "buckets"
LISTED = 2000  # buckets that are listed at most; the rings count all


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """What the tables show: the answer, the radius asked for, and each photo's line in the list (N,), -1 = none."""

    results: Results
    radius: int
    buckets: Buckets
    line_of: NDArray[np.int32]


class BucketsView(View):
    """Rings and buckets within the radius; a click narrows the grid to one of them."""

    key: ClassVar[str] = "buckets"
    title: ClassVar[str] = "Buckets"
    area: ClassVar[Qt.DockWidgetArea] = Qt.DockWidgetArea.RightDockWidgetArea
    redraw_on: ClassVar[tuple[str, ...]] = (
        "query_changed", "results_changed", "radius_changed", "selection_changed", "row_filter_changed",
    )  # fmt: skip
    keys: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Up, Down", "Move in the list"),
        ("Click, Enter", "Show the photos of a ring or a bucket in the grid"),
    )

    def __init__(self, explorer: Explorer, tasks: TaskQueue, thumbnails: Thumbnails) -> None:
        super().__init__(explorer, tasks, thumbnails)
        self._shown: _Shown | None = None
        self._failed: Results | None = None
        self._own_filter: RowFilter | None = None
        self.empty = EmptyState()
        self.empty.say("Ask with a photo to see which buckets around it are occupied.")
        self.line = Sentence()
        self.clear = QPushButton("Show all photos")
        self.clear.setToolTip("Take the narrowing of the grid away (Esc)")
        self.rings, self.buckets = RingModel(self), BucketModel(self)
        self.ring_table = _table(self.rings, "Rings around the query")
        self.bucket_table = _table(self.buckets, "Occupied buckets")
        self.bucket_table.setItemDelegateForColumn(3, StripDelegate(thumbnails, self))
        self.bucket_table.verticalHeader().setDefaultSectionSize(EDGE + 2 * GAP)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self.ring_table)
        self.splitter.addWidget(self.bucket_table)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setSizes([100, 120])
        self.content = QWidget()
        inside = QVBoxLayout(self.content)
        inside.setContentsMargins(8, 4, 8, 4)
        inside.setSpacing(4)
        for widget in (self.line, self.splitter, self.clear):
            inside.addWidget(widget, stretch=int(widget is self.splitter))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.empty)
        layout.addWidget(self.content)
        self._connect()

    def _connect(self) -> None:
        for table, chosen in (
            (self.ring_table, self._on_ring_chosen),
            (self.bucket_table, self._on_bucket_chosen),
        ):
            table.clicked.connect(chosen)
            table.activated.connect(chosen)
        self.clear.clicked.connect(self._on_clear)
        self.thumbnails.ready.connect(self._on_thumbnail_ready)
        self.explorer.query_changed.connect(self._drop_own_filter)
        self.tasks.finished.connect(self._on_task_finished)
        theme_watcher().changed.connect(self.refresh)

    def draw(self) -> None:
        results = self.explorer.results
        self.empty.setVisible(results is None)
        self.content.setVisible(results is not None)
        self._show_narrowing()
        if results is None:
            self._show(None)
            return
        self._take_counted(results)
        fresh = self._is_fresh()
        if answered(self.explorer) and not fresh:
            self._compute(results)
        self.splitter.setEnabled(answered(self.explorer) and self._answers(results))
        self._write(stale=not fresh)
        self._mark()

    def _show_narrowing(self) -> None:
        """The line that the grid is narrowed to stays lit, and a button takes the narrowing away."""
        narrowed = self._own_filter is not None and self.explorer.row_filter is self._own_filter
        self.clear.setVisible(narrowed)
        if not narrowed:
            self.ring_table.clearSelection()
            self.bucket_table.clearSelection()

    def _answers(self, results: Results) -> bool:
        return self._shown is not None and self._shown.results is results

    def _is_fresh(self) -> bool:
        shown, results = self._shown, self.explorer.results
        return shown is not None and results is not None and answered(self.explorer) and (
            shown.results is results and shown.radius == self._radius(results.matches)
        )  # fmt: skip

    def _radius(self, matches: Matches) -> int:
        return min(self.explorer.radius, matches.bits)

    def _take_counted(self, results: Results) -> None:
        """Show the buckets that came with the answer, if they reach to the radius shown."""
        counted, radius = results.buckets, self._radius(results.matches)
        if counted is not None and len(counted.rings) == radius + 1 and not self._is_fresh():
            self._show(_shown(results, radius, counted))

    def _compute(self, results: Results) -> None:
        """Ask for the buckets, one question at a time: while the radius is dragged the last one counts."""
        workspace = self.explorer.workspace
        if workspace is None or self.tasks.runs(TASK) or self._failed is results:
            return
        self.tasks.run(
            TASK,
            partial(_look_up, workspace, results, self._radius(results.matches)),
            on_done=self._on_looked_up,
            on_error=partial(self._on_failed, results),
            label="Counting buckets",
        )

    def _on_looked_up(self, shown: _Shown) -> None:
        if shown.results is self.explorer.results:
            self._show(shown)

    def _on_failed(self, results: Results, error: Exception) -> None:
        """Say why, and do not ask again about the same answer."""
        self._failed = results
        self._show(None)
        self.line.show_text(sentence(error, doing="Counting buckets"), stale=False)

    def _on_task_finished(self, key: str) -> None:
        if key == TASK:
            self.refresh()

    def _show(self, shown: _Shown | None) -> None:
        """Fill the tables and keep their scroll."""
        if shown is self._shown:
            return
        self._shown = shown
        found = None if shown is None else shown.buckets
        places = [table.verticalScrollBar().value() for table in (self.ring_table, self.bucket_table)]
        self.rings.show_buckets(found)
        self.buckets.show_buckets(found)
        for table in (self.ring_table, self.bucket_table):
            table.doItemsLayout()  # now, or it would take a second frame
        for table, place in zip((self.ring_table, self.bucket_table), places, strict=True):
            table.verticalScrollBar().setValue(place)

    def _write(self, *, stale: bool) -> None:
        if self._shown is None:
            if self._failed is not self.explorer.results:
                self.line.show_text("Counting buckets …", stale=True)
            return
        found, radius = self._shown.buckets, self._shown.radius
        occupied = sum(ring.buckets for ring in found.rings)
        photos = sum(ring.photos for ring in found.rings)
        known = self._shown.results.matches.complete
        if known is None or radius <= known:
            text = f"Within {radius}: {counted(photos, 'photo')} in {counted(occupied, 'bucket')}"
        else:  # a lookup has seen its own buckets only
            text = f"Within {radius}: {counted(photos, 'candidate')} in {counted(occupied, 'bucket')}; there may be more"
            text += f" beyond {counted(known, 'bit')}" if known >= 0 else ""
        if len(found.buckets) < occupied:
            text += f"; the nearest {len(found.buckets):,} are listed"
        self.line.show_text(text, stale=stale)

    def _mark(self) -> None:
        """Mark the ring and the bucket of each selected photo."""
        if self._shown is None:
            return
        chosen = np.fromiter(self.explorer.selection.rows, dtype=np.int64)
        chosen = chosen[chosen < len(self._shown.line_of)]
        lines = np.unique(self._shown.line_of[chosen])
        distances = np.unique(self._shown.results.matches.all_distances[chosen])
        self.buckets.mark(frozenset(lines[lines >= 0].tolist()))
        self.rings.mark(frozenset(distances[distances <= self._shown.radius].tolist()))

    def _on_ring_chosen(self, index: QModelIndex) -> None:
        if self._shown is None:
            return
        self.bucket_table.clearSelection()
        ring = self.rings.ring(index.row())
        rows = np.flatnonzero(self._shown.results.matches.all_distances == ring.radius)
        first = self.buckets.line_of_ring(ring.radius)
        if first is not None:
            self.bucket_table.scrollTo(
                self.buckets.index(first, 0), QAbstractItemView.ScrollHint.PositionAtTop
            )
        self._narrow(f"distance {ring.radius} · {counted(ring.photos, 'photo')}", rows)

    def _on_bucket_chosen(self, index: QModelIndex) -> None:
        bucket = self.buckets.bucket(index.row())
        self.ring_table.clearSelection()
        self._narrow(f"bucket {short_code(bucket.code)} · {counted(len(bucket.rows), 'photo')}", bucket.rows)

    def _narrow(self, text: str, rows: NDArray[np.int64]) -> None:
        if self.explorer.row_filter is not None and self.explorer.row_filter.text == text:
            return
        self._own_filter = RowFilter(text=text, rows=rows.astype(np.int64, copy=False))
        self.explorer.row_filter = self._own_filter

    def _on_clear(self) -> None:
        self.explorer.row_filter = None

    def _drop_own_filter(self) -> None:
        """The buckets of one query say nothing about the next."""
        if self._own_filter is not None and self.explorer.row_filter is self._own_filter:
            self.explorer.row_filter = None
        self._own_filter = None

    def _on_thumbnail_ready(self, row: int) -> None:
        shown = self._shown
        if shown is not None and row < len(shown.line_of) and shown.line_of[row] >= 0 and self.isVisible():
            self.bucket_table.viewport().update()

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 170)  # whatever is shown: docks are not to jump

    def sizeHint(self) -> QSize:
        return QSize(320, 280)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = event.size().width() > 1.6 * event.size().height() and event.size().width() >= 480
        self.splitter.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)


def _look_up(workspace: Workspace, results: Results, radius: int) -> _Shown:
    """In a worker: the buckets, and which line each photo is on."""
    found = workspace.buckets(results.query, radius=radius, distances=results.matches.all_distances)
    return _shown(results, radius, found)


def _shown(results: Results, radius: int, found: Buckets) -> _Shown:
    line_of = np.full(len(results.matches.all_distances), -1, dtype=np.int32)
    if found.buckets:
        rows = np.concatenate([bucket.rows for bucket in found.buckets])
        lines = np.repeat(np.arange(len(found.buckets)), [len(bucket.rows) for bucket in found.buckets])
        known = rows < len(line_of)
        line_of[rows[known]] = lines[known]
    return _Shown(results, radius, found, line_of)


def _table(model: RingModel | BucketModel, name: str) -> QTableView:
    table = QTableView(showGrid=False, wordWrap=False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.setAccessibleName(name)
    table.setMinimumHeight(64)
    table.setModel(model)
    table.setFrameShape(QTableView.Shape.NoFrame)
    table.verticalHeader().hide()
    table.verticalHeader().setMinimumSectionSize(16)
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 6)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header = table.horizontalHeader()
    header.setMinimumSectionSize(24)
    if isinstance(model, RingModel):
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(len(model.columns) - 1, QHeaderView.ResizeMode.Stretch)
        for column, widest in enumerate(("● 64", "635,376", model.columns[2].title)):
            header.resizeSection(column, table.fontMetrics().horizontalAdvance(widest) + 16)
    else:
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(model.columns) - 1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)  # as wide with a mark as without
        header.resizeSection(0, table.fontMetrics().horizontalAdvance("● 0000…00") + 16)
    header.setResizeContentsPrecision(0)  # the lines in sight: a thousand cost more than a frame
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    header.setStyleSheet("QHeaderView::section { padding: 1px 4px; }")
    return table
