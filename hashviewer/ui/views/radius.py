"""How far the whole library is from the query, and the radius that cuts it."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hashviewer.search import Matches
from hashviewer.selection import Combine
from hashviewer.statistics import binomial_histogram
from hashviewer.ui.empty_state import EmptyState
from hashviewer.ui.explorer import Explorer, Results
from hashviewer.ui.suggesting import Suggestion, suggestion
from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.theme import theme_watcher
from hashviewer.ui.thumbnails import Thumbnails
from hashviewer.ui.views.base import View
from hashviewer.ui.views.labels import Sentence
from hashviewer.ui.views.plot_loading import when_loaded
from hashviewer.ui.views.reading import answered, counted, distance_of, selected_distances

if TYPE_CHECKING:
    from hashviewer.ui.views.radius_plot import RadiusPlot


class RadiusView(View):
    """Histogram of distances with a radius line to drag; a click on a bar selects its photos."""

    key: ClassVar[str] = "radius"
    title: ClassVar[str] = "Hamming radius"
    area: ClassVar[Qt.DockWidgetArea] = Qt.DockWidgetArea.RightDockWidgetArea
    redraw_on: ClassVar[tuple[str, ...]] = (
        "query_changed", "results_changed", "selection_changed", "radius_changed",
    )  # fmt: skip
    keys: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Left, Right", "Move the radius by one bit"),
        ("Shift + Left, Shift + Right", "Move it by eight"),
        ("Click a bar", "Select its photos; Ctrl and Shift as in the grid"),
        ("Wheel, double-click", "Zoom; show all"),
    )

    def __init__(self, explorer: Explorer, tasks: TaskQueue, thumbnails: Thumbnails) -> None:
        super().__init__(explorer, tasks, thumbnails)
        self.plot: RadiusPlot | None = None
        self._shown: Results | None = None
        self._expected: NDArray[np.float64] = np.empty(0)
        self._selected: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._suggestion: Suggestion | None = None
        self.empty = EmptyState()
        self.empty.say("Ask with a photo to see how far the library is from it.")
        self.content = QWidget()
        self.within_line = Sentence()
        self.gap_line = Sentence()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.empty)
        layout.addWidget(self.content)
        inside = QVBoxLayout(self.content)
        inside.setContentsMargins(8, 4, 8, 4)
        inside.setSpacing(2)
        inside.addWidget(self.within_line)
        inside.addWidget(self.gap_line)
        self.content.hide()
        explorer.hover_changed.connect(self._on_hover_changed)
        self.gap_line.linkActivated.connect(self._on_gap_taken)
        theme_watcher().changed.connect(self.refresh)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 140)  # whatever is shown: docks are not to jump

    def sizeHint(self) -> QSize:
        return QSize(320, 240)

    def draw(self) -> None:
        results = self.explorer.results
        self.empty.setVisible(results is None)
        self.content.setVisible(results is not None)
        if results is None:
            self._shown = None
            return
        stale = not answered(self.explorer)
        if results is not self._shown:
            self._take(results)
        self._selected = selected_distances(results, self.explorer.selection.rows)
        self._write(results.matches, stale=stale)
        if when_loaded(self.tasks, self.key, self.refresh):
            self._draw_plot(self._built(), results, stale=stale)

    def _draw_plot(self, plot: "RadiusPlot", results: Results, *, stale: bool) -> None:
        matches = results.matches
        highest = max(float(matches.histogram.max(initial=1)), float(self._expected.max(initial=1)), 1.0)
        plot.show_counts(matches.bits, highest)
        plot.draw(
            matches.histogram, self._expected, self._selected, radius=self._radius(matches), stale=stale
        )
        self._on_hover_changed()

    def _built(self) -> "RadiusPlot":
        """The plot, made when it is first needed."""
        if self.plot is None:
            from hashviewer.ui.views.radius_plot import RadiusPlot

            self.plot = RadiusPlot()
            self.plot.describe = self._describe
            self.plot.clicked.connect(self._on_clicked)
            self.plot.stepped.connect(self._on_stepped)
            self.plot.line.sigPositionChanged.connect(self._on_line_moved)
            layout = self.content.layout()
            assert isinstance(layout, QVBoxLayout)
            layout.insertWidget(0, self.plot, stretch=1)
        return self.plot

    def _take(self, results: Results) -> None:
        matches = results.matches
        self._shown = results
        self._expected = binomial_histogram(matches.bits, matches.total)
        self._suggestion = suggestion(matches, results.query)

    def _radius(self, matches: Matches) -> int:
        return min(self.explorer.radius, matches.bits)

    def _write(self, matches: Matches, *, stale: bool) -> None:
        radius = self._radius(matches)
        within = matches.within(radius)
        selected = int(self._selected.sum())
        chosen = f" · {selected:,} selected" if selected else ""
        of = counted(matches.total, "photo" if matches.found is None else "candidate")
        self.within_line.show_text(f"Radius {radius}: {within:,} of {of}{chosen}", stale=stale)
        self.gap_line.show_text(_gap_text(self._suggestion, radius), stale=stale)

    def _describe(self, x: float, y: float) -> str:
        """What the readout says about a place in the plot."""
        results = self.explorer.results
        distance = round(x)
        if results is None or not 0 <= distance <= results.matches.bits:
            return ""
        count = int(results.matches.histogram[distance])
        chosen = int(self._selected[distance]) if distance < len(self._selected) else 0
        text = f"distance {distance}: {counted(count, 'photo')}"
        if chosen:
            text += f", {chosen:,} selected"
        return f"{text} · random codes {_rounded(float(self._expected[distance]))}"

    def _on_hover_changed(self) -> None:
        """Light the bar of the photo under the pointer; too often for a whole redraw."""
        if self.plot is None or not self.isVisible():
            return
        row, results = self.explorer.hover, self.explorer.results
        distance = None
        if row is not None and results is not None and answered(self.explorer):
            distance = distance_of(results.matches, row)
        self.plot.draw_hover(distance)

    def _on_line_moved(self) -> None:
        if self.plot is not None:
            self.explorer.radius = self.plot.line.radius

    def _on_stepped(self, step: int) -> None:
        if self.explorer.results is not None:
            matches = self.explorer.results.matches
            self.explorer.radius = min(max(self._radius(matches) + step, 0), matches.bits)

    def _on_gap_taken(self, link: str) -> None:
        if self._suggestion is not None:
            self.explorer.radius = self._suggestion.radius

    def _on_clicked(self, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Select the photos at the distance that was clicked; Ctrl toggles them, Shift adds them."""
        results = self.explorer.results
        distance = round(place.x())
        if results is None or not answered(self.explorer) or not 0 <= distance <= results.matches.bits:
            return
        rows = np.flatnonzero(results.matches.all_distances == distance).tolist()
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            self.explorer.select(rows, Combine.TOGGLE)
        elif modifiers & Qt.KeyboardModifier.ShiftModifier:
            self.explorer.select(rows, Combine.ADD)
        else:
            self.explorer.select(rows)


def _gap_text(suggested: Suggestion | None, radius: int) -> str:
    """Such as "7 within 6; the next is at 14", with a link that takes this radius where it is not taken yet."""
    if suggested is None or suggested.within == 0:
        return ""
    text = f"{suggested.within:,} within {suggested.radius}"
    if suggested.gap is None:
        text += "; no gap stands out"
    elif suggested.gap.next_distance is None:
        text += "; there are no others"
    else:
        text += f"; the next is at {suggested.gap.next_distance}"
    return text if suggested.radius == radius else f'{text} · <a href="gap">cut there</a>'


def _rounded(number: float) -> str:
    if number >= 10:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 0.1 else "almost none"
