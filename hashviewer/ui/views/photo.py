"""One photo: the picture, what is known about it, and why it is where it is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from hashviewer.errors import HashViewerError
from hashviewer.library import PhotoRecord
from hashviewer.ui.asking import Crop
from hashviewer.ui.empty_state import EmptyState
from hashviewer.ui.explorer import Explorer, Results
from hashviewer.ui.tasks import TaskQueue, sentence
from hashviewer.ui.theme import tabular, theme, theme_watcher
from hashviewer.ui.thumbnails import Thumbnails
from hashviewer.ui.views.base import View
from hashviewer.ui.views.fact_table import FactTable
from hashviewer.ui.views.labels import ElidedLabel, Sentence
from hashviewer.ui.views.picture_loading import load_pyramid
from hashviewer.ui.views.reading import answered
from hashviewer.workspace import Explanation, Query, Workspace

PICTURE_TASK = "photo-picture"
FACTS_TASK = "photo-facts"
ZOOM_ROOM = 2  # times as many pixels along an edge as are drawn are read
NAMED_BITS = 24  # differing bits that are named; the rest are counted


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is looked at: a photo of the library, or the query's picture from outside."""

    workspace: Workspace
    row: int | None
    query: Query | None

    def same_as(self, other: "Subject | None") -> bool:
        """Whether the picture is the same."""
        return other is not None and (self.workspace, self.row) == (other.workspace, other.row) and (
            self.row is not None or self.query is other.query
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What the library knows about a photo, where its file is (None: unknown), and its URL if it is in a store."""

    record: PhotoRecord
    file: Path | None
    url: str = ""


class PhotoView(View):
    """The loupe, with metadata and the explanation beside or below it."""

    key: ClassVar[str] = "photo"
    title: ClassVar[str] = "Photo"
    area: ClassVar[Qt.DockWidgetArea] = Qt.DockWidgetArea.BottomDockWidgetArea
    redraw_on: ClassVar[tuple[str, ...]] = (
        "workspace_changed", "selection_changed", "query_changed", "results_changed",
    )  # fmt: skip
    keys: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Z, double-click", "Every pixel; again: all of the photo"),
        ("Wheel, +, −", "Zoom"),
        ("0", "All of the photo"),
        ("Drag", "Move the photo"),
        ("Shift + drag", "Search with a part of the photo"),
    )

    def __init__(self, explorer: Explorer, tasks: TaskQueue, thumbnails: Thumbnails) -> None:
        super().__init__(explorer, tasks, thumbnails)
        from hashviewer.ui.views.loupe import Loupe

        self._subject: Subject | None = None
        self._file: Path | None = None  # of the subject, while it can be read
        self._explained: tuple[Results, int] | None = None
        self.empty = EmptyState()
        self.empty.say("Choose a photo to look at it closely.")
        self.loupe = Loupe()
        self.setFocusProxy(self.loupe)
        self.heading = ElidedLabel()
        self.why = Sentence()
        self.facts = FactTable()
        self.zoom = QLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.empty)
        layout.addWidget(self._content())
        self.why.linkActivated.connect(self._on_bit_chosen)
        self.loupe.scale_changed.connect(self._on_scale_changed)
        self.loupe.part_asked.connect(self._on_part_asked)
        thumbnails.ready.connect(self._on_thumbnail_ready)
        theme_watcher().changed.connect(self._on_theme_changed)

    def _content(self) -> QWidget:
        self.content = QWidget()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self.content)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._box.addWidget(self.loupe, stretch=1)
        side = QWidget()
        lines = QVBoxLayout(side)
        lines.setContentsMargins(8, 6, 8, 6)
        lines.setSpacing(4)
        for widget in (self.heading, self.why, self.facts, self.zoom):
            lines.addWidget(widget)
        lines.addStretch(1)
        self._side = QScrollArea(widgetResizable=True)
        self._side.setFrameShape(QScrollArea.Shape.NoFrame)
        self._side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._side.setWidget(side)
        self._box.addWidget(self._side)
        self.zoom.setFont(tabular(self.zoom.font()))
        self.content.hide()
        return self.content

    def draw(self) -> None:
        subject = self._looked_at()
        self.empty.setVisible(subject is None)
        self.content.setVisible(subject is not None)
        if subject is None:
            self._forget()
        elif not subject.same_as(self._subject):
            self._begin(subject)
        if subject is not None:
            self._explain(subject)

    def _looked_at(self) -> Subject | None:
        workspace, row, query = self.explorer.workspace, self.explorer.current, self.explorer.query
        if workspace is None or (row is None and query is None):
            return None
        return Subject(workspace, row, query)

    def _forget(self) -> None:
        self._subject = None
        self._file = None
        self._explained = None
        for key in (PICTURE_TASK, FACTS_TASK):
            self.tasks.cancel(key)
        self.loupe.show_placeholder(QPixmap(), QSize())

    def _begin(self, subject: Subject) -> None:
        """Another photo: nothing of the one before stays in sight."""
        self._forget()
        self._subject = subject
        self.heading.set_text("")
        self.facts.show_facts([])
        self.why.show_text("", stale=False)
        if subject.row is None:
            self._begin_outside(subject.query)
            return
        library, row = subject.workspace.library, subject.row
        size = QSize(int(library.widths[row]), int(library.heights[row])) if row < len(library) else QSize()
        self.loupe.show_placeholder(self.thumbnails.pixmap(row) or QPixmap(), size)
        self.tasks.run(
            FACTS_TASK, _read_facts, subject.workspace, row,
            on_done=self._on_facts, on_error=self._on_unreadable,
        )  # fmt: skip

    def _begin_outside(self, query: Query | None) -> None:
        """The query's own picture, which is not in the library."""
        if query is None:
            return
        self.heading.set_text(query.title)
        self.loupe.show_placeholder(self.thumbnails.from_bytes(query.thumbnail), QSize())
        text = "The query; it is not a photo of this library."
        self.facts.show_facts([("Path", query.path or "no file of its own"), ("", text)])
        if query.path is not None:
            self._load(Path(query.path))

    def _load(self, file: Path) -> None:
        """Read as many pixels as the view shows, and some to zoom into: a large picture takes much memory."""
        self._file = file
        self.tasks.run(
            PICTURE_TASK, load_pyramid, file, ZOOM_ROOM * self.loupe.drawn_edge,
            on_done=self.loupe.show_pyramid, on_error=self._on_unreadable, label="Opening the photo",
        )  # fmt: skip

    def _on_scale_changed(self) -> None:
        self._write_zoom()
        if self._file is not None and self.loupe.wants_detail and not self.tasks.runs(PICTURE_TASK):
            self._load(self._file)

    def _on_facts(self, facts: Facts) -> None:
        record = facts.record
        self.heading.set_text(record.path.replace("\\", "/").rsplit("/", 1)[-1])
        self.facts.show_facts(lines_of(record, facts.file))
        if facts.file is None:
            why = (
                "this library does not know where its photos are."
                if not facts.url
                else f"it is at {facts.url}."
            )
            self.loupe.show_message(f"The picture itself is not here: {why}")
        elif record.missing:
            self.loupe.show_message(
                "The file has gone; this is its thumbnail. Index the folder again to update."
            )
        else:
            self._load(facts.file)

    def _on_unreadable(self, error: Exception) -> None:
        self._file = None
        self.loupe.show_message(sentence(error, doing="Opening the photo"))

    def _on_thumbnail_ready(self, row: int) -> None:
        if self._subject is not None and row == self._subject.row:
            pixmap = self.thumbnails.pixmap(row)
            if pixmap is not None:
                self.loupe.improve_placeholder(pixmap)

    def _explain(self, subject: Subject) -> None:
        """Say why the photo is where it is, also when it is not among the results shown."""
        results = self.explorer.results
        if results is None or subject.row is None or not answered(self.explorer):
            self._explained = None
            self.why.show_text(self.why.text() if subject.row is not None else "", stale=True)
            return
        if self._explained == (results, subject.row):
            return
        self._explained = (results, subject.row)
        try:  # from arrays in memory, in a fraction of a millisecond: it belongs to the answer's first frame
            explanation = subject.workspace.explain(results.query, subject.row, results.matches)
        except HashViewerError as error:
            self.why.show_text(escape(str(error)), stale=False)
        else:
            is_query = explanation.row == results.query.row
            self.why.show_text(why_text(explanation, is_query=is_query), stale=False)

    def _on_part_asked(self, area: tuple[float, float, float, float]) -> None:
        """Ask with a part of the picture; of its thumbnail where the picture itself is not here."""
        subject = self._subject
        if subject is None:
            return
        picture: Path | bytes = b""
        if self._file is not None:
            picture = self._file
        elif subject.row is not None:
            picture = subject.workspace.library.thumbnail(subject.row)
        elif subject.query is not None:
            picture = subject.query.thumbnail
        if picture:
            self.explorer.image_asked.emit(Crop(picture, area), f"Part of {self.heading.text}")
        else:
            self.explorer.failed.emit("Nothing is kept of this picture that a part could be cut from.")

    def _on_bit_chosen(self, link: str) -> None:
        self.explorer.bit = int(link)

    def _on_theme_changed(self) -> None:
        """While it is hidden, too: what it tells is not drawn again when it is shown."""
        self.update()
        self._write_zoom()
        self.facts.restyle()
        self.why.show_text(self.why.text(), stale=not answered(self.explorer))

    def _write_zoom(self) -> None:
        self.zoom.setText(f"{self.loupe.scale:.0%}" + (" (all of it)" if self.loupe.fits else ""))
        self.zoom.setStyleSheet(f"color: {theme().muted.name()}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = event.size().width() > 1.2 * event.size().height()
        direction = QBoxLayout.Direction
        self._box.setDirection(direction.LeftToRight if wide else direction.TopToBottom)
        if wide:
            self._side.setFixedWidth(min(320, max(140, event.size().width() * 2 // 5)))
            self._side.setMaximumHeight(16_777_215)
        else:
            self._side.setMinimumWidth(0)
            self._side.setMaximumWidth(16_777_215)
            self._side.setMaximumHeight(event.size().height() * 2 // 5)


def _read_facts(workspace: Workspace, row: int) -> Facts:
    """In a worker: reading the library may wait for its file."""
    library = workspace.library
    record = library.photo(row)
    url = f"{library.url}/{record.path}" if library.url and record.path else ""
    return Facts(record=record, file=library.full_path(row), url=url)


def why_text(explanation: Explanation, *, is_query: bool = False) -> str:
    """Such as "distance 5 · rank 6 of 84,310 · bits 3 17 40 41 60 differ"; each bit is a link that puts it in focus."""
    text = f"distance {explanation.distance} · rank {explanation.rank + 1:,} of {explanation.total:,}"
    if is_query:
        return f"The query itself · {text}"
    bits = explanation.differing_bits
    if not bits:
        return f"{text} · the same code"
    named = " ".join(f'<a href="{bit}">{bit}</a>' for bit in bits[:NAMED_BITS])
    more = f" and {len(bits) - NAMED_BITS} more" if len(bits) > NAMED_BITS else ""
    return f"{text} · bit{'s' if len(bits) > 1 else ''} {named}{more} differ{'s' if len(bits) == 1 else ''}"


def lines_of(record: PhotoRecord, file: Path | None) -> list[tuple[str, str]]:
    """Names and values of what is known about a photo."""
    lines = [("Path", record.path if file is None else str(file))]
    if record.width and record.height:
        lines.append(("Size", f"{record.width:,} × {record.height:,} px · {_file_size(record.size)}"))
    elif record.size:
        lines.append(("Size", _file_size(record.size)))
    if record.taken is not None:
        lines.append(("Taken", f"{datetime.fromtimestamp(record.taken, UTC):%Y-%m-%d %H:%M:%S}"))
    if record.mtime_ns:
        lines.append(("Changed", f"{datetime.fromtimestamp(record.mtime_ns / 1e9, UTC):%Y-%m-%d %H:%M} UTC"))
    if record.label:
        lines.append(("Label", record.label))
    if record.missing:
        lines.append(("", "⚠ missing: the file is no longer there"))
    lines.append(("Row", f"{record.row:,}"))
    return lines


def _file_size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
