"""File > Export results: which photos, in which format, where to."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from hashviewer.export import Format
from hashviewer.search import Matches

WIDTH = 560  # px


@dataclass(frozen=True, slots=True, eq=False)
class ResultPart:
    """A part of an answer that can be exported.

    Attributes:
        title: What the user reads.
        matches: The answer, narrowed to this part.
        k: Of how many neighbours; None for no limit.
        radius: Within which radius, bits; None for no limit.
    """

    title: str
    matches: Matches
    k: int | None = None
    radius: int | None = None


def parts_of(matches: Matches, *, k: int, radius: int, selected: tuple[int, ...]) -> list[ResultPart]:
    """What can be exported of an answer: within the radius, the neighbours shown, the selected."""
    inside = matches.distances <= radius
    parts = [
        ResultPart(f"{len(matches.rows):,} neighbours shown", matches, k=k),
        ResultPart(
            f"{int(inside.sum()):,} of them within radius {radius}", _narrowed(matches, inside), k, radius
        ),
    ]
    chosen = _selected(matches, selected)
    if len(chosen.rows):
        parts.append(ResultPart(f"{len(chosen.rows):,} selected", chosen))
    return parts


def _narrowed(matches: Matches, keep: NDArray[np.bool_]) -> Matches:
    scores = None if matches.scores is None else matches.scores[keep]
    return replace(matches, rows=matches.rows[keep], distances=matches.distances[keep], scores=scores)


def _selected(matches: Matches, selected: tuple[int, ...]) -> Matches:
    rows = np.array(selected, dtype=np.int64)
    rows = rows[rows < len(matches.all_distances)]
    rows = rows[matches.all_distances[rows] <= matches.bits]  # the others were left out of the search
    distances = matches.all_distances[rows].astype(np.int32)
    scores = None if matches.all_scores is None else matches.all_scores[rows]
    order = np.argsort(distances if scores is None else scores, kind="stable")
    return replace(
        matches,
        rows=rows[order],
        distances=distances[order],
        reranked=0,
        scores=None if scores is None else scores[order],
    )


class ExportDialog(QDialog):
    """Asks what to export.

    Signals:
        chosen: The part, the format and the output's path.
    """

    chosen = Signal(object, str, object)

    def __init__(self, parent: QWidget | None, parts: list[ResultPart], *, folder: Path, name: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export results")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(WIDTH)
        self._folder, self._name = folder, name
        self._parts = parts
        self.part = QComboBox()
        for part in parts:
            self.part.addItem(part.title)
        self.format = QComboBox()
        for format in Format:
            self.format.addItem(format.title, format.value)
        self.output = QLineEdit()
        self.notice = QLabel(wordWrap=True)
        self.notice.setObjectName("muted")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self._build()
        self.format.currentIndexChanged.connect(self._propose)
        self.output.textChanged.connect(self._check)
        self.buttons.accepted.connect(self._on_export)
        self.buttons.rejected.connect(self.reject)
        self._propose()

    def _build(self) -> None:
        choose = QPushButton("Choose…", autoDefault=False)
        choose.clicked.connect(self._choose)
        place = QHBoxLayout()
        place.addWidget(self.output)
        place.addWidget(choose)
        form = QFormLayout()
        form.addRow("&Photos", self.part)
        form.addRow("&Format", self.format)
        form.addRow("To", place)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.notice)
        layout.addWidget(self.buttons)

    def _propose(self) -> None:
        suffix = Format(self.format.currentData()).suffix
        path = self._folder / f"{self._name}{suffix}"
        number = 2
        while path.exists():
            path = self._folder / f"{self._name}-{number}{suffix}"
            number += 1
        self.output.setText(str(path))

    def _check(self) -> None:
        text = self.output.text().strip()
        exists = bool(text) and Path(text).exists()
        self.export.setEnabled(bool(text) and not exists)
        self.notice.setText(
            "There is something of that name; nothing is overwritten. Choose another name."
            if exists
            else "The export states its origin: model, query, distance, radius. Nothing else is written."
        )

    def _choose(self) -> None:
        text, _ = QFileDialog.getSaveFileName(self, "Export results to", self.output.text())
        if text:
            self.output.setText(text)

    def _on_export(self) -> None:
        part = self._parts[self.part.currentIndex()]
        self.chosen.emit(part, self.format.currentData(), Path(self.output.text().strip()).absolute())
        self.accept()
