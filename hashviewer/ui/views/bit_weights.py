"""Weights of the bits: dragged, taken from what is known of the bits, read and written; the photos follow."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from hashviewer.search.weight_files import read_weights, write_weights
from hashviewer.statistics import BitStatistics
from hashviewer.ui.explorer import Explorer, Weights
from hashviewer.ui.quantized import own_weights
from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.views.reading import counted

if TYPE_CHECKING:
    from hashviewer.ui.views.weight_plot import WeightPlot

RESTED_MS = 30  # the photos follow a drag when it has rested so long, or gone on for as long again
FILES = "Weights (*.txt);;All files (*)"
FILE_TASK = "weight-file"


class WeightEditor(QWidget):
    """The weights of the code set shown; setting one orders the photos by weighted distance."""

    def __init__(self, explorer: Explorer, tasks: TaskQueue, plot: "WeightPlot") -> None:
        super().__init__()
        self.explorer = explorer
        self.tasks = tasks
        self.plot = plot
        self._bits = 0
        self._statistics: BitStatistics | None = None
        self._edited: NDArray[np.float64] | None = None  # not told to the explorer yet
        self._resting = QTimer(self, interval=RESTED_MS, singleShot=True)
        self._resting.timeout.connect(self._publish)
        self.fill = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.reset = QPushButton("Reset")
        self.load = QPushButton("Load…")
        self.save = QPushButton("Save…")
        self._build()
        plot.weighed.connect(self._on_weighed)
        self.reset.clicked.connect(self.forget)
        self.load.clicked.connect(self._on_load)
        self.save.clicked.connect(self._on_save)

    def _build(self) -> None:
        menu = QMenu(self.fill)
        for name, tip, weigh in (
            ("Entropy", "A bit that is always the same tells nothing", self._from_entropy),
            ("Balance", "1 − |2p − 1|, p the share of ones", self._from_balance),
            ("Query's outputs", "|output|: bits that the network is sure of count more", self._from_outputs),
            ("First bits…", "A prefix of the code: the bits after it are left out", self._ask_for_first),
        ):
            menu.addAction(name, weigh).setToolTip(tip)
        menu.setToolTipsVisible(True)
        self.fill.setText("From")
        self.fill.setMenu(menu)
        self.fill.setToolTip("Take the weights from what is known of the bits")
        self.reset.setToolTip("All bits count alike, and the photos are ordered by Hamming distance again")
        self.load.setToolTip("Read a file with one number a line, one for each bit")
        self.save.setToolTip("Write one number a line, one for each bit")
        row = QHBoxLayout()
        row.setSpacing(4)
        for widget in (self.fill, self.reset, self.load, self.save):
            row.addWidget(widget)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.plot, stretch=1)
        layout.addLayout(row)

    def draw(
        self,
        bits: int,
        statistics: BitStatistics | None,
        *,
        bit: int | None,
        differing: tuple[int, ...],
        stale: bool,
    ) -> None:
        """Show the weights of `bits` bits; what is being dragged stays as it is."""
        if bits != self._bits:
            self._edited = None
        self._bits, self._statistics = bits, statistics
        self.plot.draw(self.weights, bit=bit, differing=differing, stale=stale)
        self.reset.setEnabled(self._chosen() is not None or self._edited is not None)

    @property
    def weights(self) -> NDArray[np.float64]:
        """(bits,) the weights as they are shown."""
        if self._edited is not None:
            return self._edited
        chosen = self._chosen()
        return self._model() if chosen is None else np.array(chosen.values)

    def describe(self, bit: int) -> str:
        """Such as "bit 17: weight 0.40"."""
        return f"bit {bit}: weight {self.weights[bit]:.2f}" if 0 <= bit < self._bits else ""

    def sentence(self) -> str:
        """What the weights are, and whether the photos follow them."""
        weights = self.weights
        changed, silent = int((np.abs(weights - self._model()) > 1e-9).sum()), int((weights == 0).sum())
        if not changed and own_weights(self.explorer):
            return "The bits count as the model weighs them. Drag over the bars to weigh them otherwise; the photos follow."
        if not changed:
            return "All bits count alike. Drag over the bars to weigh them; the photos follow."
        text = f"{counted(changed, 'bit')} weighed otherwise, {silent:,} of them left out"
        used = self.explorer.options.distance == "weighted"
        return text if used else f"{text}; not used: the photos are ordered by another distance"

    def forget(self) -> None:
        """Let the bits count as the model's, for most alike; what was ordered by weights is then ordered by Hamming distance."""
        self._resting.stop()
        self._edited = None
        self.explorer.weights = None
        if self.explorer.options.distance == "weighted" and not own_weights(self.explorer):
            self.explorer.options = replace(self.explorer.options, distance="hamming")

    def take(self, weights: NDArray[np.float64]) -> None:
        """Use other weights (bits,)."""
        self._edited = np.maximum(np.nan_to_num(weights.astype(np.float64)), 0.0)
        self._publish()

    def _model(self) -> NDArray[np.float64]:
        """(bits,) what each bit counts before anyone has weighed it."""
        own = own_weights(self.explorer)
        return np.array(own) if len(own) == self._bits else np.ones(self._bits)

    def _chosen(self) -> Weights | None:
        weights = self.explorer.weights
        fits = weights is not None and weights.codes == self.explorer.codes
        return weights if weights is not None and fits and len(weights.values) == self._bits else None

    def _on_weighed(self, bits: NDArray[np.int64], weights: NDArray[np.float64]) -> None:
        edited = self.weights.copy()
        edited[bits] = weights
        self._edited = edited
        self.explorer.bit = int(bits[-1])
        differing = tuple(self.plot.marks.places.astype(int).tolist())
        self.plot.draw(edited, bit=self.explorer.bit, differing=differing, stale=False)
        if not self._resting.isActive():  # a long drag is followed all along
            self._resting.start()

    def _publish(self) -> None:
        """Tell the explorer; the photos are asked for anew."""
        edited, codes = self._edited, self.explorer.codes
        self._edited = None
        if edited is None or codes is None or len(edited) != self._bits:
            return
        self.explorer.weights = Weights(codes, tuple(edited.tolist()))
        if self.explorer.options.distance != "weighted":
            self.explorer.options = replace(self.explorer.options, distance="weighted")

    def _from_entropy(self) -> None:
        if self._statistics is not None:
            self.take(self._statistics.entropy)

    def _from_balance(self) -> None:
        if self._statistics is not None:
            self.take(1 - np.abs(2 * self._statistics.balance - 1))

    def _from_outputs(self) -> None:
        query = self.explorer.query
        if query is None or query.outputs is None or len(query.outputs) != self._bits:
            self.explorer.failed.emit(
                "There are no outputs to weigh by: ask with a photo whose outputs are known."
            )
            return
        margins = np.abs(query.outputs.astype(np.float64))
        self.take(margins / max(float(np.median(margins)), 1e-9))

    def _ask_for_first(self) -> None:
        half = max(self._bits // 2, 1)
        count, chosen = QInputDialog.getInt(
            self, "First bits", f"How many of the {self._bits} bits count:", half, 1, max(self._bits, 1)
        )
        if chosen:
            self.take_first(count)

    def take_first(self, count: int) -> None:
        """Compare the first `count` bits only: photos are ordered as by the Hamming distance of that prefix."""
        self.take((np.arange(self._bits) < count).astype(np.float64))

    def _on_load(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Load weights", "", FILES)
        if chosen:
            self.read(Path(chosen))

    def read(self, file: Path) -> None:
        """Use the weights in a file."""
        work = partial(read_weights, file, bits=self._bits)
        self.tasks.run(FILE_TASK, work, on_done=lambda weights: self.take(np.array(weights)))

    def _on_save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Save weights", f"weights-{self._bits}.txt", FILES)
        if chosen:
            self.tasks.run(FILE_TASK, write_weights, Path(chosen), self.weights.tolist())
