"""What is asked: the picture, its code as a strip of bits, and the ways to ask something else."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from hashviewer import codes as packed
from hashviewer.statistics import bit_margins
from hashviewer.ui.empty_state import EmptyState
from hashviewer.ui.explorer import Explorer
from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.theme import icon, theme, theme_watcher
from hashviewer.ui.thumbnails import Thumbnails
from hashviewer.ui.views.base import View
from hashviewer.ui.views.code_strip import CodeStrip, Strip
from hashviewer.ui.views.incoming import choose_picture, picture_from
from hashviewer.ui.views.labels import ElidedLabel, Sentence
from hashviewer.ui.views.picture_loading import load_image
from hashviewer.ui.views.query_parts import QueryParts
from hashviewer.ui.views.reading import answered, bits_of, compared_row, counted, differing_bits
from hashviewer.workspace import Query

PICTURE_TASK = "query-picture"
NAMED_BITS = 12  # turned over; the rest are counted


class QueryPicture(QWidget):
    """The query's picture in the accent's frame, as large as it fits and never blurred by enlarging twice."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmap = QPixmap()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_pixmap(self, pixmap: QPixmap) -> None:
        """Show another picture; a null one shows an empty frame."""
        self._pixmap = pixmap
        self.updateGeometry()
        self.update()

    @property
    def pixmap(self) -> QPixmap:
        """What is shown."""
        return self._pixmap

    def wanted_edge(self) -> int:
        """Longest edge that the picture can fill, in the screen's pixels."""
        return round(max(self.width(), self.height()) * self.devicePixelRatioF())

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        if self._pixmap.isNull():
            return 120
        return min(width * self._pixmap.height() // max(self._pixmap.width(), 1), 480)

    def sizeHint(self) -> QSize:
        return QSize(256, self.heightForWidth(256))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 72)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        room = self.rect().adjusted(2, 2, -2, -2)
        if self._pixmap.isNull():
            painter.setPen(theme().muted)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), "No picture is kept")
            return
        size = self._pixmap.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(room.topLeft(), size)
        place.moveCenter(room.center())
        painter.drawPixmap(place, self._pixmap)
        painter.setPen(QPen(theme().accent, 2))
        painter.drawRect(place)


