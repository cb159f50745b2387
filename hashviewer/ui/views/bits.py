"""How the bits of the code set behave, and the query's bits among them."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hashviewer.progress import Progress
from hashviewer.statistics import BitStatistics, bit_margins
from hashviewer.statistics.summary import BitSummary, summarize
from hashviewer.ui.empty_state import EmptyState
from hashviewer.ui.explorer import Explorer
from hashviewer.ui.tasks import TaskQueue, sentence
from hashviewer.ui.theme import theme_watcher
from hashviewer.ui.thumbnails import Thumbnails
from hashviewer.ui.views.base import View
from hashviewer.ui.views.bit_weights import WeightEditor
from hashviewer.ui.views.labels import Sentence
from hashviewer.ui.views.plot_deck import PlotDeck
from hashviewer.ui.views.plot_loading import when_loaded
from hashviewer.ui.views.reading import answered, compared_row, counted, differing_bits, signed
from hashviewer.ui.views.shading import Shaded, shade
from hashviewer.workspace import Workspace

if TYPE_CHECKING:
    from hashviewer.ui.views.bit_plots import BalancePlot, MarginPlot
    from hashviewer.ui.views.heat_map import HeatMap

STATISTICS_TASK = "bit-statistics"
OUTPUTS_TASK = "bit-outputs"


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """What a worker found out about a code set."""

    statistics: BitStatistics
    summary: BitSummary
    shaded: Shaded


@dataclass(frozen=True, slots=True, eq=False)
class _Outputs:
    """The outputs (bits,) of a photo; None where the library does not keep them."""

    row: int
    codes: str
    values: NDArray[np.float32] | None


class BitsView(View):
    """Balance, entropy, margins and correlation; clicks and arrow keys choose the bit in focus."""

    key: ClassVar[str] = "bits"
    title: ClassVar[str] = "Bits"
    area: ClassVar[Qt.DockWidgetArea] = Qt.DockWidgetArea.RightDockWidgetArea
    redraw_on: ClassVar[tuple[str, ...]] = (
        "workspace_changed", "codes_changed", "query_changed", "results_changed",
        "selection_changed", "bit_changed", "weights_changed", "options_changed",
    )  # fmt: skip
    keys: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Left, Right", "Move the bit in focus; Shift: by eight"),
        ("Click a bit", "Put it in focus in all views"),
        ("Drag over the weights; Up, Down, 0, 1", "Weigh bits; the photos follow"),
        ("Wheel, double-click", "Zoom; show all"),
    )

    def __init__(self, explorer: Explorer, tasks: TaskQueue, thumbnails: Thumbnails) -> None:
        super().__init__(explorer, tasks, thumbnails)
        self.facts: _Facts | None = None
        self._facts_of: tuple[Workspace, str] | None = None
        self._outdated = True
        self._other: _Outputs | None = None
        self.balance: BalancePlot | None = None
        self.margins: MarginPlot | None = None
        self.heat: HeatMap | None = None
        self.weights: WeightEditor | None = None
        self.empty = EmptyState()
        self.empty.say("Open a library with codes to see how its bits behave.")
        self.deck = PlotDeck()
        self.line = Sentence()
        self.content = QWidget()
        inside = QVBoxLayout(self.content)
        inside.setContentsMargins(8, 4, 8, 4)
        inside.setSpacing(2)
        inside.addWidget(self.deck, stretch=1)
        inside.addWidget(self.line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.empty)
        layout.addWidget(self.content)
        self.content.hide()
        explorer.library_grew.connect(self._on_library_grew)
        theme_watcher().changed.connect(self.refresh)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 160)  # whatever is shown: docks are not to jump

    def sizeHint(self) -> QSize:
        return QSize(320, 240)

    def draw(self) -> None:
        workspace, codes = self.explorer.workspace, self.explorer.codes
        has_codes = workspace is not None and codes is not None
        self.empty.setVisible(not has_codes)
        self.content.setVisible(has_codes)
        if workspace is None or codes is None:
            self.facts, self._facts_of, self._other = None, None, None
            return
        if self._facts_of != (workspace, codes) or self._outdated:
            self._count(workspace, codes)
        if when_loaded(self.tasks, self.key, self.refresh):
            self._build()
            self._draw_plots()
        self._write()

    def _build(self) -> None:
        """Make the plots when they are first needed."""
        if self.balance is not None:
            return
        from hashviewer.ui.views.bit_plots import BalancePlot, MarginPlot
        from hashviewer.ui.views.heat_map import HeatMap
        from hashviewer.ui.views.weight_plot import WeightPlot

        self.balance, self.margins, self.heat = BalancePlot(), MarginPlot(), HeatMap()
        self.balance.describe = self._describe_balance
        self.margins.describe = self._describe_margin
        self.heat.describe = self._describe_pair
        titles = ("Balance", "Margins", "Pairs")
        for plot, title in zip((self.balance, self.margins, self.heat), titles, strict=True):
            plot.clicked.connect(self._on_clicked)
            plot.stepped.connect(self._on_stepped)
            self.deck.add(plot, title)
        self.weights = WeightEditor(self.explorer, self.tasks, WeightPlot())
        self.weights.plot.describe = self._describe_weight
        self.weights.plot.stepped.connect(self._on_stepped)
        self.deck.add(self.weights, "Weights")
        self.deck.changed.connect(self.refresh)

    def _count(self, workspace: Workspace, codes: str) -> None:
        """Ask a worker for the statistics; what is shown stays, pale, until they are there."""
        if self._facts_of != (workspace, codes):
            self.facts = None
        self._facts_of, self._outdated = (workspace, codes), False
        self.tasks.run(
            STATISTICS_TASK, _find_out, workspace, codes,
            on_done=partial(self._on_found, workspace, codes),
            on_error=partial(self._on_failed, workspace, codes),
            pass_progress=True, label="Counting bits",
        )  # fmt: skip

    def _on_found(self, workspace: Workspace, codes: str, facts: _Facts) -> None:
        if self._facts_of == (workspace, codes):
            self.facts = facts
            self.refresh()

    def _on_failed(self, workspace: Workspace, codes: str, error: Exception) -> None:
        if self._facts_of == (workspace, codes):
            self.line.show_text(sentence(error, doing="Counting bits"), stale=False)

    def _on_library_grew(self) -> None:
        self._outdated = True
        self.refresh()

    def _draw_plots(self) -> None:
        """Draw the plots in sight; the others follow when their tab is chosen."""
        stale = not answered(self.explorer)
        bit, differing = self._focus(), differing_bits(self.explorer)
        if self._shows(self.balance) and self.balance is not None and self.facts is not None:
            self.balance.draw(self.facts.statistics, bit=bit, differing=differing, stale=stale)
        if self._shows(self.heat) and self.heat is not None and self.facts is not None:
            self.heat.draw(self.facts.shaded, bit=bit)
        if self._shows(self.margins) and self.margins is not None:
            outputs = self._query_outputs()
            self.margins.draw(
                np.empty(0, dtype=np.float32) if outputs is None else outputs,
                self._other_outputs(), bit=bit, differing=differing, stale=stale,
            )  # fmt: skip
        if self._shows(self.weights) and self.weights is not None:
            statistics = None if self.facts is None else self.facts.statistics
            self.weights.draw(self._bits(), statistics, bit=bit, differing=differing, stale=stale)

    def _shows(self, plot: QWidget | None) -> bool:
        return plot is not None and plot in self.deck.in_sight

    def _query_outputs(self) -> NDArray[np.float32] | None:
        query = self.explorer.query
        return query.outputs if query is not None and query.codes == self.explorer.codes else None

    def _other_outputs(self) -> NDArray[np.float32] | None:
        """The outputs of the selected photo; None until a worker has read them."""
        row, query, workspace = compared_row(self.explorer), self.explorer.query, self.explorer.workspace
        if row is None or query is None or workspace is None:
            return None
        if self._other is None or (self._other.row, self._other.codes) != (row, query.codes):
            self._other = _Outputs(row, query.codes, None)
            self.tasks.run(
                OUTPUTS_TASK, _read_outputs, workspace, row, query.codes,
                on_done=self._on_outputs, on_error=partial(self._on_failed, workspace, query.codes),
            )  # fmt: skip
        return self._other.values

    def _on_outputs(self, read: _Outputs) -> None:
        if self._other is not None and (self._other.row, self._other.codes) == (read.row, read.codes):
            self._other = read
            self.refresh()

    def _focus(self) -> int | None:
        bit, bits = self.explorer.bit, self._bits()
        return bit if bit is not None and bit < bits else None

    def _bits(self) -> int:
        if self.facts is not None:
            return self.facts.summary.bits
        outputs = self._query_outputs()
        return 0 if outputs is None else len(outputs)

    def _write(self) -> None:
        if self.deck.in_sight == (self.margins,):
            self.line.show_text(self._margin_text(), stale=not answered(self.explorer))
        elif self.weights is not None and self.deck.in_sight == (self.weights,):
            self.line.show_text(self.weights.sentence(), stale=False)
        elif self.facts is None:
            self.line.show_text("Counting bits …", stale=True)
        else:
            text = summary_text(self.facts.summary)
            sampled = self.facts.statistics.sampled
            if self._shows(self.heat):
                text += f"; from −{self.facts.shaded.extent:.1f} (blue) to +{self.facts.shaded.extent:.1f} (orange)"
                if sampled < self.facts.statistics.count:
                    text += f", from a sample of {sampled:,}"
            self.line.show_text(text, stale=self._outdated)

    def _margin_text(self) -> str:
        if self.explorer.query is None:
            return "Ask with a photo to see the margins of its bits."
        if self._query_outputs() is None:
            return "This library keeps no outputs, only codes: there are no margins to show."
        bit = self._focus()
        if bit is not None:
            return self._describe_margin(bit, 0)
        differing = differing_bits(self.explorer)
        return f"● {counted(len(differing), 'bit differs', 'bits differ')}" if differing else ""

    def _describe_balance(self, x: float, y: float) -> str:
        bit = round(x)
        if self.facts is None or not 0 <= bit < self._bits():
            return ""
        statistics = self.facts.statistics
        text = f"bit {bit}: {statistics.balance[bit]:.1%} ones, entropy {statistics.entropy[bit]:.2f}"
        return text + (", dead" if bit in statistics.dead else "")

    def _describe_margin(self, x: float, y: float) -> str:
        bit, outputs = round(x), self._query_outputs()
        if outputs is None or not 0 <= bit < len(outputs):
            return ""
        text = f"bit {bit}: output {signed(outputs[bit])}, margin {bit_margins(outputs)[bit]:.1f} × median"
        if (
            self._other is not None
            and self._other.values is not None
            and compared_row(self.explorer) is not None
        ):
            text += f"; selected {signed(self._other.values[bit])}"
        return text + (", differs ●" if bit in differing_bits(self.explorer) else "")

    def _describe_weight(self, x: float, y: float) -> str:
        return "" if self.weights is None else self.weights.describe(round(x))

    def _describe_pair(self, x: float, y: float) -> str:
        first, second = round(x), round(y)
        bits = self._bits()
        if self.facts is None or not (0 <= first < bits and 0 <= second < bits):
            return ""
        return f"bit {first} × bit {second}: {signed(self.facts.statistics.correlation[second, first])}"

    def _on_clicked(self, place: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        bit = round(place.x())
        if 0 <= bit < self._bits():
            self.explorer.bit = bit

    def _on_stepped(self, step: int) -> None:
        if self._bits():
            bit = self.explorer.bit
            self.explorer.bit = 0 if bit is None else min(max(bit + step, 0), self._bits() - 1)


def summary_text(summary: BitSummary) -> str:
    """Such as "64 bits: mean balance 0.50, entropy 0.98, 0 dead bits; most correlated pair 3 × 17: +0.61"."""
    text = (
        f"{counted(summary.bits, 'bit')}: mean balance {summary.balance:.2f}, entropy {summary.entropy:.2f}, "
        f"{counted(summary.dead, 'dead bit')}"
    )
    if summary.pair is not None:
        text += f"; most correlated pair {summary.pair[0]} × {summary.pair[1]}: {signed(summary.correlation)}"
    return text


def _find_out(workspace: Workspace, codes: str, *, progress: Progress) -> _Facts:
    """In a worker: the statistics, their summary, and the colours of the map."""
    statistics = workspace.bit_statistics(codes, progress=progress)
    return _Facts(statistics, summarize(statistics), shade(statistics.correlation))


def _read_outputs(workspace: Workspace, row: int, codes: str) -> _Outputs:
    return _Outputs(row, codes, workspace.outputs_of(row, codes))