class QueryView(View):
    """The query: picture, title, code, margins; back, forward, open, paste, drop."""

    key: ClassVar[str] = "query"
    title: ClassVar[str] = "Query"
    area: ClassVar[Qt.DockWidgetArea] = Qt.DockWidgetArea.LeftDockWidgetArea
    redraw_on: ClassVar[tuple[str, ...]] = (
        "query_changed", "results_changed", "selection_changed", "bit_changed", "workspace_changed",
        "options_changed",
    )  # fmt: skip
    keys: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Arrows in the code", "Move the bit in focus"),
        ("Click a bit, Space on it", "Turn it over and ask again"),
        ("Ctrl + click a bit", "Only put it in focus in all views"),
        ("Click one of several photos asked", "Ask without it"),
        ("Drop a picture", "Make it the query"),
    )

    def __init__(self, explorer: Explorer, tasks: TaskQueue, thumbnails: Thumbnails) -> None:
        super().__init__(explorer, tasks, thumbnails)
        self._shown: Query | None = None
        self.setAcceptDrops(True)
        self.empty = EmptyState()
        self.empty.say(
            "Double-click a photo, or drop a picture here, to see what is near it.", button="Open picture…"
        )
        self.heading = ElidedLabel()
        self.picture = QueryPicture()
        self.parts = QueryParts(thumbnails.from_bytes)
        self.nearness = QComboBox()
        self.strip = CodeStrip()
        self.edited_line = Sentence()
        self.bit_line = Sentence()
        self.compared_line = Sentence()
        self.content = self._content()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.empty)
        layout.addWidget(self.content)
        self.empty.pressed.connect(self._open)
        self.open.clicked.connect(self._open)
        self.paste.clicked.connect(self._paste)
        self.back.clicked.connect(lambda: explorer.back_asked.emit())
        self.forward.clicked.connect(lambda: explorer.forward_asked.emit())
        self.strip.bit_picked.connect(self._on_bit_picked)
        self.strip.bit_turned.connect(explorer.bit_turned)
        self.strip.bit_pointed.connect(self._on_bit_pointed)
        self.parts.dropped.connect(explorer.part_unasked)
        self.nearness.activated.connect(self._on_nearness_chosen)
        self.edited_line.linkActivated.connect(self._on_restored)
        for signal in (explorer.can_go_back_changed, explorer.can_go_forward_changed):
            signal.connect(self._on_trail_changed)
        theme_watcher().changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_trail_changed()

    def _content(self) -> QWidget:
        self.back = _tool("The query before this one (Alt+Left)")
        self.forward = _tool("The query after this one (Alt+Right)")
        self.open = QPushButton("Open picture…")
        self.open.setToolTip("Ask with a picture file from anywhere")
        self.paste = QPushButton("Paste")
        self.paste.setToolTip("Ask with the picture on the clipboard (Ctrl+V)")
        top, bottom = QHBoxLayout(), QHBoxLayout()
        for widget in (self.back, self.forward, self.heading):
            top.addWidget(widget)
        bottom.addWidget(self.open)
        bottom.addWidget(self.paste)
        bottom.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.strip)
        self._scroll = scroll
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(top)
        for text in ("Near to any of them", "Near to all of them"):
            self.nearness.addItem(text)
        self.nearness.setToolTip(
            "By the distance to the nearest of the photos asked, or by the mean distance to all of them"
        )
        self.nearness.setAccessibleName("How several photos are asked")
        layout.addWidget(self.picture)
        layout.addWidget(self.parts)
        layout.addWidget(self.nearness)
        layout.addWidget(scroll)
        layout.addWidget(self.edited_line)
        layout.addWidget(self.bit_line)
        layout.addWidget(self.compared_line)
        layout.addLayout(bottom)
        layout.addStretch(1)
        return content

    def draw(self) -> None:
        query = self.explorer.query
        self.empty.setVisible(query is None)
        self.content.setVisible(query is not None)
        if query is None:
            self._shown = None
            self.strip.show_strip(None, bit=None, stale=False)
            return
        stale = not answered(self.explorer)
        if query is not self._shown:
            self._shown = query
            self.heading.set_text(query.title)
            self._show_picture(query)
            self.parts.show_query(query)
        self._show_nearness(query)
        self._say_edited(query)
        self.strip.show_strip(self._strip(query), bit=self.explorer.bit, stale=False)
        self._fit_strip()
        self._say_bit(self.explorer.bit)
        self._compare(stale=stale)

    def _show_picture(self, query: Query) -> None:
        """The thumbnail at once; the picture itself where the screen has more pixels than that."""
        self.tasks.cancel(PICTURE_TASK)
        thumbnail = self.thumbnails.from_bytes(query.thumbnail)
        self.picture.show_pixmap(thumbnail)
        edge = self.picture.wanted_edge()
        if query.path is None or max(thumbnail.width(), thumbnail.height()) >= edge:
            return
        file = Path(query.path)
        if file.is_absolute():
            self.tasks.run(
                PICTURE_TASK, load_image, file, edge,
                on_done=partial(self._on_picture, query), on_error=_thumbnail_stays,
            )  # fmt: skip

    def _on_picture(self, query: Query, image: QImage) -> None:
        if query is self._shown:
            self.picture.show_pixmap(QPixmap.fromImage(image))

    def _strip(self, query: Query) -> Strip | None:
        """The query's code with the bits marked in which the selected photo differs."""
        bits = bits_of(self.explorer, query)
        if bits is None:
            return None
        return Strip(
            ones=packed.unpack(query.code, bits),
            outputs=query.outputs,
            margins=None if query.outputs is None else bit_margins(query.outputs),
            differing=differing_bits(self.explorer),
            flipped=query.flipped,
        )

    def _show_nearness(self, query: Query) -> None:
        self.nearness.setVisible(bool(query.others))
        self.nearness.setCurrentIndex(int(self.explorer.options.by_mean))

    def _say_edited(self, query: Query) -> None:
        flipped = query.flipped
        named = " ".join(map(str, flipped[:NAMED_BITS])) + (" …" if len(flipped) > NAMED_BITS else "")
        text = f"{counted(len(flipped), 'bit')} turned over: {named} · " if flipped else ""
        self.edited_line.show_text(f'{text}<a href="code">as it was</a>' if text else "", stale=False)

    def _say_bit(self, bit: int | None) -> None:
        """Say what the bit is, under the strip."""
        query = self.explorer.query
        if query is None:
            return
        if bit is not None and bit < self.strip.bits:
            text = self.strip.describe(bit)
        else:
            text = f"{counted(self.strip.bits, 'bit')} · {query.codes}"
        self.bit_line.show_text(text, stale=False)

    def _compare(self, *, stale: bool) -> None:
        row = compared_row(self.explorer)
        marked = 0 if self.strip.strip is None else len(self.strip.strip.differing)
        if row is None or stale:
            text = ""
        elif marked:
            text = f"● {counted(marked, 'bit differs', 'bits differ')} from the selected photo"
        else:
            text = "The selected photo has the same code."
        self.compared_line.show_text(text, stale=stale)

    def _fit_strip(self) -> None:
        """Give the strip the height its bits need, up to a third of the view."""
        wanted = self.strip.heightForWidth(self._scroll.viewport().width())
        self._scroll.setFixedHeight(max(24, min(wanted, max(self.height() // 2 - 40, 60))))

    def _on_bit_picked(self, bit: int) -> None:
        self.explorer.bit = bit

    def _on_bit_pointed(self, bit: int | None) -> None:
        self._say_bit(self.explorer.bit if bit is None else bit)

    def _on_nearness_chosen(self, index: int) -> None:
        self.explorer.options = replace(self.explorer.options, by_mean=bool(index))

    def _on_restored(self, link: str) -> None:
        query = self.explorer.query
        for bit in () if query is None else query.flipped:
            self.explorer.bit_turned.emit(bit)

    def _on_trail_changed(self) -> None:
        self.back.setEnabled(self.explorer.can_go_back)
        self.forward.setEnabled(self.explorer.can_go_forward)

    def _on_theme_changed(self) -> None:
        self.back.setIcon(icon("back"))
        self.forward.setIcon(icon("forward"))
        self.refresh()

    def _open(self) -> None:
        path = choose_picture(self)
        if path is not None:
            self.explorer.image_asked.emit(path, path.name)

    def _paste(self) -> None:
        found = picture_from(QGuiApplication.clipboard().mimeData())
        if found is None:
            self.explorer.failed.emit("The clipboard holds no picture: copy one, or a picture file, first.")
        else:
            self.explorer.image_asked.emit(*found)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_strip()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if picture_from(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        found = picture_from(event.mimeData())
        row = self.explorer.selection.current
        if event.source() is not None and row is not None:  # dragged within the window: the photo has a code
            event.acceptProposedAction()
            self.explorer.row_asked.emit(row)
        elif found is not None:
            event.acceptProposedAction()
            self.explorer.image_asked.emit(*found)


def _thumbnail_stays(error: Exception) -> None:
    """The photo view says what is wrong with the file; here the thumbnail is good enough."""


def _tool(tip: str) -> QToolButton:
    button = QToolButton(autoRaise=True)
    button.setToolTip(tip)
    button.setAccessibleName(tip.split(" (")[0])
    return button
